/** What columns, values and classes are called on the page: by their readable names, where the model has some. */
import { columnLabel, type Labels, valueLabel, withOwn } from '../data/readable.ts'
import { cellText } from '../plots/numbers.ts'
import type { Cell, PageCard } from './wire.ts'

/** Those of the one model that the page shows. */
let known: { readonly labels: Labels | undefined; readonly target: string } = {
  labels: undefined,
  target: '',
}

/** Notes the names of the model, before anything of it is shown. */
export function takeNames({ labels, target }: Pick<PageCard, 'labels' | 'target'>): void {
  known = { labels, target }
}

/** Returns what a column is called. */
export function nameOf(column: string): string {
  return columnLabel(known.labels, column)
}

/** Returns what a column is called, with its name in requests. */
export function nameWithOwn(column: string): string {
  return withOwn(nameOf(column), column)
}

/** Returns what a value is called, with what requests have. */
export function valueWithOwn(column: string, value: string | number): string {
  return withOwn(textOf(column, value), cellText(value))
}

/** Returns a cell of a column as text. */
export function textOf(column: string, cell: Cell | undefined): string {
  return valueLabel(known.labels, column, cell ?? null) ?? cellText(cell)
}

/** Returns what a class is called. */
export function classOf(name: string | number): string {
  return valueLabel(known.labels, known.target, name) ?? String(name)
}

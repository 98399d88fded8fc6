/** Global importance as people read it: columns, and the values that push, in readable names. */
import { columnLabel, type Labels, valueLabel } from '../data/readable.ts'
import type { ImportanceEntry } from './shap-importance.ts'
import type { TrainReport } from './train-report.ts'

/** A column's weight with what the column is called. */
export type LabelledImportance = ImportanceEntry & { readonly name: string }

/** Returns a report's importance, in its order; of a wide model the first entries, where no more are shown. */
export function labelImportance(
  { artifact: { labels, preprocessor }, importance }: Pick<TrainReport, 'artifact' | 'importance'>,
  most = importance.length,
): readonly LabelledImportance[] {
  const shown = importance.slice(0, most)
  if (!labels) return shown.map((entry) => ({ ...entry, name: entry.column }))
  const derived = new Map<string, string[]>()
  for (const { column, from } of preprocessor.derived) {
    const own = derived.get(from)
    if (own) own.push(column)
    else derived.set(from, [column])
  }
  return shown.map((entry) => ({
    ...entry,
    name: columnLabel(labels, entry.column),
    direction: labelDirection(entry, derived.get(entry.column) ?? [], labels),
  }))
}

/** A direction names a value, behind the name of the derived column that it is of, and where it pushes. */
function labelDirection(
  { column, direction }: ImportanceEntry,
  derived: readonly string[],
  labels: Labels,
): string {
  const [, value = '', way = ''] = /^(.*)( (?:up|down))$/.exec(direction) ?? []
  const label = valueLabel(labels, column, value)
  if (label !== undefined) return `${label}${way}`
  const source = derived.find((name) => value.startsWith(`${name} `))
  if (source === undefined) return direction
  const own = value.slice(source.length + 1)
  return `${columnLabel(labels, source)} ${valueLabel(labels, source, own) ?? own}${way}`
}

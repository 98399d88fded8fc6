/** Readable names of columns and values: what people are shown in the place of what data are called. */
import type { Cell } from './frame.ts'
import type { JsonReader } from './json-fields.ts'

/** By the names that data have; numbers by their text. Of the target the values are the classes. */
export interface Labels {
  readonly columns: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Returns what a column is called for people; its name where nothing else is said. */
export function columnLabel(labels: Labels | undefined, column: string): string {
  return labels && Object.hasOwn(labels.columns, column) ? labels.columns[column]! : column
}

/** Returns the label of a column's value; undefined where it has none. */
export function valueLabel(
  labels: Labels | undefined,
  column: string,
  cell: Cell,
): string | undefined {
  if (!labels || cell === null || !Object.hasOwn(labels.values, column)) return undefined
  const own = labels.values[column]!
  return Object.hasOwn(own, String(cell)) ? own[String(cell)] : undefined
}

/** Returns a cell as people read it: its label, or itself. */
export function cellLabel(labels: Labels | undefined, column: string, cell: Cell): Cell {
  return valueLabel(labels, column, cell) ?? cell
}

/** Returns a label with what data and requests have in its place, for those who send them: `Ticket class (Pclass)`. */
export function withOwn(label: string, own: string): string {
  return label === own ? own : `${label} (${own})`
}

/** Returns a class as people read it. */
export function classLabel(labels: Labels | undefined, target: string, name: string): string {
  return valueLabel(labels, target, name) ?? name
}

/** Returns labels of which some stand over others: those of one column or of one value in the place of its own. */
export function overlayLabels(under: Labels | undefined, over: Labels): Labels {
  const columns = [...Object.keys(under?.values ?? {}), ...Object.keys(over.values)]
  const valuesOf = (labels: Labels | undefined, column: string) =>
    labels && Object.hasOwn(labels.values, column) ? labels.values[column]! : {}
  return {
    columns: { ...under?.columns, ...over.columns },
    values: Object.fromEntries(
      [...new Set(columns)].map((column) => [
        column,
        { ...valuesOf(under, column), ...valuesOf(over, column) },
      ]),
    ),
  }
}

/** Returns stored labels; throws what the reader throws. */
export function readLabels(value: unknown, reader: JsonReader, where: string): Labels {
  const object = reader.object(value, where, ['columns', 'values'])
  const values = reader.object(object.get('values') ?? {}, `${where}.values`)
  return {
    columns: reader.textMap(object.get('columns') ?? {}, `${where}.columns`),
    values: Object.fromEntries(
      [...values].map(([column, own]) => [
        column,
        reader.textMap(own, `${where}.values.${column}`),
      ]),
    ),
  }
}

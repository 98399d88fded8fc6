/** A row as a form has it, and as a request does. */
import type { Cell, PageColumn } from './wire.ts'

/** Text of every field by its column; empty = missing. */
export type Fields = Readonly<Record<string, string>>
export type Row = Readonly<Record<string, Cell>>

/** Returns a row as the texts of its fields. */
export function fieldsOf(columns: readonly PageColumn[], row: Row): Fields {
  return Object.fromEntries(columns.map(({ name }) => [name, textOf(ownCell(row, name))]))
}

/** Returns the row that fields say, and what is wrong with them by their columns. */
export function readFields(
  columns: readonly PageColumn[],
  fields: Fields,
): { readonly row: Row; readonly problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>()
  const cells = columns.map((column) => {
    const { name } = column
    const text = fields[name] ?? ''
    const cell = readCell(column, text)
    if (cell === null && !column.nullable) problems.set(name, 'A value is needed.')
    if (cell === undefined) problems.set(name, 'This is not a number.')
    return [name, cell ?? null] as const
  })
  return { row: Object.fromEntries(cells), problems }
}

/** Returns a field's cell; undefined for a text that is no number where one is needed. */
function readCell({ type, categories }: PageColumn, text: string): Cell | undefined {
  if (text === '') return null
  const known = categories?.find((category) => String(category) === text)
  if (known !== undefined) return known
  if (type === 'text') return text
  const trimmed = text.trim()
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** Returns the columns in which two rows differ. */
export function changedColumns(
  columns: readonly PageColumn[],
  before: Row,
  after: Row,
): readonly PageColumn[] {
  return columns.filter(({ name }) => ownCell(before, name) !== ownCell(after, name))
}

/** Returns cells in the order of the columns as a row. */
export function rowOfCells(columns: readonly PageColumn[], cells: readonly Cell[]): Row {
  return Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] ?? null]))
}

/**
 * Returns a row of the stored sample as a row that can be asked. A text without categories is only known by what the
 * model reads in it: it becomes one that is read alike where there is one, and otherwise stays as it is; the same holds
 * for what a row may not have.
 */
export function rowOfSample(
  columns: readonly PageColumn[],
  cells: readonly Cell[],
  current: Row,
  textOf: (column: string) => string | null | undefined = () => undefined,
): Row {
  return Object.fromEntries(
    columns.map((column, i) => {
      const text = isFreeText(column) ? textOf(column.name) : undefined
      if (typeof text === 'string') return [column.name, text]
      const cell = cells[i] ?? null
      const keeps = isFreeText(column) || (cell === null && !column.nullable)
      return [column.name, keeps ? ownCell(current, column.name) : cell]
    }),
  )
}

/** Whether a column holds texts of any kind. */
export function isFreeText({ type, categories }: PageColumn): boolean {
  return type === 'text' && categories === undefined
}

/**
 * Returns the fields of a pasted row: a JSON object, or CSV with a header or with the model's columns in their order;
 * columns that it does not name stay as they are.
 * @throws Error that says what is wrong with the text
 */
export function readPasted(columns: readonly PageColumn[], text: string, current: Fields): Fields {
  const row = /^\s*[[{]/.test(text) ? readObject(text) : readLine(columns, text)
  const known = columns.filter(({ name }) => Object.hasOwn(row, name))
  if (known.length === 0) throw new Error('None of its names is a column of the model.')
  const texts = known.map(({ name }) => [name, textOf(row[name])] as const)
  return { ...current, ...Object.fromEntries(texts) }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('This is not JSON.')
  }
  const row = Array.isArray(value) ? value[0] : value
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new Error('Paste one row as a JSON object, or as CSV.')
  return row
}

/** The first row of CSV, by its header where the first line has names of columns. */
function readLine(columns: readonly PageColumn[], text: string): Readonly<Record<string, string>> {
  const [first = [], second] = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map(splitLine)
  const names = columns.map(({ name }) => name)
  const isHeader = second !== undefined && first.some((name) => names.includes(name))
  const [header, cells] = isHeader ? [first, second] : [names, first]
  if (cells.length !== header.length)
    throw new Error(
      isHeader
        ? `The row has ${cells.length} fields, its header ${header.length}.`
        : `Paste one row as a JSON object, or as CSV: this has ${cells.length} fields, the model ${header.length} columns.`,
    )
  return Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']))
}

/** Fields between commas, quoted ones without their quotes; one that holds a line end is not pasted into a form. */
function splitLine(line: string): string[] {
  return Array.from(`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"'),
  )
}

/** A column may have the name of something that every object has. */
function ownCell(row: Row, name: string): Cell {
  return Object.hasOwn(row, name) ? (row[name] ?? null) : null
}

function textOf(cell: unknown): string {
  return cell === null || cell === undefined ? '' : String(cell)
}

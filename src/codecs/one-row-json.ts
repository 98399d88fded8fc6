/** One row of a JSON body straight to its cells, in the usual forms; whatever is unusual is left to the general way. */
import { cellOfValue } from '../data/cell.ts'
import type { Cell } from '../data/frame.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { Dialect } from './codec.ts'
import { BESIDE_KEYS, FORM_KEYS } from './json-forms.ts'
import { missing } from './rows.ts'

/** A row as it was read. */
export interface ReadRow {
  /** In the order of the inputs, null = missing. */
  readonly cells: readonly Cell[]
  readonly dialect: Dialect
}

/** Returns the one row of a body, or undefined where it is not sure what the general way would make of it. */
export type RowReader = (text: string) => ReadRow | undefined

/** Keys that mean something else than a column; a model with such a column is asked in the general way. */
const RESERVED: ReadonlySet<string> = new Set([
  ...FORM_KEYS,
  ...BESIDE_KEYS,
  ...['columns', 'data', 'features'],
])

/** So is a column whose name begins with such a key and a point: an object under it holds columns. */
function isReserved(name: string): boolean {
  const point = name.indexOf('.')
  return (
    RESERVED.has(name) ||
    name in Object.prototype ||
    (point > 0 && RESERVED.has(name.slice(0, point)))
  )
}

/** What JSON.parse alone does not see: keys that name a prototype, and whole numbers beyond what a double holds. */
const DOUBTFUL = /__proto__|constructor|\\u00[0-7]|[^.\d]\d{16}/

type Json = Readonly<Record<string, unknown>>

/** Returns the reader of a model's rows; what it throws is for the general way to say. */
export function compileJsonRow(inputs: readonly InputColumn[]): RowReader | undefined {
  // A model of one column may get its values bare, one of none nothing.
  if (inputs.length < 2 || inputs.some(({ name }) => isReserved(name))) return undefined
  const names = inputs.map(({ name }) => name)

  const cellsOfObject = (object: Json): Cell[] | undefined => {
    const cells = new Array<Cell>(inputs.length)
    let found = 0
    for (let j = 0; j < inputs.length; j++) {
      const value = object[names[j]!]
      if (value === undefined) {
        cells[j] = missing(inputs[j]!, 1)
        continue
      }
      cells[j] = cellOf(inputs[j]!, value)
      found++
    }
    // Another key may be a column under another name, or is to be warned of.
    for (const _ in object) found--
    return found === 0 ? cells : undefined
  }
  const cellsOfList = (list: readonly unknown[]): Cell[] | undefined =>
    list.length === inputs.length ? inputs.map((input, j) => cellOf(input, list[j])) : undefined
  const cellsOf = (row: unknown): Cell[] | undefined => {
    if (row === null || typeof row !== 'object') return undefined
    return Array.isArray(row) ? cellsOfList(row) : cellsOfObject(row as Json)
  }
  const cellsOfOne = (rows: unknown): Cell[] | undefined =>
    Array.isArray(rows) && rows.length === 1 ? cellsOf(rows[0]) : undefined

  /** pandas' split form. Columns are few: each is looked for among the names. */
  const cellsOfSplit = (split: unknown): Cell[] | undefined => {
    if (split === null || typeof split !== 'object') return undefined
    const { columns, data } = split as Json
    if (!Array.isArray(columns) || !Array.isArray(data) || data.length !== 1) return undefined
    const [row] = data as unknown[]
    if (!Array.isArray(row) || row.length !== names.length || columns.length !== names.length)
      return undefined
    const cells = new Array<Cell>(names.length)
    for (let j = 0; j < names.length; j++) {
      const at = columns[j] === names[j] ? j : columns.indexOf(names[j])
      if (at < 0) return undefined
      cells[j] = cellOf(inputs[j]!, row[at])
    }
    return cells
  }
  /** TensorFlow's column form, or rows as a list. */
  const cellsOfInputs = (value: unknown): Cell[] | undefined => {
    if (Array.isArray(value)) return cellsOfOne(value)
    if (value === null || typeof value !== 'object') return undefined
    const row: Record<string, unknown> = {}
    const sent = Object.keys(value)
    // Without columns there are no rows.
    if (sent.length === 0) return undefined
    for (const name of sent) {
      const cells = (value as Json)[name]
      if (!Array.isArray(cells) || cells.length !== 1) return undefined
      row[name] = cells[0]
    }
    return cellsOfObject(row)
  }
  /** What may stand around a row, and the dialect of its answer. */
  const forms = new Map<string, readonly [Dialect, (value: unknown) => Cell[] | undefined]>([
    ['instances', ['predictions', cellsOfOne]],
    ['dataframe_records', ['values', cellsOfOne]],
    ['dataframe_split', ['values', cellsOfSplit]],
    ['inputs', ['values', cellsOfInputs]],
  ])

  return (text) => {
    if (DOUBTFUL.test(text)) return undefined
    const body: unknown = JSON.parse(text)
    if (body === null || typeof body !== 'object' || Array.isArray(body)) return undefined
    let first: string | undefined
    let count = 0
    for (const key in body) {
      first ??= key
      count++
    }
    if (first === undefined) return undefined
    const form = count === 1 ? forms.get(first) : undefined
    const dialect = form ? form[0] : 'predictions'
    const cells = form ? form[1]((body as Json)[first]) : cellsOfObject(body as Json)
    return cells && { cells, dialect }
  }
}

function cellOf(input: InputColumn, value: unknown): Cell {
  return cellOfValue(input, value, 1) ?? missing(input, 1)
}

/** The bodies that JSON clients send around their rows: SageMaker's, MLflow's, TensorFlow's, bare lists. */

import { checkHeader } from '../data/csv.ts'
import { didYouMean, InputError, placed, quote } from '../errors.ts'
import type { DecodeContext, Dialect } from './codec.ts'
import { isListRow, SHAPES } from './instances.ts'
import { holdsColumns } from './nested-members.ts'
import { checkRowCount } from './rows.ts'

/** Rows as they stood in a body. */
export interface Form {
  readonly rows: readonly unknown[]
  readonly dialect: Dialect
  readonly parameters: ReadonlyMap<string, unknown>
}

type Body = Readonly<Record<string, unknown>>

/** What may stand around rows; MLflow asks for exactly one of them. */
const forms: Readonly<
  Record<
    string,
    (value: unknown, context: DecodeContext) => { rows: readonly unknown[]; dialect: Dialect }
  >
> = {
  instances: (value) => ({ rows: readList(value, 'instances'), dialect: 'predictions' }),
  dataframe_records: (value) => ({ rows: readList(value, 'dataframe_records'), dialect: 'values' }),
  dataframe_split: (value) => ({ rows: readSplit(value, '"dataframe_split"'), dialect: 'values' }),
  inputs: (value, context) => ({ rows: readInputs(value, context), dialect: 'values' }),
}

/** Keys of what holds rows; a column of such a name makes a body a row. */
export const FORM_KEYS: readonly string[] = Object.keys(forms)

const PARAMETER_KEYS = ['parameters', 'params']
/** Keys that may stand beside the rows. TensorFlow's clients name what is to be run; here it is one thing. */
export const BESIDE_KEYS: readonly string[] = [...PARAMETER_KEYS, 'signature_name']

/**
 * Returns the rows of a parsed JSON body.
 * @throws InputError `invalid_shape` naming what is accepted
 */
export function readForm(value: unknown, context: DecodeContext): Form {
  if (Array.isArray(value)) {
    if (isOneRow(value, context)) return { rows: [value], dialect: 'labels', parameters: new Map() }
    const isLists = value.length === 0 || Array.isArray(value[0])
    return { rows: value, dialect: isLists ? 'labels' : 'predictions', parameters: new Map() }
  }
  if (value === null || typeof value !== 'object') {
    throw new InputError('invalid_shape', `${quote(value)} holds no rows; ${SHAPES}`)
  }
  const body = value as Body
  const isColumn = (key: string) =>
    context.inputs.some(({ name }) => name === key) || holdsColumns(context, key, body[key])
  const [name, second] = Object.keys(body).filter(
    (key) => Object.hasOwn(forms, key) && !isColumn(key),
  )
  if (Object.keys(body).length === 0)
    throw new InputError('invalid_shape', `{} holds no rows; ${SHAPES}`)
  if (name === undefined) {
    // What pandas writes by itself, and what MLflow read before its version 2.
    const isSplit = Object.hasOwn(body, 'columns') && Object.hasOwn(body, 'data')
    if (!isSplit || hasColumn(body, context))
      return { rows: [body], dialect: 'predictions', parameters: new Map() }
    const parameters = readBeside(body, ['columns', 'data'], true)
    return {
      rows: readSplit(body, 'a table of "columns" and "data"'),
      dialect: 'values',
      parameters,
    }
  }
  if (second !== undefined) {
    throw new InputError(
      'invalid_shape',
      `the body has both ${quote(name)} and ${quote(second)}; send one of them`,
    )
  }
  const parameters = readBeside(body, [name], name.startsWith('dataframe_'))
  return { ...(forms[name] as (typeof forms)[string])(body[name], context), parameters }
}

/** Whether a member is a column, or holds some; a lookup for each of thousands of columns and of members. */
function hasColumn(body: Body, context: DecodeContext): boolean {
  return (
    context.inputs.some(({ name }) => Object.hasOwn(body, name)) ||
    Object.keys(body).some((key) => holdsColumns(context, key, body[key]))
  )
}

/**
 * Returns the parameters beside rows.
 * @param allowsAny whether other keys are ignored, as MLflow does beside its frames; one like "parameters" never is
 */
function readBeside(
  body: Body,
  names: readonly string[],
  allowsAny: boolean,
): ReadonlyMap<string, unknown> {
  for (const key of Object.keys(body)) {
    if (names.includes(key) || BESIDE_KEYS.includes(key)) continue
    const hint = didYouMean(key, PARAMETER_KEYS)
    if (allowsAny && hint === '') continue
    throw new InputError(
      'invalid_shape',
      `beside ${names.map((name) => quote(name)).join(' and ')} only "parameters" may stand, not ${quote(key)}${hint}`,
    )
  }
  return readParameters(body.parameters ?? body.params)
}

/** As many values as there are columns are one row, as in npy; of a model of one column they are its rows. */
function isOneRow(list: readonly unknown[], { inputs }: DecodeContext): boolean {
  const isValue = (item: unknown) => item === null || typeof item !== 'object'
  return inputs.length > 1 && list.length === inputs.length && list.every(isValue)
}

/** Whether the rows are lists; all of them must be what the first is. */
export function areLists(rows: readonly unknown[], context: DecodeContext): boolean {
  return rows.length > 0 && isListRow(rows[0], context)
}

function readList(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new InputError('invalid_shape', `${quote(name)} must be a list; ${SHAPES}`)
}

/** pandas' split form: `{"columns": […], "data": [[…], …]}`; an index is ignored. */
function readSplit(value: unknown, where: string): readonly unknown[] {
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown }
  if (!Array.isArray(data) || (columns !== undefined && !isTexts(columns))) {
    throw new InputError(
      'invalid_shape',
      `${where} must have "columns", a list of names, and "data", a list of lists`,
    )
  }
  if (columns === undefined) return data
  checkHeader(columns)
  return data.map((row: unknown, i) => {
    if (!Array.isArray(row) || row.length !== columns.length) {
      const width = Array.isArray(row) ? `${row.length} values` : 'no list'
      throw new InputError(
        'ragged_row',
        placed`${{ row: i + 1 }} has ${width}, "columns" has ${columns.length} names`,
      )
    }
    return Object.fromEntries(columns.map((name, j) => [name, row[j]]))
  })
}

/** TensorFlow's column form, `{"a": [1, 2], "b": [3, 4]}`, or rows as a list. */
function readInputs(value: unknown, context: DecodeContext): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value === null || typeof value !== 'object') {
    throw new InputError(
      'invalid_shape',
      '"inputs" must be a list of rows, or an object with a list per column',
    )
  }
  const columns = Object.entries(value).map(([name, cells]) => {
    if (!Array.isArray(cells))
      throw new InputError('invalid_shape', `"inputs": column ${quote(name)} is not a list`, [
        { column: name },
      ])
    return [name, cells] as const
  })
  const length = columns[0]?.[1].length ?? 0
  const other = columns.find(([, cells]) => cells.length !== length)
  if (other) {
    throw new InputError(
      'ragged_row',
      `"inputs": column ${quote(other[0])} has ${other[1].length} values, the first has ${length}`,
      [{ column: other[0] }],
    )
  }
  checkRowCount(length, context)
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(columns.map(([name, cells]) => [name, cells[row] as unknown])),
  )
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function readParameters(value: unknown): ReadonlyMap<string, unknown> {
  if (value === undefined || value === null) return new Map()
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', '"parameters" must be an object')
  }
  return new Map(Object.entries(value))
}

/** JSON objects as rows of a table, and the typed cells of files whose values have types. */

import { parseKeepingIntegers } from '../../data/json-integers.ts'
import { checkFinite, isMissingText } from '../../data/number.ts'
import { withoutPythonLiterals } from '../../data/python-json.ts'
import { normalText } from '../../data/text.ts'
import { InputError, quote } from '../../errors.ts'
import type { ColumnBuilder } from './column-builder.ts'
import type { TableFile } from './table-builder.ts'

/** Objects in objects in objects beyond this are no table. */
const MAX_DEPTH = 32

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Adds objects to a table, one a row. */
export interface ObjectReader {
  /**
   * @param text the object
   * @param at its line, or which one of a list it is, from 1
   * @throws InputError naming the place
   */
  add(text: string, at: number): void
}

/**
 * Returns a reader of objects: columns in order of first appearance, absent keys missing; the keys of an object in an
 * object stand behind its own and a point.
 * @param what the place of an object is called
 */
export function createObjectReader(file: TableFile, what: 'line' | 'object'): ObjectReader {
  const columns = new Map<string, JsonColumn>()

  /** Keys of one normal form are one column. */
  const addColumn = (key: string): JsonColumn => {
    const name = normalText(key.trim())
    if (name === '')
      throw new InputError('empty_column_name', `the key of column ${columns.size + 1} has no name`)
    const column = columns.get(name) ?? {
      name,
      builder: file.column(name),
      type: undefined,
      row: 0,
      what,
    }
    columns.set(name, column)
    columns.set(key, column)
    return column
  }
  const addMember = (key: string, value: unknown, at: number, depth: number) => {
    // An empty object says nothing of a column.
    if (isObject(value) && Object.keys(value).length > 0) {
      if (depth === MAX_DEPTH)
        throw new InputError('json_too_deep', `${what} ${at} is nested too deep`, [{ row: at }])
      for (const [name, inner] of Object.entries(value))
        addMember(`${key}.${name}`, inner, at, depth + 1)
      return
    }
    const column = columns.get(key) ?? addColumn(key)
    if (column.row === at)
      throw new InputError(
        'duplicate_column',
        `${what} ${at} names column ${quote(column.name)} twice`,
        [{ row: at, column: column.name }],
      )
    column.row = at
    addCell(column, value, at)
  }
  return {
    add(text, at) {
      for (const [name, value] of Object.entries(parseObject(text, what, at)))
        addMember(name, value, at, 1)
      file.padRow()
    },
  }
}

/** A column of typed cells; the first one says of which type. */
export interface JsonColumn {
  readonly name: string
  readonly builder: ColumnBuilder | undefined
  type: string | undefined
  /** The row of its last cell. */
  row: number
  /** What a row is called. */
  readonly what: 'row' | 'line' | 'object'
}

/** Whether a value means nothing, in a column of any type: as in CSV, some texts do. */
function isMissing(value: unknown): boolean {
  if (typeof value === 'string') return isMissingText(value.trim())
  return value === null || value === undefined
}

/**
 * Adds a cell of a typed file: a number, a text or a boolean; null and the texts that stand for it are missing. Whole
 * numbers whose digits a double does not keep are bigints; what no double holds is a text.
 * @throws InputError `invalid_text` for another type than before, `non_finite`
 */
export function addCell(column: JsonColumn, value: unknown, row: number): void {
  const { name, builder } = column
  if (isMissing(value)) {
    builder?.addMissing()
    return
  }
  const type = typeof value === 'bigint' ? 'number' : typeof value
  column.type ??= type
  if (type === 'object' || type !== column.type) {
    const found = type === 'object' ? 'a list or an object' : `${column.type} and ${type}`
    throw new InputError(
      'invalid_text',
      `column ${quote(name)} holds ${found}, at ${column.what} ${row} ${quote(value)}; one type is needed`,
      [{ row, column: name }],
    )
  }
  // Its digits are needed among texts only.
  const isExact = typeof value === 'bigint' && BigInt(Number(value)) === value
  if (typeof value === 'number' || (isExact && builder?.state === 'number')) {
    builder?.addNumber(checkFinite(Number(value), value, { row, column: name }))
    return
  }
  const text = String(value)
  if (/\p{Surrogate}/u.test(text))
    throw new InputError(
      'invalid_text',
      `row ${row}, column ${quote(name)}: ${quote(text)} is half a character`,
      [{ row, column: name }],
    )
  builder?.addText(text)
}

/** Returns the value of a JSON text, undefined for any other text. */
function parseJson(text: string): unknown {
  try {
    return parseKeepingIntegers(text, JSON.parse)
  } catch {
    return undefined
  }
}

function parseObject(text: string, what: string, row: number): Record<string, unknown> {
  let value = parseJson(text)
  if (value === undefined) value = parseJson(withoutPythonLiterals(text) ?? '')
  if (value === undefined)
    throw new InputError('invalid_json', `${what} ${row} is not JSON: ${quote(text)}`, [{ row }])
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', `${what} ${row} is not a JSON object`, [{ row }])
  }
  return value as Record<string, unknown>
}

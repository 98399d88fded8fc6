/** JSON Lines files into a table, piece by piece. */

import { parseKeepingIntegers } from '../../data/json-integers.ts'
import { checkFinite, isMissingText } from '../../data/number.ts'
import { withoutPythonLiterals } from '../../data/python-json.ts'
import { normalText } from '../../data/text.ts'
import { createUtf8Checker } from '../../data/utf8.ts'
import { InputError, quote } from '../../errors.ts'
import type { ColumnBuilder } from './column-builder.ts'
import type { TableReader } from './csv.ts'
import type { TableFile } from './table-builder.ts'

/** Longest line, in bytes. */
const MAX_LINE = 2 ** 28

/**
 * Returns a reader of JSON Lines: one flat object a line, columns in order of first appearance, absent keys missing.
 * Booleans become the texts "true" and "false"; a column has one type.
 */
export function createJsonLinesReader(file: TableFile): TableReader {
  const checker = createUtf8Checker()
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const columns = new Map<string, JsonColumn>()
  let pending = new Uint8Array(0)
  let length = 0
  let line = 0
  let blankLine = 0

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
    }
    columns.set(name, column)
    columns.set(key, column)
    return column
  }
  const addLine = (bytes: Uint8Array) => {
    line++
    let text = decoder.decode(bytes)
    if (line === 1 && text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    if (text.trim() === '') {
      // It may be one of those that end a file.
      if (blankLine === 0) blankLine = line
      return
    }
    if (blankLine > 0)
      throw new InputError('blank_row', `line ${blankLine} is empty`, [{ row: blankLine }])
    for (const [name, value] of Object.entries(parseLine(text, line))) {
      const column = columns.get(name) ?? addColumn(name)
      if (column.row === line)
        throw new InputError(
          'duplicate_column',
          `line ${line} names column ${quote(column.name)} twice`,
          [{ row: line, column: column.name }],
        )
      column.row = line
      addCell(column, value, line)
    }
    file.padRow()
  }

  return {
    write(piece) {
      checker.check(piece)
      let from = 0
      for (;;) {
        const end = piece.indexOf(0x0a, from)
        if (end < 0) break
        if (length > 0) {
          append(piece.subarray(from, end))
          addLine(pending.subarray(0, length))
          length = 0
        } else addLine(piece.subarray(from, end))
        from = end + 1
      }
      append(piece.subarray(from))
    },
    end() {
      checker.end()
      if (length > 0) addLine(pending.subarray(0, length))
      file.end()
    },
  }

  function append(bytes: Uint8Array): void {
    if (length + bytes.length > MAX_LINE)
      throw new InputError('too_large', `line ${line + 1} is longer than ${MAX_LINE} bytes`, [
        { row: line + 1 },
      ])
    if (length + bytes.length > pending.length) {
      const larger = new Uint8Array(Math.max(length + bytes.length, pending.length * 2))
      larger.set(pending.subarray(0, length))
      pending = larger
    }
    pending.set(bytes, length)
    length += bytes.length
  }
}

/** A column of typed cells; the first one says of which type. */
export interface JsonColumn {
  readonly name: string
  readonly builder: ColumnBuilder | undefined
  type: string | undefined
  /** The row of its last cell. */
  row: number
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
      `column ${quote(name)} holds ${found}; one type is needed`,
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

function parseLine(line: string, row: number): Record<string, unknown> {
  let value = parseJson(line)
  if (value === undefined) value = parseJson(withoutPythonLiterals(line) ?? '')
  if (value === undefined)
    throw new InputError('invalid_json', `line ${row} is not JSON: ${quote(line)}`, [{ row }])
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', `line ${row} is not a JSON object`, [{ row }])
  }
  return value as Record<string, unknown>
}

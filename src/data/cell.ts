/**
 * What a cell means, whatever the format it came in. Training and serving share this table:
 *
 * | written                         | number column | text column    | boolean column  | integer column |
 * |---------------------------------|---------------|----------------|-----------------|----------------|
 * | nothing, null, NaN, NA and such | missing       | missing        | missing         | missing        |
 * | the same as typed texts, blanks | refused       | missing        | missing         | missing        |
 * | a finite number                 | the number    | refused        | 0 false, 1 true | its digits     |
 * | a whole number no double holds  | nearest double| refused        | refused         | its digits     |
 * | true, false                     | 1, 0 (*)      | "true", "false"| "true", "false" | "true", "false"|
 * | a text                          | refused       | the text       | true, True, TRUE are "true", likewise false | the text |
 *
 * (*) where training saw nothing but 0 and 1; elsewhere they are refused.
 *
 * A column that held a whole number no double holds is no number column after training, but one of texts.
 *
 * Where a column has rules of how it is written ({@link Written}), they say first what its texts mean, in every format.
 *
 * CSV has texts only: there a decimal is a number, and every text means what it is for its column. Texts are in their
 * normal form ({@link normalText}), those of a moment in its one form ({@link momentText}).
 */
import { InputError, type Place, placed, quote } from '../errors.ts'
import type { Cell } from './frame.ts'
import { momentText } from './moment.ts'
import { checkFinite, isDecimal, isMissingText, notANumber } from './number.ts'
import { showFormat } from './number-text.ts'
import { describeSpan } from './span-text.ts'
import { normalText } from './text.ts'
import { cellOfWritten, type Written } from './written.ts'

/** What the cells of a column are: numbers, texts, the texts true and false, or texts of whole numbers. */
export type CellKind = 'number' | 'text' | 'boolean' | 'integer'

/** What a column's meaning of its cells depends on. */
export interface CellColumn {
  readonly name: string
  readonly type: 'number' | 'text'
  /** What all texts of a text column are; absent = any texts. */
  readonly texts?: 'boolean' | 'integer'
  /** Whether texts are taken as they were sent, not in their normal form. */
  readonly raw?: boolean
  /** How its cells are written, where that is not the usual way. */
  readonly written?: Written
  /** The numbers that training saw. */
  readonly range?: { readonly minimum: number; readonly maximum: number; readonly integer: boolean }
}

/** Whether a number column has truth values, written as 0 and 1. */
function holdsTruths({ range }: CellColumn): boolean {
  return range?.integer === true && range.minimum >= 0 && range.maximum <= 1
}

const TRUTHS: ReadonlyMap<string, 'true' | 'false'> = new Map([
  ['true', 'true'],
  ['True', 'true'],
  ['TRUE', 'true'],
  ['false', 'false'],
  ['False', 'false'],
  ['FALSE', 'false'],
])

/** Returns `true` or `false` where a text spells one of them, as JSON, Python, R and spreadsheets do. */
export function truthOf(text: string): 'true' | 'false' | undefined {
  return TRUTHS.get(text)
}

/** Returns the text of a boolean column's cell: a truth however it is spelled, also as 0 or 1; any other as it is. */
export function booleanText(text: string): string {
  const truth = TRUTHS.get(text)
  if (truth !== undefined || !isDecimal(text)) return truth ?? text
  const value = Number(text)
  return value === 0 ? 'false' : value === 1 ? 'true' : text
}

/**
 * Returns the cell of a text field, as CSV has it; null = missing.
 * @param text without blanks around
 * @throws InputError `invalid_number` or `non_finite`, naming the place
 */
export function cellOfField(column: CellColumn, text: string, row: number): Cell {
  if (isMissingText(text)) return null
  if (column.written !== undefined) {
    const cell = cellOfRules(column, column.written, text, row)
    if (cell !== undefined) return cell
  }
  if (column.type === 'text') return cellOfWord(column, text)
  // What a place is called is needed for errors only.
  if (isDecimal(text)) {
    const value = Number(text)
    return isFiniteNumber(value) ? value : checkFinite(value, text, { row, column: column.name })
  }
  const truth = holdsTruths(column) ? TRUTHS.get(text) : undefined
  if (truth === undefined) throw notANumber(text, { row, column: column.name })
  return truth === 'true' ? 1 : 0
}

/** Whether a value is a number that needs no second look. */
function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && value - value === 0
}

/**
 * Returns the cell of a typed value, as JSON, Parquet and tensors have it; null = missing. A bigint is a whole number
 * whose digits a double does not keep.
 * @throws InputError `invalid_number`, `invalid_text` or `non_finite`, naming the place
 */
export function cellOfValue(column: CellColumn, value: unknown, row: number): Cell {
  if (column.written !== undefined) {
    const cell = cellOfTyped(column, column.written, value, row)
    if (cell !== undefined) return cell
  }
  if (column.type === 'number' && isFiniteNumber(value)) return value
  if (typeof value === 'string' && column.type === 'text') {
    const text = value.trim()
    return isMissingText(text) ? null : cellOfWord(column, text)
  }
  if (value === null || value === undefined || Number.isNaN(value)) return null
  const place = { row, column: column.name }
  if (column.type === 'number') {
    if (typeof value === 'number') return checkFinite(value, value, place)
    if (typeof value === 'boolean' && holdsTruths(column)) return value ? 1 : 0
    if (typeof value === 'bigint') return checkFinite(Number(value), value, place)
    throw notANumber(value, place)
  }
  if (typeof value === 'boolean') return String(value)
  if (column.texts === 'boolean' && (value === 0 || value === 1)) return value ? 'true' : 'false'
  if (column.texts === 'integer' && (typeof value === 'bigint' || Number.isInteger(value)))
    return String(value === 0 ? 0 : value)
  throw notAText(column, value, place)
}

/** Returns the cell of a text by the column's own rules; undefined = as in any other column. */
function cellOfRules(
  column: CellColumn,
  written: Written,
  text: string,
  row: number,
): Cell | undefined {
  const normal = column.raw === true ? text : normalText(text)
  const cell = cellOfWritten(written, column.type, normal)
  if (column.type === 'text' && written.date === undefined) return cell === null ? null : undefined
  if (cell !== undefined) return cell
  const place = { row, column: column.name }
  if (written.date !== undefined)
    throw new InputError(
      'invalid_text',
      placed`${place}: ${quote(text)} is not a date as training has them (${written.date})`,
    )
  if (written.span !== undefined)
    throw new InputError(
      'invalid_number',
      placed`${place}: ${quote(text)} is not written as training has it (${describeSpan(written.span).example})`,
    )
  if (written.number === undefined) return undefined
  throw new InputError(
    'invalid_number',
    placed`${place}: ${quote(text)} is not a number as training has them (${showFormat(written.number)})`,
  )
}

/** Likewise of a typed value: a number is that number, whatever form texts have. */
function cellOfTyped(
  column: CellColumn,
  written: Written,
  value: unknown,
  row: number,
): Cell | undefined {
  if (typeof value === 'string') {
    // Training had texts there, and they mean the same in every format.
    return cellOfRules(column, written, value.trim(), row)
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  if (written.missing?.includes(String(value))) return null
  const isCounted = written.date !== undefined && written.date !== 'YMD'
  return isCounted ? cellOfRules(column, written, String(value), row) : undefined
}

function cellOfWord(column: CellColumn, text: string): Cell {
  if (column.texts === 'boolean') return booleanText(text)
  if (column.raw === true) return text
  const normal = momentText(normalText(text))
  // What is left may be nothing.
  return normal !== text && isMissingText(normal) ? null : normal
}

function notAText({ texts }: CellColumn, value: unknown, place: Place): InputError {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  const what =
    texts === 'boolean'
      ? 'is neither true nor false'
      : texts === 'integer'
        ? 'is not a whole number'
        : 'is not a text'
  const hint = isNumber && texts === undefined ? `; send ${quote(String(value))} in quotes` : ''
  return new InputError('invalid_text', placed`${place}: ${quote(value)} ${what}${hint}`)
}

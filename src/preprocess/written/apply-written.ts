/** Reads the columns of a table by the rules of how they are written. */
import { cellOfField } from '../../data/cell.ts'
import {
  type Column,
  type DataFrame,
  mapTexts,
  type NumberColumn,
  numberColumn,
  type TextColumn,
  textColumn,
} from '../../data/frame.ts'
import { hasLeadingZero, isDecimal, isInexactInteger } from '../../data/number.ts'
import { runSteps, type Steps } from '../../data/steps.ts'
import { InputError, placed, quote } from '../../errors.ts'
import type { WrittenColumn } from './read-written.ts'

/**
 * Returns the table with the meaning of its cells: numbers for texts that are written as such, moments for dates, nothing
 * for what means missing. A column whose other texts are all decimals is one of numbers then.
 * @throws InputError `invalid_number` or `invalid_text` naming row, column and value
 */
export function applyWritten(
  table: DataFrame,
  written: readonly WrittenColumn[] | undefined,
): DataFrame {
  return runSteps(applyWrittenSteps(table, written))
}

/** The same column by column. */
export function* applyWrittenSteps(
  table: DataFrame,
  written: readonly WrittenColumn[] | undefined,
): Steps<DataFrame> {
  if (!written || written.length === 0) return table
  const rules = new Map(written.map((entry) => [entry.column, entry]))
  const columns = table.columns.slice()
  for (const [at, column] of table.columns.entries()) {
    const rule = rules.get(table.names[at] as string)
    if (!rule) continue
    yield
    columns[at] =
      column.kind === 'number' ? applyToNumbers(column, rule) : applyToTexts(column, rule)
  }
  return { ...table, columns }
}

function applyToNumbers(column: NumberColumn, rule: WrittenColumn): Column {
  const { missing, number, date } = rule
  if (date !== undefined) {
    const texts = Array.from(column.values, (value) => (Number.isNaN(value) ? null : String(value)))
    return applyToTexts(textColumn(texts), rule)
  }
  if (number?.decimal === ',') {
    const row = column.values.findIndex((value) => !Number.isNaN(value) && !Number.isInteger(value))
    if (row >= 0)
      throw new InputError(
        'invalid_number',
        placed`${{ row: row + 1, column: rule.column }}: ${column.values[row] as number} has been read as a decimal with a point, but the column is said to have decimal commas`,
      )
  }
  if (missing === undefined) return column
  const gaps = new Set(missing.filter(isDecimal).map(Number))
  return numberColumn(column.values.map((value) => (gaps.has(value) ? Number.NaN : value)))
}

function applyToTexts(column: TextColumn, rule: WrittenColumn): Column {
  const { column: name, missing, number, span, date } = rule
  if (column.unread !== undefined) return column
  const isNumber = (number ?? span) !== undefined || holdsDecimals(column, missing)
  const isText = date !== undefined || !isNumber
  const input = { name, type: isText ? 'text' : 'number', written: rule } as const
  let level = 0
  // Where a text first stands is looked for when there is something to say of it.
  const cellOf = (text: string) => {
    const code = level++
    try {
      return cellOfField(input, text, 1)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      const row = column.codes.indexOf(code)
      throw error.numberRows((number) => number + row)
    }
  }
  if (isText) return mapTexts(column, (text) => cellOf(text) as string | null)
  const values = column.levels.map((text) => (cellOf(text) as number | null) ?? Number.NaN)
  return numberColumn(
    Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : values[code]!)),
  )
}

/** Whether the reader would have taken the texts for numbers, had those that mean missing been empty. */
function holdsDecimals({ levels }: TextColumn, missing: readonly string[] | undefined): boolean {
  const gaps = new Set(missing)
  const rest = levels.filter((text) => !gaps.has(text))
  return rest.length > 0 && rest.every(isPlainNumber)
}

function isPlainNumber(text: string): boolean {
  return isDecimal(text) && !hasLeadingZero(text) && !isInexactInteger(text)
}

/** What a message calls a text. */
export function firstRowOf(column: TextColumn, text: string): string {
  return `${quote(text)} in row ${column.codes.indexOf(column.levels.indexOf(text)) + 1}`
}

/** How the cells of a column are written where that needs to be known: data, in a plan and in a model. */
import { type DateOrder, dateOfText } from './date-text.ts'
import type { Cell } from './frame.ts'
import { isDecimal, isMissingText } from './number.ts'
import { type NumberFormat, numberOfText } from './number-text.ts'
import { numberOfSpan, type Span } from './span-text.ts'

export interface Written {
  /** Texts that mean no value; those of numbers are compared as numbers, too. */
  readonly missing?: readonly string[]
  /** How a number column writes its texts; absent = as decimals. */
  readonly number?: NumberFormat
  /** What the texts of a number column are, where each is a time of day, a duration or a part of a year. */
  readonly span?: Span
  /** How a text column writes its dates; absent = it has none. */
  readonly date?: DateOrder
}

/** Returns what a trimmed text means: null = missing, undefined = nothing that these rules know. */
export function cellOfWritten(
  { missing, number, span, date }: Written,
  type: 'number' | 'text',
  text: string,
): string | number | null | undefined {
  if (isMissingText(text) || missing?.includes(text)) return null
  if (type === 'text') return date === undefined ? text : dateOfText(date, text)
  const spanned = span === undefined ? undefined : numberOfSpan(span, text)
  const decimal = isDecimal(text) ? Number(text) : undefined
  const value = spanned ?? (number ? numberOfText(number, text) : decimal)
  if (value === undefined || !Number.isFinite(value)) return undefined
  return missing?.includes(String(value)) ? null : value
}

/** Returns a cell as a text of its column, as CSV has it; null stays null. */
export function textOfCell(written: Written | undefined, cell: Cell): string | null {
  if (cell === null) return null
  const text = String(cell)
  return typeof cell === 'number' && written?.number?.decimal === ','
    ? text.replace('.', ',')
    : text
}

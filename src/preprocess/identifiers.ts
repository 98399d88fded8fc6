/** What speaks for a column being an identifier: its name, the order of its numbers, how they are written. */
import {
  type Column,
  countDistinct,
  countMissing,
  lengthOf,
  type NumberColumn,
  presentNumbers,
} from '../data/frame.ts'
import { wordsOf } from './name-words.ts'

/** With fewer values than this, all may be different by chance. */
const LEAST_ROWS = 20
/** So many numbers of this many digits, and no other, are codes: amounts have no common length. */
const LEAST_DIGITS = 7
/** Of so many values one may be repeated, in a column that still names rows. */
const VALUES_PER_REPEAT = 50

const firstWords = new Set(['id', 'rownames', 'rowname', 'rownum'])
const lastWords = new Set(
  'id ids uuid guid key nr no number index idx rowid rownum rownames rowname serial ssn obs'.split(
    ' ',
  ),
)

/** Whether a column is called as identifiers are, such as `PassengerId`, `invoice_no` or `id`. */
export function isNamedLikeIdentifier(name: string): boolean {
  const words = wordsOf(name)
  return firstWords.has(words[0] ?? '') || lastWords.has(words.at(-1) ?? '')
}

/**
 * Returns what speaks for a column of whole numbers, nearly all of them different, being an identifier, such as
 * `ascending with the rows`;
 * undefined where nothing does: amounts are different in every row, too.
 */
export function evidenceOfIdentifier(name: string, { values }: NumberColumn): string | undefined {
  if (isNamedLikeIdentifier(name)) return 'named like an identifier'
  const order = orderOf(values)
  if (order) return `${order} with the rows`
  const present = presentNumbers(values)
  const least = present.reduce((a, b) => Math.min(a, b))
  const most = present.reduce((a, b) => Math.max(a, b))
  // Drawn at random from so narrow a range, some would be equal.
  if (most - least < 2 * present.length) return `a numbering from ${least} to ${most}`
  const digits = String(least).length
  if (least > 0 && digits >= LEAST_DIGITS && String(most).length === digits)
    return `all of ${digits} digits`
  return undefined
}

function orderOf(values: Float64Array): 'ascending' | 'descending' | undefined {
  let [rises, falls, last] = [true, true, Number.NaN]
  for (const value of values) {
    if (Number.isNaN(value)) continue
    if (value < last) rises = false
    if (value > last) falls = false
    if (!rises && !falls) return undefined
    last = value
  }
  return rises ? 'ascending' : 'descending'
}

/** Whether the numbers of a column rise or fall with the rows, so that they say no more than where a row stands. */
export function followsRows(column: Column): boolean {
  return column.kind === 'number' && orderOf(column.values) !== undefined
}

/** Whether nearly every value of a column stands in one row only, with more rows than chance would explain. */
export function isNearlyUnique(column: Column): boolean {
  const rows = lengthOf(column)
  const present = rows - countMissing(column)
  if (present <= LEAST_ROWS) return false
  return present - countDistinct(column) <= Math.max(2, present / VALUES_PER_REPEAT)
}

/** Whether every number of a column that is there is whole. */
export function isWhole({ values }: NumberColumn): boolean {
  return values.every((value) => Number.isNaN(value) || Number.isInteger(value))
}

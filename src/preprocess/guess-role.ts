/** The part of a column in a plan, guessed from its values. */
import { type Column, countDistinct, countMissing, varies } from '../data/frame.ts'
import { isBooleanColumn } from './booleans.ts'
import { holdsDates } from './doubts.ts'
import { holdsLongIntegers } from './long-integers.ts'

/** What a column may be in a plan. */
export type Role = 'numeric' | 'ordinal' | 'nominal' | 'id' | 'drop'

/** More distinct texts than this are not categories any more. */
export const MAX_CATEGORIES = 50
/** Whole numbers with no more distinct values than this, and at least three, are categories. */
const MAX_NUMBER_CATEGORIES = 4
/** A column with a larger share of missing values is dropped. */
const MAX_MISSING = 0.7

/** What a column looks like, and why. */
export interface Guess {
  readonly role: Role
  readonly reason: string
  /** There is nothing in it to learn from, whatever is asked. */
  readonly useless?: true
}

/** Returns the role that a column's values speak for. @param rows of the table */
export function guessRole(values: Column, rows: number): Guess {
  if (values.kind === 'text' && values.unread !== undefined)
    return { role: 'drop', reason: values.unread, useless: true }
  const missing = countMissing(values)
  const present = rows - missing
  if (present === 0) return { role: 'drop', reason: 'no values', useless: true }
  if (missing === 0 && !varies(values))
    return { role: 'drop', reason: 'one value only', useless: true }
  if (missing > rows * MAX_MISSING)
    return { role: 'drop', reason: `${Math.round((missing / rows) * 100)} % missing` }
  if (values.kind === 'number') {
    const whole = values.values.every((value) => Number.isNaN(value) || Number.isInteger(value))
    const distinct = whole ? countDistinct(values) : Number.POSITIVE_INFINITY
    if (whole && distinct === present && present > 20)
      return { role: 'id', reason: 'a different whole number in every row' }
    if (whole && distinct >= 3 && distinct <= MAX_NUMBER_CATEGORIES && present > 4 * distinct) {
      return { role: 'nominal', reason: `whole number with ${distinct} values` }
    }
    return { role: 'numeric', reason: 'number' }
  }
  if (isBooleanColumn(values))
    return { role: 'nominal', reason: `boolean, written as ${values.levels.join(' and ')}` }
  const distinct = countDistinct(values)
  const what = holdsLongIntegers(values) ? 'whole number beyond 2^53, kept as text,' : 'text'
  const dates = holdsDates(values) ? '; dates are not read as times' : ''
  if (distinct > present / 2 && present > 20)
    return {
      role: 'drop',
      reason: `${what} with ${distinct} different values in ${present}${dates}`,
    }
  if (distinct > MAX_CATEGORIES)
    return { role: 'drop', reason: `${what} with ${distinct} different values${dates}` }
  return {
    role: 'nominal',
    reason: `${what} with ${distinct} ${distinct === 1 ? 'category' : 'categories'}`,
  }
}

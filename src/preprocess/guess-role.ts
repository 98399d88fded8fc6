/** The part of a column in a plan, guessed from its values. */
import {
  type Column,
  countDistinct,
  countMissing,
  type NumberColumn,
  usedLevels,
  varies,
} from '../data/frame.ts'
import { isBooleanColumn } from './booleans.ts'
import { holdsDates } from './doubts.ts'
import { evidenceOfIdentifier, isNamedLikeIdentifier, isWhole } from './identifiers.ts'
import { goesRound, orderByMeaning } from './known-orders.ts'
import { holdsLongIntegers } from './long-integers.ts'
import { isNamedLikeCode, isNamedLikeLevel } from './name-words.ts'

/** What a column may be in a plan. */
export const roles = ['numeric', 'ordinal', 'nominal', 'indicator', 'id', 'drop'] as const
export type Role = (typeof roles)[number]

/** More distinct texts than this are categories only where each has enough rows. */
export const MAX_CATEGORIES = 50
/** Categories beyond that number, at most so many, have so many rows on average. */
const MANY_CATEGORIES = 256
const ROWS_PER_CATEGORY = 20
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
  /** Ordered categories, in their order. */
  readonly order?: readonly string[]
}

/**
 * Returns the role that a column's name and values speak for.
 * @param rows of the table
 * @param gaps whether missing values tell the target, and the estimator takes missing numbers as they are
 */
export function guessRole(
  name: string,
  values: Column,
  rows: number,
  gaps: { readonly tell: () => boolean; readonly stay: boolean },
): Guess {
  if (values.kind === 'text' && values.unread !== undefined)
    return { role: 'drop', reason: values.unread, useless: true }
  const missing = countMissing(values)
  const present = rows - missing
  if (present === 0) return { role: 'drop', reason: 'no values', useless: true }
  if (missing === 0 && !varies(values))
    return { role: 'drop', reason: 'one value only', useless: true }
  if (missing > rows * MAX_MISSING) {
    const share = `${Math.round((missing / rows) * 100)} % missing`
    if (!gaps.tell()) return { role: 'drop', reason: share }
    const { role, reason, order } = guessOfValues(name, values, present)
    const isUsed = role === 'numeric' ? gaps.stay : role !== 'id' && role !== 'drop'
    return isUsed
      ? { role, reason: `${reason}; ${share}, which tells the target`, order }
      : { role: 'indicator', reason: `${share}, which tells the target: whether it has a value` }
  }
  return guessOfValues(name, values, present)
}

function guessOfValues(name: string, values: Column, present: number): Guess {
  if (values.kind === 'number') return guessNumber(name, values, present)
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
  if (distinct > MAX_CATEGORIES && !hasManyRows(distinct, present))
    return { role: 'drop', reason: `${what} with ${distinct} different values${dates}` }
  const counted = `${what} with ${distinct} ${distinct === 1 ? 'category' : 'categories'}`
  const used = usedLevels(values)
  // Where an order goes round, a level for each says more than a number does.
  const order = dates === '' && !goesRound(used) ? orderByMeaning(used) : undefined
  if (order) return { role: 'ordinal', reason: counted, order }
  const each =
    distinct > MAX_CATEGORIES ? `, of ${Math.round(present / distinct)} rows on average` : ''
  return { role: 'nominal', reason: counted + each }
}

function hasManyRows(distinct: number, present: number): boolean {
  return distinct <= MANY_CATEGORIES && present >= ROWS_PER_CATEGORY * distinct
}

function guessNumber(name: string, values: NumberColumn, present: number): Guess {
  if (!isWhole(values)) return { role: 'numeric', reason: 'number' }
  const distinct = countDistinct(values)
  if (distinct === present && present > 20) {
    const evidence = evidenceOfIdentifier(name, values)
    if (evidence)
      return { role: 'id', reason: `a different whole number in every row, ${evidence}` }
  }
  if (distinct < 3) return { role: 'numeric', reason: 'number' }
  if (distinct <= MAX_NUMBER_CATEGORIES && present > 4 * distinct)
    return isNamedLikeLevel(name)
      ? { role: 'numeric', reason: `whole number with ${distinct} values, a level by its name` }
      : { role: 'nominal', reason: `whole number with ${distinct} values` }
  if ((isNamedLikeCode(name) || isNamedLikeIdentifier(name)) && hasManyRows(distinct, present))
    return { role: 'nominal', reason: `whole number with ${distinct} values, a code by its name` }
  return { role: 'numeric', reason: 'number' }
}

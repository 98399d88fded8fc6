/** Explanation options among names that are not all ours: parameters of other servers, query strings, attributes. */
import { InputError, quote } from '../errors.ts'
import {
  byOneEdit,
  indexNames,
  loosely,
  type Nearness,
  plainName,
  startWork,
} from '../near-names.ts'
import { optionNames } from './explain-options.ts'

/** Shorter names resemble too many others, unless they are written in another way only. */
const MIN_LENGTH = 5

/** What asks a route of predictions for explanations stands among the options. */
const EXPLAIN = 'explain'
const options = indexNames([...optionNames, EXPLAIN])

/**
 * Returns the explanation options among the given names; others mean something to somebody else and are ignored.
 * @throws InputError `invalid_option` for a name that is nearly one of ours: its value would be lost without a word
 */
export function pickOptions(
  given: Iterable<readonly [string, unknown]>,
  nearness: Nearness = loosely,
): (readonly [string, unknown])[] {
  const work = startWork()
  return [...given].filter(([name]) => {
    if (optionNames.includes(name)) return true
    if (name === EXPLAIN) return false
    const [near] = options.resembling(name, work, nearness)
    if (near === undefined) return false
    if (name.length < MIN_LENGTH && plainName(near) !== plainName(name)) return false
    throw new InputError(
      'invalid_option',
      `there is no option ${quote(name)}; did you mean ${quote(near)}?`,
    )
  })
}

/**
 * Returns the same of attributes that a caller sends to whoever may read them: only the nearest names are taken for
 * ours there.
 * @throws InputError `invalid_option`
 */
export function pickAttributes(
  given: Iterable<readonly [string, unknown]>,
): (readonly [string, unknown])[] {
  return pickOptions(given, byOneEdit)
}

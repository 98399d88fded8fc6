/** Explanation options among names that are not all ours: parameters of other servers, query strings, attributes. */
import { InputError, quote } from '../errors.ts'
import { indexNames, startWork } from '../near-names.ts'
import { optionNames } from './explain-options.ts'

/** Shorter names resemble too many others. */
const MIN_LENGTH = 5

const options = indexNames(optionNames)

/**
 * Returns the explanation options among the given names; others mean something to somebody else and are ignored.
 * @throws InputError `invalid_option` for a name that is nearly one of ours: its value would be lost without a word
 */
export function pickOptions(
  given: Iterable<readonly [string, unknown]>,
): (readonly [string, unknown])[] {
  const work = startWork()
  return [...given].filter(([name]) => {
    if (optionNames.includes(name)) return true
    if (name.length < MIN_LENGTH) return false
    const [near] = options.resembling(name, work)
    if (near === undefined) return false
    throw new InputError(
      'invalid_option',
      `there is no option ${quote(name)}; did you mean ${quote(near)}?`,
    )
  })
}

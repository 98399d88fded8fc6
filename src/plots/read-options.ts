/** Options of a plot as requests and flags give them: texts. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { PlotOption, PlotOptions, ValuesOf } from './plot.ts'

/**
 * Returns a value for every option.
 * @param given texts by name; names of no option are passed over
 * @throws InputError `invalid_option`
 */
export function readOptions<O extends PlotOptions>(
  options: O,
  given: ReadonlyMap<string, string>,
): ValuesOf<O> {
  const read = Object.entries(options).map(([name, option]) => [
    name,
    readOption(name, option, given.get(name)),
  ])
  // By the very specs that the types are made of.
  return Object.fromEntries(read) as ValuesOf<O>
}

function readOption(name: string, option: PlotOption, text: string | undefined) {
  if (option.kind === 'text') return text
  if (text === undefined) return option.default
  if (option.kind === 'choice') {
    if (option.choices.includes(text)) return text
    throw new InputError(
      'invalid_option',
      `${name} is ${quote(text)}, expected ${listNames(option.choices)}${didYouMean(text, option.choices)}`,
    )
  }
  const value = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= option.minimum && value <= option.maximum) return value
  throw new InputError(
    'invalid_option',
    `${name} is ${quote(text)}, expected a whole number from ${option.minimum} to ${option.maximum}`,
  )
}

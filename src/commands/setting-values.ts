/** Values of flags and hyperparameters, checked. */
import { didYouMean, InputError, quote } from '../errors.ts'

/** Returns a name if it is one of the choices; throws InputError `invalid_parameter`. */
export function readName<const T extends string>(
  what: string,
  value: unknown,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const hint = typeof value === 'string' ? didYouMean(value, choices) : ''
  throw new InputError(
    'invalid_parameter',
    `${what} is ${quote(value)}, expected ${choices.join(', ')}${hint}`,
  )
}

/** Returns a number in a range; throws InputError `invalid_parameter`. */
export function readNumber(what: string, value: unknown, least: number, most: number): number {
  const text = String(value).trim()
  const number = text === '' ? Number.NaN : Number(text)
  if (number >= least && number <= most) return number
  throw new InputError(
    'invalid_parameter',
    `${what} is ${quote(value)}, expected a number from ${least} to ${most}`,
  )
}

/** Returns a whole number in a range; throws InputError `invalid_parameter`. */
export function readWhole(what: string, value: unknown, least: number, most: number): number {
  const number = readNumber(what, value, least, most)
  if (Number.isInteger(number)) return number
  throw new InputError(
    'invalid_parameter',
    `${what} is ${quote(value)}, expected a whole number from ${least} to ${most}`,
  )
}

/** Returns a seed: a whole number of 32 bits; throws InputError `invalid_parameter`. */
export function readSeed(value: unknown): number {
  const seed = readNumber('seed', value, 0, 2 ** 32 - 1)
  if (Number.isInteger(seed)) return seed
  throw new InputError('invalid_parameter', `seed is ${quote(value)}, expected a whole number`)
}

/** Kinds of request options: how a value is read, wherever it was sent, and how it is described. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'

/** What values of one kind are. */
export interface OptionKind<T> {
  /**
   * Returns a value from a query string, a header or a body.
   * @throws InputError `invalid_option` naming the option
   */
  readonly read: (name: string, value: unknown) => T
  /** Returns a JSON schema of its values, for a model of these classes. */
  readonly schema: (classes: readonly string[]) => Readonly<Record<string, unknown>>
}

/**
 * A text.
 * @param choices what a model of these classes may be asked; the model itself checks it
 * @param otherNames what other tools call some of them, in lower case
 */
export function text(
  choices: (classes: readonly string[]) => readonly string[],
  otherNames: ReadonlyMap<string, string> = new Map(),
): OptionKind<string> {
  return {
    read(name, value) {
      const given = readText(name, value)
      const meant = otherNames.get(given.toLowerCase())
      if (meant === undefined) return given
      throw new InputError(
        'invalid_option',
        `${name} is ${quote(given)}; did you mean ${quote(meant)}?`,
      )
    },
    schema: (classes) => ({ type: 'string', enum: [...new Set(choices(classes))] }),
  }
}

/** One of few texts. */
export function choice<const T extends string>(choices: readonly T[]): OptionKind<T> {
  return {
    read: (name, value) => readChoice(name, value, choices),
    schema: () => ({ type: 'string', enum: choices }),
  }
}

/** A whole number from 1. @param maximum what the model itself checks */
export function whole(maximum?: number): OptionKind<number> {
  return { read: readWhole, schema: () => ({ type: 'integer', minimum: 1, maximum }) }
}

/** Yes or no. */
export const truth: OptionKind<boolean> = { read: readTruth, schema: () => ({ type: 'boolean' }) }

/** Several texts: a list in JSON or of a repeated name in a query; a single text counts as one. */
export const texts: OptionKind<readonly string[]> = {
  read: (name, value) =>
    (Array.isArray(value) ? value : [value]).map((item) => readText(name, item)),
  schema: () => ({ type: 'string' }),
}

function readText(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new InputError('invalid_option', `${name} is ${quote(value)}, expected one text or number`)
}

function readChoice<const T extends string>(
  name: string,
  given: unknown,
  choices: readonly T[],
): T {
  const value = readText(name, given)
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, expected ${listNames(choices)}${didYouMean(value, choices)}`,
  )
}

/** JSON's true and false, or their names; a name alone in a query is true. */
function readTruth(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === '' || value === '1') return true
  return value === '0' ? false : readChoice(name, value, ['true', 'false']) === 'true'
}

function readWhole(name: string, given: unknown): number {
  const value = readText(name, given)
  if (/^[0-9]{1,6}$/.test(value) && Number(value) > 0) return Number(value)
  throw new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, expected a whole number from 1`,
  )
}

/** Explanation options from a query string or a body's `parameters`, checked by one table. */
import type { ExplanationStyle } from '../codecs/codec.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { ExplainOptions } from '../predictor/predictor.ts'

export type ExplainRequest = ExplainOptions & {
  readonly format?: ExplanationStyle['format'] | 'clarify'
}

/** What every option's value becomes; names are those of requests. */
const readers = {
  output: (value) => ({ output: readText('output', value) }),
  space: (value) => ({ space: readText('space', value) }),
  method: (value) => ({ method: readText('method', value) }),
  level: (value) => ({ level: readChoice('level', value, ['columns', 'features']) }),
  top: (value) => ({ top: readWhole('top', value) }),
  interactions: (value) => ({ interactions: readTruth('interactions', value) }),
  counterfactual: (value) => ({ counterfactual: readText('counterfactual', value) }),
  max_changes: (value) => ({ maxChanges: readWhole('max_changes', value) }),
  freeze: (value) => ({ freeze: readTexts('freeze', value) }),
  format: (value) => ({
    format: readChoice('format', value, ['json', 'contributions', 'clarify']),
  }),
} satisfies Readonly<Record<string, (value: unknown) => ExplainRequest>>

/** Names of the options. */
export const optionNames = Object.keys(readers) as readonly (keyof typeof readers)[]

/**
 * Returns checked options; values may be texts, numbers or, where an option is a list, lists of texts.
 * @throws InputError `invalid_option`
 */
export function parseExplainOptions(given: Iterable<readonly [string, unknown]>): ExplainRequest {
  let options: ExplainRequest = {}
  for (const [name, value] of given) {
    if (!Object.hasOwn(readers, name)) {
      throw new InputError(
        'invalid_option',
        `there is no option ${quote(name)}${didYouMean(name, optionNames)}; there are ${listNames(optionNames)}`,
      )
    }
    options = { ...options, ...readers[name as keyof typeof readers](value) }
  }
  return options
}

/**
 * Returns whether `explain` asks for explanations at a route of predictions.
 * @param where it stood, for the message
 * @throws InputError `invalid_option` for what is neither yes nor no
 */
export function asksExplanation(value: unknown, where: string): boolean {
  if (value === undefined || value === null) return false
  const text = String(value)
  if (typeof value !== 'object' && /^(false|no|0)$/i.test(text)) return false
  if (typeof value !== 'object' && /^(shap|true|yes|1)$/i.test(text)) return true
  throw new InputError(
    'invalid_option',
    `explain is ${quote(value)} in ${where}, expected shap${didYouMean(text, ['shap'])}`,
  )
}

function readText(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new InputError('invalid_option', `${name} is ${quote(value)}, expected one text or number`)
}

/** A list in JSON or of a repeated name in a query; a single text counts as one. */
function readTexts(name: string, value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((item) => readText(name, item))
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

/** Explanation options from a query string or a body's `parameters`, checked by one table. */
import type { ExplanationStyle } from '../codecs/codec.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { ExplainOptions } from '../inference.ts'

export type ExplainRequest = ExplainOptions & {
  readonly format?: ExplanationStyle['format'] | 'clarify'
}

/** Names of the options. */
export const optionNames = ['output', 'space', 'method', 'level', 'top', 'format'] as const

/**
 * Returns checked options; values may be texts, numbers or lists of one.
 * @throws InputError `invalid_option`
 */
export function parseExplainOptions(given: Iterable<readonly [string, unknown]>): ExplainRequest {
  const options = new Map<string, string>()
  for (const [name, value] of given) {
    if (!optionNames.some((known) => known === name)) {
      throw new InputError(
        'invalid_option',
        `there is no option ${quote(name)}${didYouMean(name, optionNames)}`,
      )
    }
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new InputError(
        'invalid_option',
        `${name} is ${quote(value)}, expected one text or number`,
      )
    }
    options.set(name, String(value))
  }
  const text = (name: 'output' | 'space' | 'method') =>
    options.has(name) ? { [name]: options.get(name) as string } : {}
  return {
    ...text('output'),
    ...text('space'),
    ...text('method'),
    ...(options.has('level')
      ? { level: readChoice('level', options.get('level') as string, ['columns', 'features']) }
      : {}),
    ...(options.has('format')
      ? {
          format: readChoice('format', options.get('format') as string, [
            'json',
            'contributions',
            'clarify',
          ]),
        }
      : {}),
    ...(options.has('top') ? { top: readTop(options.get('top') as string) } : {}),
  }
}

function readChoice<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, expected ${listNames(choices)}${didYouMean(value, choices)}`,
  )
}

function readTop(value: string): number {
  if (/^[0-9]{1,6}$/.test(value) && Number(value) > 0) return Number(value)
  throw new InputError('invalid_option', `top is ${quote(value)}, expected a whole number from 1`)
}

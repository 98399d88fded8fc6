/** What files of rows and of answers are written in, by the names that flags use. */
import type { Operation } from '../../answering/media-type.ts'
import { InputError, quote } from '../../errors.ts'

export const inputFormats = ['csv', 'json', 'jsonl', 'parquet'] as const

/** What a command writes. */
export const answerFormats = {
  predict: ['csv', 'json', 'jsonl'],
  explain: ['csv', 'json', 'jsonl', 'svg'],
} as const satisfies Readonly<Record<Operation, readonly string[]>>

export type AnswerFormat = (typeof answerFormats)[Operation][number]

export const mediaTypes: Readonly<Record<AnswerFormat, string>> = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonlines',
  svg: 'image/svg+xml',
}

/** Whether answers are one document: there is nothing to write before all rows are answered. */
export function isWholeDocument(format: AnswerFormat): boolean {
  return format === 'json' || format === 'svg'
}

/** Returns a format if it is one of the choices; throws InputError `invalid_option`. */
export function readFormat<const T extends string>(
  flag: string,
  value: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `${flag} is ${quote(value)}, expected ${choices.join(', ')}`,
  )
}

/** What files of rows and of answers are written in, by the names that flags use. */
import { didYouMean, InputError, quote } from '../../errors.ts'
import type { InputFormat } from '../../tables/row-files.ts'
import { listChoices } from '../shared-flags.ts'
import type { RowsOperation, RowsRequest } from './rows-request.ts'
import { checkTextOptions, isShownAsText } from './text-answer.ts'

export const inputFormats = [
  'csv',
  'json',
  'jsonl',
  'parquet',
] as const satisfies readonly InputFormat[]

/** What a command writes. */
export const answerFormats = {
  predict: ['csv', 'json', 'jsonl', 'npy', 'text'],
  explain: ['csv', 'json', 'jsonl', 'text', 'svg', 'png'],
  preprocess: ['csv', 'jsonl', 'npy'],
} as const satisfies Readonly<Record<RowsOperation, readonly string[]>>

export type AnswerFormat = (typeof answerFormats)[RowsOperation][number]

export const mediaTypes: Readonly<Record<AnswerFormat, string>> = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonlines',
  npy: 'application/x-npy',
  // It is made of that.
  text: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
}

/** Pictures, one of all rows. */
export const pictureFormats = ['svg', 'png'] as const

/** Returns the error for columns that are kept where there is no room for texts. */
export function numbersOnly(): InputError {
  return new InputError('invalid_option', '--keep goes with CSV and JSON; npy has numbers only')
}

/** Whether answers are one document: there is nothing to write before all rows are answered. */
export function isWholeDocument(format: AnswerFormat): boolean {
  return (
    format === 'json' || format === 'npy' || pictureFormats.some((picture) => picture === format)
  )
}

/** What the ending of a file says, of the formats that are known somewhere: not all of them are written. */
const formatOfEnding: Readonly<Record<string, string>> = {
  csv: 'csv',
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  svg: 'svg',
  png: 'png',
  ...Object.fromEntries(
    'parquet pq npy npz arrow feather tsv xls xlsx libsvm pkl jpg jpeg pdf html gz zip zst bz2 xz'
      .split(' ')
      .map((ending) => [ending, ending]),
  ),
}

/** What a summary is written in. */
const summaryFormats = ['json'] as const

/**
 * Returns what answers are written in: what `--format` says, else the ending of `--out`, else text where a person
 * looks at explanations, else as the input.
 * @throws InputError `invalid_option` for what is not written, when flag and ending differ, and for a picture in a file
 * of an ending that says nothing of it
 */
export function chooseFormat(
  request: Pick<
    RowsRequest,
    | 'operation'
    | 'format'
    | 'out'
    | 'summary'
    | 'plot'
    | 'options'
    | 'selection'
    | 'hasOutputHeader'
  >,
  input: InputFormat,
  isLookedAt = false,
): AnswerFormat {
  const { operation, format, out, summary, plot, options, selection } = request
  const choices: readonly AnswerFormat[] = summary
    ? summaryFormats
    : plot
      ? pictureFormats
      : answerFormats[operation]
  const ending = /\.([a-z0-9]+)$/i.exec(out)?.[1]?.toLowerCase() ?? ''
  const named = Object.hasOwn(formatOfEnding, ending) ? formatOfEnding[ending] : undefined
  const what = summary ? 'a summary is written as json; --format' : '--format'
  const asked = format === undefined ? undefined : readFormat(what, format, choices)
  if (named !== undefined && named !== (asked ?? named))
    throw new InputError(
      'invalid_option',
      `--out ${quote(out, 256)} names ${named}, --format says ${asked}; leave out --format or change the name`,
    )
  if (named !== undefined && !choices.some((choice) => choice === named))
    throw new InputError(
      'invalid_option',
      `--out ${quote(out, 256)} names ${named}, which is not written; name a file that ends in ${listChoices(choices.filter((choice) => choice !== 'text').map((choice) => `.${choice}`))}`,
    )
  // Pictures are opened by the name of their file: one that says something else would be opened wrongly.
  if (plot && ending !== '' && named === undefined && asked === undefined)
    throw new InputError(
      'invalid_option',
      `--out ${quote(out, 256)} ends in .${ending}, expected ${listChoices(choices.map((choice) => `.${choice}`))}, or name the --format`,
    )
  const isText =
    isLookedAt &&
    choices.includes('text') &&
    !selection &&
    !request.hasOutputHeader &&
    options.every(([name]) => isShownAsText(name))
  const usual = isText ? 'text' : usualFormat(input, choices)
  const chosen = choices.find((choice) => choice === (asked ?? named ?? usual))!
  if (chosen === 'text') checkTextOptions(options)
  if (chosen === 'text' && selection)
    throw new InputError(
      'invalid_option',
      '--select goes with csv, json, jsonl and npy; --format text shows class and probability',
    )
  return chosen
}

function usualFormat(input: InputFormat, choices: readonly AnswerFormat[]): AnswerFormat {
  return choices.find((choice) => choice === input) ?? choices[0]!
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
    `${flag} is ${quote(value)}, expected ${listChoices(choices)}${didYouMean(value, choices)}`,
  )
}

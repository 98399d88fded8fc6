/** `shapserve predict` and `shapserve explain`: the routes' answers for files, without a server. */

import { writeFile } from 'node:fs/promises'
import { readModelDirectory } from '../artifact/store.ts'
import { InputError, quote } from '../errors.ts'
import { runJob } from '../http/job.ts'
import type { MediaType, Operation } from '../http/negotiation.ts'
import { createOutput } from './report.ts'
import { readInputFile } from './tables.ts'

const typeOfFormat = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonlines',
  svg: 'image/svg+xml',
} as const

export type Format = keyof typeof typeOfFormat

export interface RowsRequest {
  readonly operation: Operation
  readonly file: string
  readonly modelDir: string
  readonly inputFormat?: string
  readonly format?: string
  /** File to write; `-` is standard output. */
  readonly out: string
  /** Options of an explanation, as on the query string. */
  readonly options: readonly (readonly [string, unknown])[]
}

/** Reads the rows of a file, answers them and writes the answer to standard output. */
export async function runRows(request: RowsRequest): Promise<void> {
  const { predictor } = await readModelDirectory(request.modelDir)
  const body = await readInputFile(request.file)
  const input = readFormat(request.inputFormat ?? guessFormat(request.file, body), [
    'csv',
    'json',
    'jsonl',
  ])
  const output = readFormat(
    request.format ?? input,
    request.operation === 'predict' ? ['csv', 'json', 'jsonl'] : ['csv', 'json', 'jsonl', 'svg'],
  )
  const unlimited = Number.POSITIVE_INFINITY
  const result = await runJob(
    predictor,
    {
      operation: request.operation,
      body,
      media: mediaType(input),
      answer: mediaType(output),
      options: request.options,
      limits: {
        maxRows: Number.MAX_SAFE_INTEGER,
        maxAnswerBytes: unlimited,
        maxSeconds: unlimited,
      },
    },
    false,
  )
  const text = Buffer.from(result?.body ?? new Uint8Array()).toString()
  const lines = text.endsWith('\n') || text === '' ? text : `${text}\n`
  if (request.out === '-') createOutput({ quiet: false }).result(lines)
  else await writeOutputFile(request.out, lines)
}

async function writeOutputFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InputError('invalid_file', `the file ${quote(path, 256)} cannot be written: ${code}`)
  }
}

function mediaType(format: Format): MediaType {
  return { essence: typeOfFormat[format], parameters: new Map() }
}

function readFormat(value: string, choices: readonly Format[]): Format {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `the format is ${quote(value)}, expected ${choices.join(', ')}`,
  )
}

/** By the file's ending; standard input by its first character. */
function guessFormat(file: string, body: Buffer): Format {
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl'
  if (/\.json$/i.test(file)) return 'json'
  if (/\.csv$/i.test(file)) return 'csv'
  const text = body
    .subarray(0, 1 << 16)
    .toString()
    .trimStart()
  if (text.startsWith('[')) return 'json'
  if (!text.startsWith('{')) return 'csv'
  return /\}\s*\n\s*\{/.test(text) ? 'jsonl' : 'json'
}

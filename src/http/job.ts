/** What one request asks, as data that can cross to a worker: bytes in, bytes out. */
import type { Encoded } from '../codecs/codec.ts'
import { findCodec } from '../codecs/index.ts'
import { type Column, countValues, type DataFrame } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../inference.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { MediaType, Operation } from './negotiation.ts'
import { type ExplainRequest, parseExplainOptions } from './options.ts'

/** Bounds of one request. */
export interface Limits {
  readonly maxRows: number
  /** Largest answer in bytes, estimated before it is computed. */
  readonly maxAnswerBytes: number
  /** Longest computation in seconds, estimated before it begins. */
  readonly maxSeconds: number
}

export interface Job {
  readonly operation: Operation
  readonly body: Uint8Array
  readonly media: MediaType
  readonly answer: MediaType
  /** Options of the query string; those in the body win. */
  readonly options: readonly (readonly [string, unknown])[]
  readonly limits: Limits
}

export interface JobResult {
  readonly body: Uint8Array
  readonly rows: number
  readonly ignoredColumns: number
  /** Cells with a category that training has not seen. */
  readonly unknownCategories: number
}

/** Longest computation, in estimated seconds, that may hold up other requests. */
const INLINE_SECONDS = 0.01

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body or the options
 */
export async function runJob(
  predictor: Predictor,
  job: Job,
  inline: boolean,
): Promise<JobResult | undefined> {
  const reader = findCodec(job.media.essence)
  const writer = findCodec(job.answer.essence)
  if (!reader?.decode || !writer)
    throw new Error(`no codec for ${job.media.essence} to ${job.answer.essence}`)
  if (job.body.length === 0) throw new InputError('empty_body', 'the request has no body')
  const { spec } = predictor.preprocessor
  const context = {
    inputs: spec.inputs,
    otherColumns: spec.otherColumns,
    maxRows: job.limits.maxRows,
  }
  const decoded = await reader.decode(job.body, context, job.media.parameters)
  const { frame, dialect, ignoredColumns } = decoded
  const finish = (encoded: Encoded): JobResult => ({
    body: typeof encoded === 'string' ? new TextEncoder().encode(encoded) : encoded,
    rows: frame.length,
    ignoredColumns,
    unknownCategories: countUnknown(spec.inputs, frame),
  })

  if (job.operation === 'predict' && writer.encodePredictions) {
    checkAnswer(frame.length * (60 + 30 * predictor.classes.length), job.limits)
    return finish(writer.encodePredictions(predictor.predict(frame), { dialect }))
  }
  if (!writer.encodeExplanations) throw new Error(`${writer.name} writes no ${job.operation}`)
  const options: ExplainRequest = parseExplainOptions([...job.options, ...decoded.parameters])
  predictor.checkOptions(options)
  checkAnswer(frame.length * bytesPerRow(predictor, options), job.limits)
  const seconds = predictor.estimateSeconds(frame.length, options)
  if (seconds > job.limits.maxSeconds) {
    throw new InputError(
      'too_expensive',
      `explaining ${frame.length} rows would take about ${Math.ceil(seconds)} s, the budget is ${job.limits.maxSeconds} s; send fewer rows`,
    )
  }
  if (inline && seconds > INLINE_SECONDS) return undefined
  const style = { format: options.format ?? 'json', mediaParameters: job.answer.parameters }
  return finish(writer.encodeExplanations(predictor.explain(frame, options), style))
}

function bytesPerRow(predictor: Predictor, options: ExplainRequest): number {
  const outputs = options.output === 'all' ? predictor.classes.length : 1
  const names =
    options.level === 'features'
      ? predictor.preprocessor.featureNamesOut
      : predictor.preprocessor.featureNamesIn
  const perValue = options.format === 'contributions' ? 70 : 22
  return 150 + names.length * (12 + perValue * outputs)
}

function checkAnswer(bytes: number, { maxAnswerBytes }: Limits): void {
  if (bytes > maxAnswerBytes) {
    throw new InputError(
      'too_large',
      `the answer would have about ${Math.ceil(bytes / 1e6)} MB, at most ${Math.floor(maxAnswerBytes / 1e6)} MB are sent; send fewer rows`,
    )
  }
}

function countUnknown(inputs: readonly InputColumn[], frame: DataFrame): number {
  let count = 0
  inputs.forEach(({ categories }, j) => {
    if (!categories) return
    const known = new Set(categories)
    for (const [value, cells] of countValues(frame.columns[j] as Column)) {
      if (!known.has(value)) count += cells
    }
  })
  return count
}

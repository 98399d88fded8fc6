/** Bounds of one request, and what its answer is estimated to take before it is computed. */
import type { Codec } from '../codecs/codec.ts'
import type { Selected } from '../codecs/selection.ts'
import type { Column, DataFrame } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { ExplainRequest } from './explain-options.ts'

/** Bounds of one request. */
export interface Limits {
  readonly maxRows: number
  /** Largest answer in bytes that is made at once, estimated before it is computed. */
  readonly maxAnswerBytes: number
  /** Longest computation in seconds, estimated before it begins. */
  readonly maxSeconds: number
}

/** Longest computation, in estimated seconds, that may hold up other requests. */
export const INLINE_SECONDS = 0.01

/** Bytes of memory that the rows of one request may take where they are read or answered at once. */
const WHOLE_BYTES = 2 ** 29

/** Returns how many rows of so many columns may be held at once as they were parsed: an object with a cell a column. */
export function wholeRows(columns: number): number {
  return Math.floor(WHOLE_BYTES / (160 + 32 * columns))
}

/** Larger bodies are read, and larger answers made, in blocks of about so many bytes. */
export const BLOCK_BYTES = 1 << 20

/** Largest answer, in estimated bytes, that may be made where it holds up other requests. */
export const INLINE_BYTES = 1 << 20

/**
 * @param warningBytes what warnings add to the answer
 * @throws InputError `too_large` for predictions whose answer would be
 */
export function checkPredictions(
  { classes }: Predictor,
  rows: number,
  limits: Limits,
  writer: Codec,
  selection?: readonly Selected[],
  warningBytes = 0,
): void {
  checkBytes(rows * predictionBytes(classes, writer, selection), limits, warningBytes)
}

/** @throws InputError `too_expensive` for explanations that would take longer than they may */
export function checkSeconds(seconds: number, rows: number, { maxSeconds }: Limits): void {
  if (seconds <= maxSeconds) return
  throw new InputError(
    'too_expensive',
    `explaining ${rows} ${rows === 1 ? 'row' : 'rows'} would take about ${Math.ceil(seconds)} s, the budget is ${maxSeconds} s; send fewer rows`,
  )
}

/**
 * Throws what must be said before an explanation is computed: options, size, cost.
 * @param prepare whether an explainer may be built here and now
 * @param warningBytes what warnings add to the answer
 * @returns estimated seconds
 * @throws InputError `invalid_option`, `too_large` or `too_expensive`
 */
export function checkExplanation(
  predictor: Predictor,
  frame: DataFrame,
  options: ExplainRequest,
  limits: Limits,
  prepare: boolean,
  warningBytes = 0,
): number {
  const rows = frame.length
  predictor.checkOptions(options)
  checkBytes(explanationBytes(predictor, frame, options), limits, warningBytes)
  const seconds = predictor.estimateSeconds(rows, options, prepare)
  checkSeconds(seconds, rows, limits)
  return seconds
}

/** Estimated bytes of one row's prediction, on the safe side. */
export function predictionBytes(
  classes: readonly string[],
  { recordIsScores }: Codec,
  selection: readonly Selected[] | undefined,
): number {
  if (recordIsScores && selection === undefined)
    return 21 * (classes.length === 2 ? 1 : classes.length)
  const names = classes.reduce((sum, name) => sum + name.length + 4, 0)
  return 60 + 2 * (names + 24 * classes.length)
}

/** Estimated bytes of an explanation, on the safe side: as of its rows, and the texts sent. */
export function explanationBytes(
  predictor: Predictor,
  frame: DataFrame,
  options: ExplainRequest,
): number {
  const outputs = options.output === 'all' ? predictor.classes.length : 1
  const repeats = options.format === 'contributions' || options.format === 'clarify' ? outputs : 1
  const texts = frame.columns.reduce((sum, column) => sum + textBytes(column), 0)
  return frame.length * explanationRowBytes(predictor, options) + texts * repeats
}

/** Estimated bytes of a row's explanation, on the safe side: numbers, and names where they stand in every row. */
export function explanationRowBytes(predictor: Predictor, options: ExplainRequest): number {
  const { featureNamesIn, featureNamesOut } = predictor.preprocessor
  const names = options.level === 'features' ? featureNamesOut : featureNamesIn
  const outputs = options.output === 'all' ? predictor.classes.length : 1
  const nameBytes = names.reduce((sum, name) => sum + name.length + 4, 0)
  const repeats = options.format === 'contributions' || options.format === 'clarify' ? outputs : 1
  const perRow = 250 + names.length * 24 * (outputs + 1) + repeats * (nameBytes + names.length * 40)
  const pairs = options.interactions
    ? outputs * names.length * (names.length * 40 + 2 * nameBytes)
    : 0
  const changes = options.counterfactual === undefined ? 0 : 400
  return perRow + pairs + changes
}

function textBytes(column: Column): number {
  if (column.kind === 'number') return 0
  const sizes = column.levels.map((level) => level.length + 3)
  return column.codes.reduce((sum, code) => sum + (code < 0 ? 4 : sizes[code]!), 0)
}

/**
 * @param warningBytes what warnings add to the answer
 * @throws InputError `too_large` for an answer of more bytes than are sent
 */
export function checkBytes(bytes: number, { maxAnswerBytes }: Limits, warningBytes = 0): void {
  const all = bytes + warningBytes
  if (all > maxAnswerBytes) {
    const orLess = bytes > maxAnswerBytes ? '' : ', or ask with warnings=false'
    throw new InputError(
      'too_large',
      `the answer would have about ${Math.ceil(all / 1e6)} MB, at most ${Math.floor(maxAnswerBytes / 1e6)} MB are sent; send fewer rows${orLess}`,
    )
  }
}

/** Explains the rows of a job: in the form asked for, as far as the answer's type has room for it. */
import { evaluateCondition, writeClarify, writeClarifyLines } from '../codecs/clarify.ts'
import type { Codec, Encoded, ExplanationStyle } from '../codecs/codec.ts'
import { type DataFrame, takeRows } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { startSummary } from '../predictor/summarize-rows.ts'
import type { Explanations } from '../shap/explanation.ts'
import { drawRows } from './drawn-rows.ts'
import { type ExplainRequest, parseExplainOptions } from './explain-options.ts'
import type { JobResult, RowJob } from './job.ts'
import { bytesOf, type JobWarnings, leastBytes, tellRows } from './job-warnings.ts'
import {
  checkBytes,
  checkExplanation,
  explanationBytes,
  INLINE_BYTES,
  INLINE_SECONDS,
} from './limits.ts'
import type { MediaType } from './media-type.ts'

/** Bytes of Clarify's form at least, around the prediction and the explanation of one record. */
const LINE_BYTES = 250

/** What an explanation needs of the answer around it. */
export interface ExplainContext {
  readonly writer: Codec
  /** Explanations stand beside predictions, for the rows on which this is true. */
  readonly condition: string | undefined
  finish(encoded: Encoded, contentType?: string): JobResult
  predict(): Encoded
  /** Returns the prediction of every row as it would be answered alone. */
  predictEach(): Encoded[]
  readonly warnings: JobWarnings
  readonly inline: boolean
}

/**
 * Returns the explanations of a job's rows, or undefined when they would take longer than the event loop may be held
 * up and `inline` is set.
 * @throws InputError for options that the model or the answer's type cannot follow, and for rows that cannot be explained
 */
export async function answerExplained(
  predictor: Predictor,
  job: RowJob,
  frame: DataFrame,
  { writer, condition, finish, predict, predictEach, warnings, inline }: ExplainContext,
): Promise<JobResult | undefined> {
  const asksClarify = condition !== undefined
  const given = readOptions(job, asksClarify)
  const options = {
    ...withDefaults(predictor, given),
    isPart: job.rowOffset !== undefined,
  }
  const wanted = asksClarify
    ? await evaluateCondition(condition, predictor.predict(frame), writer, job.selection)
    : undefined
  const explained = wanted && !wanted.includes(true) ? takeRows(frame, new Int32Array()) : frame
  checkForm(options, writer)
  predictor.checkOptions(options)
  if (writer.picture && options.format !== 'clarify' && !job.summary)
    return drawRows(predictor, job, frame, options, { finish, inline })
  if (inline && explanationBytes(predictor, explained, options) > INLINE_BYTES) return undefined
  const listsWarnings = job.summary === undefined && hasRoomForWarnings(options, writer)
  const check = (warningBytes: number) =>
    checkExplanation(predictor, explained, options, job.limits, !inline, warningBytes)
  const seconds = check(listsWarnings ? leastBytes(warnings) : 0)
  if (inline && seconds > INLINE_SECONDS) return undefined
  if (job.summary) {
    const summary = startSummary(predictor, job.summary, options)
    summary.add(frame)
    return { ...finish(''), sums: summary.builder.sums }
  }
  if (options.format === 'clarify') {
    if (job.linePerRecord) checkBytes(frame.length * LINE_BYTES, job.limits)
    const explanations = predictor.explain(explained, options)
    const contentType = asksClarify ? job.answer.essence : 'text/csv'
    if (job.linePerRecord) {
      const texts = asksClarify ? predictEach().map(toText) : undefined
      const lines = writeClarifyLines(explanations, contentType, texts, wanted)
      checkBytes(lines.length, job.limits)
      return finish(lines, 'application/jsonlines')
    }
    const text = asksClarify ? toText(predict()) : undefined
    return finish(writeClarify(explanations, { contentType, text }, wanted), 'application/json')
  }
  const told = listsWarnings ? tellRows(warnings, options.warnings) : undefined
  if (told) check(bytesOf(told))
  const style: ExplanationStyle = {
    ...styleOf(options, job.answer),
    predictions: job.operation === 'explain' ? job.dialect : undefined,
    warnings: told,
  }
  const explanations = numberFrom(predictor.explain(frame, options), job.rowOffset ?? 0)
  return finish(writer.encodeExplanations?.(explanations, style) as Encoded)
}

/** A condition asks for the form of Clarify; another one beside it would be lost. */
function readOptions({ options: given }: RowJob, asksClarify: boolean): ExplainRequest {
  const options = parseExplainOptions(given)
  if (!asksClarify || options.format === 'clarify') return options
  if (options.format === undefined) return { ...options, format: 'clarify' }
  throw new InputError(
    'invalid_option',
    `format is ${quote(options.format)}, but explanations beside predictions have format=clarify`,
  )
}

/** Whether explanations in this form say what was not understood of their rows. */
export function hasRoomForWarnings({ format, warnings }: ExplainRequest, writer: Codec): boolean {
  return writer.hasWarnings === true && format !== 'clarify' && warnings !== false
}

/** Returns how explanations are written that have a form of their own. */
export function styleOf(
  { format, interactions }: ExplainRequest,
  { parameters }: MediaType,
): ExplanationStyle {
  return {
    format: format === 'contributions' ? format : 'json',
    mediaParameters: parameters,
    interactions,
  }
}

/**
 * Clarify's answer has one column per score, for all rows the same classes; attributions are of the scores beside
 * them, which are probabilities, as they are for Clarify unless its UseLogit is set.
 */
export function withDefaults(
  { classes, offers }: Predictor,
  options: ExplainRequest,
): ExplainRequest {
  if (options.format !== 'clarify') return options
  const hasProbability = offers.some(({ space }) => space === 'probability')
  return {
    ...options,
    output: options.output ?? (classes.length === 2 ? classes[1]! : 'all'),
    space: options.space ?? (hasProbability ? 'probability' : undefined),
  }
}

/** Not every form has room for everything that can be asked for. */
export function checkForm(
  { format, interactions, counterfactual }: ExplainRequest,
  writer: Codec,
): void {
  const isPlain = format === undefined || format === 'json'
  if (interactions && !(isPlain && writer.explains?.interactions)) {
    throw new InputError(
      'invalid_option',
      'interactions are answered in format=json as JSON or JSON Lines, or as CSV',
    )
  }
  if (counterfactual !== undefined && !(writer.explains?.counterfactuals && format !== 'clarify')) {
    throw new InputError(
      'invalid_option',
      'counterfactuals are answered as JSON or JSON Lines, in format=json or contributions',
    )
  }
}

/** Numbers the rows of a part of a file as the file's. */
export function numberFrom(explanations: Explanations, offset: number): Explanations {
  if (offset === 0) return explanations
  return {
    ...explanations,
    rows: explanations.rows.map((explanation) => ({
      ...explanation,
      row: explanation.row + offset,
    })),
  }
}

function toText(encoded: Encoded): string {
  return typeof encoded === 'string' ? encoded : Buffer.from(encoded).toString('base64')
}

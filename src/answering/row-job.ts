/** Answers rows in a content type: decodes them, then predicts or explains. */
import type { Codec, Decoded, Encoded, RowWarnings } from '../codecs/codec.ts'
import { answerTypes, findCodec, holdsExplanations } from '../codecs/index.ts'
import { InputError } from '../errors.ts'
import { type Predictions, takePrediction } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { answerInBlocks } from './answer-blocks.ts'
import { asksExplanation } from './explain-options.ts'
import { answerExplained } from './explained-rows.ts'
import { pickOptions } from './foreign-options.ts'
import type { JobResult, MaybePromise, RowJob } from './job.ts'
import { asksWarnings, bytesOf, findWarnings, leastBytes } from './job-warnings.ts'
import { checkPredictions, INLINE_BYTES, predictionBytes } from './limits.ts'
import type { MediaType } from './media-type.ts'
import { decodeText, ONE_ROW_BYTES, oneRowOf } from './one-row.ts'
import { decodeRows, joinBlocks, readRows } from './read-rows.ts'

const encoder = new TextEncoder()

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body or the options
 */
export function runRowJob(
  predictor: Predictor,
  job: RowJob,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const { rowOffset, blockBytes } = job
  const one = answerOneRow(predictor, job)
  if (one) return one
  if (blockBytes !== undefined && !inline) return answerLarge(predictor, { ...job, blockBytes })
  return rowOffset === undefined
    ? decodeAndAnswer(predictor, job, inline)
    : numberErrors(rowOffset, async () => decodeAndAnswer(predictor, job, inline))
}

/** Returns the answer to a small body that is one row and asks for nothing special; undefined for any other. */
function answerOneRow(predictor: Predictor, job: RowJob): JobResult | undefined {
  const { operation, body, media, answer, limits } = job
  const isPlain =
    body.length <= ONE_ROW_BYTES &&
    job.options.length === 0 &&
    job.rowOffset === undefined &&
    job.summary === undefined &&
    job.selection === undefined &&
    job.dialect === undefined &&
    job.enableExplanations === undefined &&
    !media.parameters.has('header') &&
    answer.parameters.size === 0
  if (!isPlain) return undefined
  const text = decodeText(body)
  const ask = { operation, sent: media.essence, accepted: answer.essence, limits }
  const found = text === undefined ? undefined : oneRowOf(predictor)(text, ask)
  return (
    found && {
      body: encoder.encode(found.text),
      contentType: answer.essence,
      rows: 1,
      ignoredColumns: 0,
      unknownCategories: found.unknownCategories,
      warnings: found.warnings,
    }
  )
}

/** Decoders and models number the rows of what they get from 1. */
async function numberErrors<T>(offset: number, answer: () => Promise<T>): Promise<T> {
  try {
    return await answer()
  } catch (error) {
    throw error instanceof InputError ? error.numberRows((row) => row + offset) : error
  }
}

function decodeAndAnswer(
  predictor: Predictor,
  job: RowJob,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const decoded = decodeRows(predictor, job)
  return decoded instanceof Promise
    ? decoded.then((rows) => answerRows(predictor, job, rows, inline))
    : answerRows(predictor, job, decoded, inline)
}

/** Answers a job whose body or answer is large: checks all rows first, then answers them in blocks where it can. */
async function answerLarge(
  predictor: Predictor,
  job: RowJob & { readonly blockBytes: number },
): Promise<JobResult> {
  const rows = await readRows(predictor, job, job.blockBytes)
  const writer = findCodec(job.answer.essence) as Codec
  const ask = readAsk(job, rows)
  const { byBody, condition } = ask
  const options = optionsOf(job, rows, ask)
  const explains = job.operation === 'explain' || byBody
  const isClarify = condition !== undefined || options.some(isClarifyFormat)
  // Those are one document each, in which the rows stand more than once; a picture is none of rows.
  const isWhole =
    rows.length === 0 ||
    !writer.joinBlocks ||
    (explains
      ? isClarify || job.dialect !== undefined
      : writer.hasWarnings === true && asksWarnings(job.options, rows.parameters))
  if (!isWhole && condition === undefined && (!explains || writer.encodeExplanations))
    return answerInBlocks(predictor, job, rows, writer, explains ? options : undefined)
  return answerRows(
    predictor,
    job,
    { ...rows, ...joinBlocks([...rows.blocks()]) },
    false,
  ) as JobResult
}

function isClarifyFormat([name, value]: readonly [string, unknown]): boolean {
  return name === 'format' && value === 'clarify'
}

/** Whether a job asks for explanations, with what its body says of that. */
function readAsk(job: RowJob, { parameters }: Pick<Decoded, 'parameters'>) {
  const byBody =
    job.explainByBody === true && asksExplanation(parameters.get('explain'), 'the parameters')
  return { byBody, condition: byBody ? undefined : job.enableExplanations }
}

/**
 * Returns the options of explanations in a job and in its body.
 * @throws InputError `invalid_option` for a name that resembles one of them
 */
function optionsOf(
  job: RowJob,
  { parameters }: Pick<Decoded, 'parameters'>,
  { byBody }: ReturnType<typeof readAsk>,
): RowJob['options'] {
  if (job.options.length === 0 && parameters.size === 0) return []
  // Beside predictions, with a condition or none, stand parameters of MLflow's and others, too.
  const own =
    job.operation === 'explain' || byBody
      ? [...parameters].filter(([name]) => !byBody || name !== 'explain')
      : pickOptions(parameters)
  // What stands beside predictions is for explanations only where there are some.
  const given = job.operation === 'explain' ? job.options : pickOptions(job.options)
  return [...given, ...own]
}

function answerRows(
  predictor: Predictor,
  job: RowJob,
  decoded: Decoded,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const { frame } = decoded
  const { selection, dialect = decoded.dialect } = job
  const writer = findCodec(job.answer.essence) as Codec
  const warnings = findWarnings(predictor, decoded)
  const finish = (encoded: Encoded, contentType = job.answer.essence): JobResult => ({
    body: typeof encoded === 'string' ? encoder.encode(encoded) : encoded,
    contentType,
    rows: frame.length,
    ignoredColumns: decoded.ignoredColumns,
    unknownCategories: warnings.unknownCategories,
    warnings: warnings.count,
    tally: job.tally ? warnings.tally() : undefined,
  })
  const encode = (predictions: Predictions, listed?: RowWarnings) =>
    writer.encodePredictions?.(predictions, { dialect, selection, warnings: listed }) as Encoded
  const predict = () => {
    checkPredictions(predictor, frame.length, job.limits, writer, selection)
    return encode(predictor.predict(frame))
  }
  const predictEach = () => {
    checkPredictions(predictor, frame.length, job.limits, writer, selection)
    const predictions = predictor.predict(frame)
    return Array.from({ length: frame.length }, (_, row) =>
      encode(takePrediction(predictions, row)),
    )
  }
  const predictAndTell = () => {
    if (!writer.hasWarnings || !asksWarnings(job.options, decoded.parameters)) return predict()
    const check = (warningBytes: number) =>
      checkPredictions(predictor, frame.length, job.limits, writer, selection, warningBytes)
    check(leastBytes(warnings))
    const listed = warnings.list()
    check(bytesOf(listed))
    return encode(predictor.predict(frame), listed)
  }
  const ask = readAsk(job, decoded)
  const { byBody, condition } = ask
  const options = optionsOf(job, decoded, ask)
  if (job.operation === 'predict' && !byBody && condition === undefined) {
    const isLarge =
      inline &&
      frame.length > 1 &&
      frame.length * predictionBytes(predictor.classes, writer, selection) > INLINE_BYTES
    return isLarge ? undefined : finish(predictAndTell())
  }
  if (byBody && !holdsExplanations(writer)) throw noExplanations(job.answer)
  return answerExplained(predictor, { ...job, options }, frame, {
    writer,
    condition,
    finish,
    predict,
    predictEach,
    warnings,
    inline,
  })
}

function noExplanations({ essence }: MediaType): InputError {
  return new InputError(
    'not_acceptable',
    `${essence} holds no explanations; accept ${answerTypes.explain.join(', ')}`,
  )
}

/** Answers rows in a content type: decodes them, then predicts or explains. */
import type { Codec, Decoded, Encoded, RowWarnings } from '../codecs/codec.ts'
import { answerTypes, findCodec } from '../codecs/index.ts'
import { InputError } from '../errors.ts'
import { type Predictions, takePrediction } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { asksExplanation } from './explain-options.ts'
import { answerExplained } from './explained-rows.ts'
import { pickOptions } from './foreign-options.ts'
import type { JobResult, MaybePromise, RowJob } from './job.ts'
import { asksWarnings, bytesOf, findWarnings, leastBytes } from './job-warnings.ts'
import { checkPredictions } from './limits.ts'
import type { MediaType } from './media-type.ts'

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
  const { rowOffset } = job
  return rowOffset === undefined
    ? decodeAndAnswer(predictor, job, inline)
    : numberErrors(rowOffset, async () => decodeAndAnswer(predictor, job, inline))
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

/** Returns the rows in a job's body. */
export function decodeRows(predictor: Predictor, job: RowJob): MaybePromise<Decoded> {
  if (job.body.length === 0) throw new InputError('empty_body', 'the request has no body')
  const reader: Codec | undefined = findCodec(job.media.essence)
  if (!reader?.decode) throw new Error(`no decoder for ${job.media.essence}`)
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const maxRows = job.limits.maxRows * (reader.rowsPerJsonRow ?? 1)
  return reader.decode(job.body, { inputs, otherColumns, maxRows }, job.media.parameters)
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
  const byBody =
    job.explainByBody === true &&
    asksExplanation(decoded.parameters.get('explain'), 'the parameters')
  const condition = byBody ? undefined : job.enableExplanations
  if (job.operation === 'predict' && !byBody && condition === undefined)
    return finish(predictAndTell())
  if (byBody && !writer.encodeExplanations) throw noExplanations(job.answer)
  // Beside a condition stand parameters of MLflow's and others, too.
  const parameters =
    condition === undefined
      ? [...decoded.parameters].filter(([name]) => !byBody || name !== 'explain')
      : pickOptions(decoded.parameters)
  // What stands beside predictions is for explanations only where there are some.
  const given = job.operation === 'explain' ? job.options : pickOptions(job.options)
  return answerExplained(predictor, { ...job, options: [...given, ...parameters] }, frame, {
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

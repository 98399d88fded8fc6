/** What one request asks, as data that can cross to a worker: bytes in, bytes out. */
import { evaluateCondition, writeClarify } from '../codecs/clarify.ts'
import type { Codec, Decoded, Dialect, Encoded } from '../codecs/codec.ts'
import { answerTypes, findCodec } from '../codecs/index.ts'
import type { Selected } from '../codecs/selection.ts'
import { type Column, countValues, type DataFrame, takeRows } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { startSummary } from '../predictor/summarize-rows.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { Explanations } from '../shap/explanation.ts'
import type { GroupPlan, SummarySums } from '../shap/global-summary.ts'
import { asksExplanation, type ExplainRequest, parseExplainOptions } from './explain-options.ts'
import type { MediaType, Operation } from './media-type.ts'

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
  /** Rows before the first of the body, where it is a part of a file. */
  readonly rowOffset?: number
  /** Sums up explanations in these groups instead of answering them. */
  readonly summary?: readonly GroupPlan[]
  /** Members of predictions that the operator selected. */
  readonly selection?: readonly Selected[] | undefined
  /** Overrides the dialect that the body's form asks for. */
  readonly dialect?: Dialect | undefined
  /**
   * Answers predictions together with explanations in Clarify's form, for the records on which this JMESPath
   * expression over the prediction is true.
   */
  readonly enableExplanations?: string | undefined
  /** Whether `explain` among the body's parameters makes a prediction an explanation. */
  readonly explainByBody?: boolean | undefined
}

export interface JobResult {
  readonly body: Uint8Array
  readonly contentType: string
  /** Where JSON ends and binary data begin, in bodies that have both. */
  readonly jsonLength?: number
  readonly rows: number
  readonly ignoredColumns: number
  /** Cells with a category that training has not seen. */
  readonly unknownCategories: number
  readonly sums?: SummarySums
}

const encoder = new TextEncoder()

/** Longest computation, in estimated seconds, that may hold up other requests. */
export const INLINE_SECONDS = 0.01

/** Most answers are there at once; to wait for them all the same would cost every request. */
export type MaybePromise<T> = T | Promise<T>

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body or the options
 */
export function runJob(
  predictor: Predictor,
  job: Job,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const { rowOffset } = job
  return rowOffset === undefined
    ? answerJob(predictor, job, inline)
    : numberErrors(rowOffset, async () => answerJob(predictor, job, inline))
}

/** Decoders and models number the rows of what they get from 1. */
async function numberErrors<T>(offset: number, answer: () => Promise<T>): Promise<T> {
  try {
    return await answer()
  } catch (error) {
    throw error instanceof InputError ? error.numberRows((row) => row + offset) : error
  }
}

function answerJob(
  predictor: Predictor,
  job: Job,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const decoded = decodeRows(predictor, job)
  return decoded instanceof Promise
    ? decoded.then((rows) => answerRows(predictor, job, rows, inline))
    : answerRows(predictor, job, decoded, inline)
}

function answerRows(
  predictor: Predictor,
  job: Job,
  decoded: Decoded,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  const { frame } = decoded
  const writer = findCodec(job.answer.essence) as Codec
  const finish = (encoded: Encoded, contentType = job.answer.essence): JobResult => ({
    body: typeof encoded === 'string' ? encoder.encode(encoded) : encoded,
    contentType,
    rows: frame.length,
    ignoredColumns: decoded.ignoredColumns,
    unknownCategories: countUnknown(predictor.preprocessor.spec.inputs, frame),
  })
  const predict = () => {
    checkAnswer(frame.length * predictionBytes(predictor, writer.name, job.selection), job.limits)
    const style = {
      dialect: job.dialect ?? decoded.dialect,
      ...(job.selection ? { selection: job.selection } : {}),
    }
    return writer.encodePredictions?.(predictor.predict(frame), style) as Encoded
  }
  const byBody =
    job.explainByBody === true &&
    asksExplanation(decoded.parameters.get('explain'), 'the parameters')
  const condition = byBody ? undefined : job.enableExplanations
  if (job.operation === 'predict' && !byBody && condition === undefined) return finish(predict())
  if (byBody && !writer.encodeExplanations) throw noExplanations(job.answer)
  const parameters = [...decoded.parameters].filter(([name]) => !byBody || name !== 'explain')
  return explainRows(predictor, { ...job, options: [...job.options, ...parameters] }, frame, {
    writer,
    condition,
    finish,
    predict,
    inline,
  })
}

/** What an explanation needs of the answer around it. */
interface ExplainContext {
  readonly writer: Codec
  /** Explanations stand beside predictions, for the rows on which this is true. */
  readonly condition: string | undefined
  finish(encoded: Encoded, contentType?: string): JobResult
  predict(): Encoded
  readonly inline: boolean
}

async function explainRows(
  predictor: Predictor,
  job: Job,
  frame: DataFrame,
  { writer, condition, finish, predict, inline }: ExplainContext,
): Promise<JobResult | undefined> {
  const asksClarify = condition !== undefined
  const given = parseExplainOptions(asksClarify ? [['format', 'clarify']] : job.options)
  const options = {
    ...withDefaults(predictor, given),
    ...(job.rowOffset === undefined ? {} : { isPart: true }),
  }
  const wanted = asksClarify
    ? await evaluateCondition(condition, predictor.predict(frame), writer.name, job.selection)
    : undefined
  const explained = wanted && !wanted.includes(true) ? takeRows(frame, new Int32Array()) : frame
  checkForm(options, writer.name)
  const seconds = checkExplanation(predictor, explained, options, job.limits, !inline)
  if (inline && seconds > INLINE_SECONDS) return undefined
  if (job.summary) {
    const summary = startSummary(predictor, job.summary, options)
    summary.add(frame)
    return { ...finish(''), sums: summary.builder.sums }
  }
  if (options.format === 'clarify') {
    const explanations = predictor.explain(explained, options)
    const text = asksClarify ? toText(predict()) : undefined
    const contentType = asksClarify ? job.answer.essence : 'text/csv'
    return finish(writeClarify(explanations, { contentType, text }, wanted), 'application/json')
  }
  const style = {
    format: options.format ?? ('json' as const),
    mediaParameters: job.answer.parameters,
    ...(options.interactions ? { interactions: true } : {}),
  }
  const explanations = numberFrom(predictor.explain(frame, options), job.rowOffset ?? 0)
  return finish(writer.encodeExplanations?.(explanations, style) as Encoded)
}

/** Numbers the rows of a part of a file as the file's. */
function numberFrom(explanations: Explanations, offset: number): Explanations {
  if (offset === 0) return explanations
  return {
    ...explanations,
    rows: explanations.rows.map((explanation) => ({
      ...explanation,
      row: explanation.row + offset,
    })),
  }
}

/** Returns the rows in a job's body. */
export function decodeRows(predictor: Predictor, job: Job): MaybePromise<Decoded> {
  if (job.body.length === 0) throw new InputError('empty_body', 'the request has no body')
  const reader: Codec | undefined = findCodec(job.media.essence)
  if (!reader?.decode) throw new Error(`no decoder for ${job.media.essence}`)
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const maxRows = job.limits.maxRows * (reader.rowsPerJsonRow ?? 1)
  return reader.decode(job.body, { inputs, otherColumns, maxRows }, job.media.parameters)
}

function noExplanations({ essence }: MediaType): InputError {
  return new InputError(
    'not_acceptable',
    `${essence} holds no explanations; accept ${answerTypes.explain.join(', ')}`,
  )
}

/** Clarify's answer has one column per score, for all rows the same classes. */
function withDefaults({ classes }: Predictor, options: ExplainRequest): ExplainRequest {
  if (options.format !== 'clarify' || options.output !== undefined) return options
  return { ...options, output: classes.length === 2 ? classes[1]! : 'all' }
}

/** Not every form has room for everything that can be asked for. */
function checkForm(options: ExplainRequest, form: string): void {
  const isPlain = options.format === undefined || options.format === 'json'
  const isJson = form === 'json' || form === 'json-lines'
  if (options.interactions && !(isPlain && (isJson || form === 'csv'))) {
    throw new InputError(
      'invalid_option',
      'interactions are answered in format=json as JSON or JSON Lines, or as CSV',
    )
  }
  if (options.counterfactual !== undefined && !(isJson && options.format !== 'clarify')) {
    throw new InputError(
      'invalid_option',
      'counterfactuals are answered as JSON or JSON Lines, in format=json or contributions',
    )
  }
}

/**
 * Throws what must be said before an explanation is computed: options, size, cost.
 * @param prepare whether an explainer may be built here and now
 * @returns estimated seconds
 */
export function checkExplanation(
  predictor: Predictor,
  frame: DataFrame,
  options: ExplainRequest,
  limits: Limits,
  prepare: boolean,
): number {
  const rows = frame.length
  predictor.checkOptions(options)
  checkAnswer(answerBytes(predictor, frame, options), limits)
  const seconds = predictor.estimateSeconds(rows, options, prepare)
  if (seconds > limits.maxSeconds) {
    throw new InputError(
      'too_expensive',
      `explaining ${rows} ${rows === 1 ? 'row' : 'rows'} would take about ${Math.ceil(seconds)} s, the budget is ${limits.maxSeconds} s; send fewer rows`,
    )
  }
  return seconds
}

function toText(encoded: Encoded): string {
  return typeof encoded === 'string' ? encoded : Buffer.from(encoded).toString('base64')
}

/** Estimated bytes of one row's prediction, on the safe side. */
export function predictionBytes(
  { classes }: Predictor,
  format: string,
  selection: readonly Selected[] | undefined,
): number {
  if (format === 'csv' && selection === undefined)
    return 21 * (classes.length === 2 ? 1 : classes.length)
  const names = classes.reduce((sum, name) => sum + name.length + 4, 0)
  return 60 + 2 * (names + 24 * classes.length)
}

/** Estimated bytes of an explanation, on the safe side: numbers, names where they stand in every row, texts sent. */
function answerBytes(predictor: Predictor, frame: DataFrame, options: ExplainRequest): number {
  const { featureNamesIn, featureNamesOut } = predictor.preprocessor
  const names = options.level === 'features' ? featureNamesOut : featureNamesIn
  const outputs = options.output === 'all' ? predictor.classes.length : 1
  const nameBytes = names.reduce((sum, name) => sum + name.length + 4, 0)
  const repeats = options.format === 'contributions' || options.format === 'clarify' ? outputs : 1
  const perRow = 250 + names.length * 24 * (outputs + 1) + repeats * (nameBytes + names.length * 40)
  const texts = frame.columns.reduce((sum, column) => sum + textBytes(column), 0)
  const pairs = options.interactions
    ? outputs * names.length * (names.length * 40 + 2 * nameBytes)
    : 0
  const changes = options.counterfactual === undefined ? 0 : 400
  return frame.length * (perRow + pairs + changes) + texts * repeats
}

function textBytes(column: Column): number {
  if (column.kind === 'number') return 0
  const sizes = column.levels.map((level) => level.length + 3)
  return column.codes.reduce((sum, code) => sum + (code < 0 ? 4 : sizes[code]!), 0)
}

export function checkAnswer(bytes: number, { maxAnswerBytes }: Limits): void {
  if (bytes > maxAnswerBytes) {
    throw new InputError(
      'too_large',
      `the answer would have about ${Math.ceil(bytes / 1e6)} MB, at most ${Math.floor(maxAnswerBytes / 1e6)} MB are sent; send fewer rows`,
    )
  }
}

/** Returns how many cells hold a category that training has not seen. */
export function countUnknown(inputs: readonly InputColumn[], frame: DataFrame): number {
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

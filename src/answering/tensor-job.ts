/** Answers tensors of the Open Inference Protocol by tensors. */
import { randomUUID } from 'node:crypto'
import { decodeInstances, json as jsonCodec } from '../codecs/json.ts'
import { jsonLines } from '../codecs/json-lines.ts'
import { parseJson } from '../codecs/json-text.ts'
import { labelAt } from '../codecs/wire.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { writeBinaryData } from './binary-tensors.ts'
import { type ExplainRequest, parseExplainOptions } from './explain-options.ts'
import { pickOptions } from './foreign-options.ts'
import type { JobResult, TensorJob } from './job.ts'
import { findWarnings, type JobWarnings, leastBytes, tellRows } from './job-warnings.ts'
import { checkExplanation, checkPredictions, INLINE_SECONDS, wholeRows } from './limits.ts'
import { type OutputName, readOutputs, readParameters, readTruth } from './tensor-outputs.ts'
import { readTensorRows } from './tensor-rows.ts'
import { checkRequestType } from './tensor-values.ts'

interface OutputTensor {
  readonly name: OutputName
  readonly shape: readonly number[]
  readonly datatype: 'FP64' | 'BYTES'
  readonly data: readonly (number | string)[]
}

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body
 */
export function runTensorJob(
  predictor: Predictor,
  job: TensorJob,
  inline: boolean,
): JobResult | undefined {
  const { json, binary } = splitBody(job)
  const { id, inputs, outputs, isDefault, options } = readRequest(job, parseJson(decodeUtf8(json)))
  const { spec } = predictor.preprocessor
  const maxRows = Math.min(job.limits.maxRows, wholeRows(spec.inputs.length))
  const rows = readTensorRows(inputs, spec.inputs, maxRows, binary)
  const decoded = decodeInstances(rows, { ...spec, maxRows })
  const { frame, ignored } = decoded
  checkPredictions(predictor, frame.length, job.limits, jsonCodec)
  const asksExplanation = outputs.some(({ name }) => name === 'explain')
  const warnings = findWarnings(predictor, decoded)
  if (asksExplanation) {
    const check = () =>
      checkExplanation(predictor, frame, options, job.limits, !inline, leastBytes(warnings))
    const seconds = isDefault ? withWayOut(check) : check()
    if (inline && seconds > INLINE_SECONDS) return undefined
  }
  const predictions = predictor.predict(frame)
  const explained = asksExplanation ? explainLines(predictor, frame, options, warnings) : []
  const answer = writeAnswer(
    { model_name: job.modelName, model_version: predictor.modelId, id: id ?? randomUUID() },
    outputs.map(({ name, isBinary }) => {
      return { tensor: tensorOf(name, predictions, explained), isBinary }
    }),
  )
  return {
    ...answer,
    rows: frame.length,
    ignoredColumns: ignored.count,
    unknownCategories: warnings.unknownCategories,
    warnings: warnings.count,
  }
}

function splitBody({ body, headerLength }: TensorJob) {
  if (body.length === 0) throw new InputError('empty_body', 'the request has no body')
  if (headerLength === undefined) return { json: body, binary: undefined }
  if (headerLength > body.length) {
    throw new InputError(
      'invalid_shape',
      `Inference-Header-Content-Length is ${headerLength}, the body has ${body.length} bytes`,
    )
  }
  return { json: body.subarray(0, headerLength), binary: body.subarray(headerLength) }
}

function readRequest({ outputs: defaults, options: query }: TensorJob, value: unknown) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', 'the body must be an object with "inputs"')
  }
  const { id, inputs, outputs: asked, parameters } = value as Readonly<Record<string, unknown>>
  if (id !== undefined && id !== null && typeof id !== 'string')
    throw new InputError('invalid_shape', '"id" must be a text')
  checkRequestType(parameters)
  const outputs = readOutputs(asked, defaults, readTruth(parameters, 'binary_data_output') ?? false)
  const ofOutput = outputs.find(({ name }) => name === 'explain')?.parameters
  const options = [query, readParameters(parameters), ofOutput ?? {}].flatMap((given) =>
    pickOptions(Array.isArray(given) ? given : Object.entries(given)),
  )
  const isDefault = !Array.isArray(asked) || asked.length === 0
  return { id, inputs, outputs, isDefault, options: readOptions(options) }
}

/** Options of the output `explain`, which has one form. */
type TensorOptions = Omit<ExplainRequest, 'format'>

/** One text per row has room for one explanation in the form of /explain. */
function readOptions(given: readonly (readonly [string, unknown])[]): TensorOptions {
  const { format, ...options } = parseExplainOptions(given)
  if (format === undefined || format === 'json') return options
  throw new InputError(
    'invalid_option',
    `format is ${quote(format)}, the output explain has format=json`,
  )
}

/** An explanation that nobody has asked for by name is refused with what to ask instead. */
function withWayOut<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    const isCost = error instanceof InputError && /^too_/.test(error.code)
    if (!isCost) throw error
    throw new InputError(error.code, `${error.message}, or name "outputs" without "explain"`)
  }
}

function explainLines(
  predictor: Predictor,
  frame: Parameters<Predictor['explain']>[0],
  { warnings: asked, ...options }: TensorOptions,
  warnings: JobWarnings,
): string[] {
  const style = {
    format: 'json',
    mediaParameters: new Map<string, string>(),
    warnings: tellRows(warnings, asked),
  } as const
  return jsonLines
    .encodeExplanations(predictor.explain(frame, options), style)
    .split('\n')
    .filter((line) => line !== '')
}

function tensorOf(
  name: OutputName,
  predictions: Predictions,
  explained: readonly string[],
): OutputTensor {
  const { rows, classes, numericClasses, probabilities } = predictions
  switch (name) {
    case 'explain':
      return { name, shape: [rows], datatype: 'BYTES', data: explained }
    case 'predict_proba':
      return {
        name,
        shape: [rows, classes.length],
        datatype: 'FP64',
        data: Array.from(probabilities),
      }
    case 'predict': {
      const data = Array.from({ length: rows }, (_, row) => labelAt(predictions, row))
      return { name, shape: [rows], datatype: numericClasses ? 'FP64' : 'BYTES', data }
    }
  }
}

/** Returns JSON, and behind it the data of the tensors that were asked for as bytes. */
function writeAnswer(
  head: Readonly<Record<string, unknown>>,
  outputs: readonly { readonly tensor: OutputTensor; readonly isBinary: boolean }[],
): Pick<JobResult, 'body' | 'contentType' | 'jsonLength'> {
  const parts: Uint8Array[] = []
  const written = outputs.map(({ tensor, isBinary }) => {
    if (!isBinary) return tensor
    const { data, ...rest } = tensor
    const bytes = writeBinaryData(data)
    parts.push(bytes)
    return { ...rest, parameters: { binary_data_size: bytes.length } }
  })
  const json = new TextEncoder().encode(JSON.stringify({ ...head, outputs: written }))
  if (parts.length === 0) return { body: json, contentType: 'application/json' }
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, json.length))
  body.set(json)
  let offset = json.length
  for (const part of parts) {
    body.set(part, offset)
    offset += part.length
  }
  return { body, contentType: 'application/octet-stream', jsonLength: json.length }
}

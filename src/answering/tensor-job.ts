/** Answers tensors of the Open Inference Protocol by tensors. */
import { randomUUID } from 'node:crypto'
import { decodeInstances, json as jsonCodec } from '../codecs/json.ts'
import { jsonLines } from '../codecs/json-lines.ts'
import { parseJson } from '../codecs/json-text.ts'
import { labelAt } from '../codecs/wire.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, listNames, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { writeBinaryData } from './binary-tensors.ts'
import type { JobResult, TensorJob } from './job.ts'
import { checkExplanation, checkPredictions, INLINE_SECONDS } from './limits.ts'
import { readTensorRows } from './tensor-rows.ts'
import { countUnknown } from './unknown-categories.ts'

/** What may be asked for; a request that names none gets the first. */
const outputNames = ['predict', 'predict_proba', 'explain'] as const
type OutputName = (typeof outputNames)[number]

interface Output {
  readonly name: OutputName
  readonly isBinary: boolean
}

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
  const { id, inputs, outputs } = readRequest(parseJson(decodeUtf8(json)))
  const { spec } = predictor.preprocessor
  const { maxRows } = job.limits
  const rows = readTensorRows(inputs, spec.inputs, maxRows, binary)
  const { frame, ignoredColumns } = decodeInstances(rows, { ...spec, maxRows })
  checkPredictions(predictor, frame.length, job.limits, jsonCodec)
  const asksExplanation = outputs.some(({ name }) => name === 'explain')
  if (asksExplanation) {
    const seconds = checkExplanation(predictor, frame, {}, job.limits, !inline)
    if (inline && seconds > INLINE_SECONDS) return undefined
  }
  const predictions = predictor.predict(frame)
  const explained = asksExplanation ? explainLines(predictor, frame) : []
  const answer = writeAnswer(
    { model_name: job.modelName, model_version: predictor.modelId, id: id ?? randomUUID() },
    outputs.map(({ name, isBinary }) => {
      return { tensor: tensorOf(name, predictions, explained), isBinary }
    }),
  )
  return {
    ...answer,
    rows: frame.length,
    ignoredColumns,
    unknownCategories: countUnknown(spec.inputs, frame),
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

function readRequest(value: unknown) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', 'the body must be an object with "inputs"')
  }
  const { id, inputs, outputs, parameters } = value as Readonly<Record<string, unknown>>
  if (id !== undefined && id !== null && typeof id !== 'string')
    throw new InputError('invalid_shape', '"id" must be a text')
  const allBinary = readTruth(parameters, 'binary_data_output') ?? false
  return { id, inputs, outputs: readOutputs(outputs, allBinary) }
}

function readOutputs(value: unknown, allBinary: boolean): Output[] {
  const fallback: Output = { name: 'predict', isBinary: allBinary }
  if (value === undefined || value === null) return [fallback]
  if (!Array.isArray(value)) throw new InputError('invalid_shape', '"outputs" must be a list')
  if (value.length === 0) return [fallback]
  const asked = new Set<OutputName>()
  return value.map((item: unknown): Output => {
    const { name, parameters } = (item ?? {}) as { name?: unknown; parameters?: unknown }
    const found = outputNames.find((known) => known === name)
    if (found === undefined) {
      throw new InputError(
        'invalid_option',
        `the output ${quote(name)} does not exist; there are ${listNames(outputNames)}`,
      )
    }
    if (asked.has(found))
      throw new InputError('invalid_option', `the output ${quote(found)} is asked for twice`)
    asked.add(found)
    return { name: found, isBinary: readTruth(parameters, 'binary_data') ?? allBinary }
  })
}

/** Returns a parameter that is true or false; parameters of other servers are ignored. */
function readTruth(parameters: unknown, name: string): boolean | undefined {
  const value = (parameters as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new InputError('invalid_option', `${name} is ${quote(value)}, expected true or false`)
}

function explainLines(predictor: Predictor, frame: Parameters<Predictor['explain']>[0]): string[] {
  const style = { format: 'json', mediaParameters: new Map<string, string>() } as const
  return jsonLines
    .encodeExplanations(predictor.explain(frame), style)
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

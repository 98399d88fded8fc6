/** What a request of the Open Inference Protocol says beside its tensors. */
import { InputError, quote } from '../errors.ts'
import { type ExplainRequest, parseExplainOptions } from './explain-options.ts'
import { pickOptions } from './foreign-options.ts'
import type { TensorJob } from './job.ts'
import { readOutputs, readParameters, readTruth } from './tensor-outputs.ts'
import { checkRequestType } from './tensor-values.ts'

/**
 * Returns the JSON of a body and what stands behind it.
 * @throws InputError `empty_body`, `invalid_shape`
 */
export function splitBody({ body, headerLength }: TensorJob) {
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

/**
 * Returns what a request asks for.
 * @param value its JSON
 * @throws InputError naming the member
 */
export function readRequest({ outputs: defaults, options: query }: TensorJob, value: unknown) {
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
export type TensorOptions = Omit<ExplainRequest, 'format'>

/** One text per row has room for one explanation in the form of /explain. */
function readOptions(given: readonly (readonly [string, unknown])[]): TensorOptions {
  const { format, ...options } = parseExplainOptions(given)
  if (format === undefined || format === 'json') return options
  throw new InputError(
    'invalid_option',
    `format is ${quote(format)}, the output explain has format=json`,
  )
}

/** The output tensors of the Open Inference Protocol: which there are, and which a request asks for. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'

/** Every output, in the order of metadata. */
export const outputNames = ['predict', 'predict_proba', 'explain'] as const
export type OutputName = (typeof outputNames)[number]

/** One output as it is asked for. */
export interface Output {
  readonly name: OutputName
  readonly isBinary: boolean
  /** What else was said of it. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/**
 * Returns the outputs that a comma-separated list names: those of metadata, and of requests that name none.
 * @throws InputError `invalid_option`
 */
export function parseOutputNames(text: string): readonly OutputName[] {
  const names = text.split(',').map((name) => name.trim())
  const found = names.map((name) => findOutput(name))
  const twice = found.find((name, at) => found.indexOf(name) !== at)
  if (twice === undefined) return found
  throw new InputError('invalid_option', `the output ${quote(twice)} is named twice`)
}

/**
 * Returns the outputs that a request asks for.
 * @param value its "outputs"
 * @param defaults outputs of a request that names none: the protocol's are all that metadata lists
 * @param allBinary whether they are bytes where they do not say otherwise
 * @throws InputError `invalid_shape`, `invalid_option`
 */
export function readOutputs(
  value: unknown,
  defaults: readonly OutputName[],
  allBinary: boolean,
): Output[] {
  const list: unknown = value ?? []
  if (!Array.isArray(list)) throw new InputError('invalid_shape', '"outputs" must be a list')
  if (list.length === 0)
    return defaults.map((name) => ({ name, isBinary: allBinary, parameters: {} }))
  const asked = new Set<OutputName>()
  return list.map((item: unknown): Output => {
    const { name: sent, parameters } = (item ?? {}) as { name?: unknown; parameters?: unknown }
    const name = findOutput(sent)
    if (asked.has(name))
      throw new InputError('invalid_option', `the output ${quote(name)} is asked for twice`)
    asked.add(name)
    const isBinary = readTruth(parameters, 'binary_data') ?? allBinary
    return { name, isBinary, parameters: readParameters(parameters) }
  })
}

/** Returns parameters as an object, an empty one where there are none. */
export function readParameters(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}

/** Returns a parameter that is true or false; parameters of other servers are ignored. */
export function readTruth(parameters: unknown, name: string): boolean | undefined {
  const value = (parameters as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new InputError('invalid_option', `${name} is ${quote(value)}, expected true or false`)
}

function findOutput(name: unknown): OutputName {
  const found = outputNames.find((known) => known === name)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `the output ${quote(name)} does not exist; there are ${listNames(outputNames)}${didYouMean(String(name), outputNames)}`,
  )
}

/** Explanations in the answers that carry them. */
import { decodeJson, decodeText, linesOf } from './text.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the additivity of one output of one record is checked on. */
export type AdditivityScope = Readonly<{
  expected_value: unknown
  attributions: readonly unknown[]
  model_output: unknown
}>

/** Returns the explanation of every record of a body; undefined for a record without one. */
export function findExplanations(body: Uint8Array, contentType: string | undefined): unknown[] {
  const isLines = /json-?l|ndjson/.test(contentType ?? '')
  const root = isLines
    ? linesOf(decodeText(body)).map((line) => JSON.parse(line) as unknown)
    : decodeJson(body)
  if (Array.isArray(root)) return root.map(explanationIn)
  const { explanations, predictions } = toObject(root)
  const { kernel_shap: kernelShap } = toObject(explanations)
  if (Array.isArray(explanations)) return explanations as unknown[]
  if (Array.isArray(kernelShap)) return kernelShap as unknown[]
  return Array.isArray(predictions) ? predictions.map(explanationIn) : []
}

/** Whether an explanation holds at least one number per feature, and nothing but finite numbers. */
export function hasAttributions(explanation: unknown): boolean {
  const found = Array.isArray(explanation) ? [explanation] : attributionsIn(toObject(explanation))
  const numbers = found.flatMap(numbersIn)
  return numbers.length > 0 && numbers.every((value) => Number.isFinite(value))
}

const attributionNames = ['attributions', 'attribution', 'shap_values', 'contributions', 'values']
const expectedNames = ['expected_value', 'expected_values', 'base_values', 'base_value']
const outputNames = ['model_output', 'model_outputs', 'outputs', 'output']

/**
 * Returns the numbers that must add up, one scope per record and output.
 * @throws Error where records have them in no known form
 */
export function additivityScopes(root: unknown): AdditivityScope[] {
  const head = toObject(root)
  const records = Array.isArray(head.explanations) ? (head.explanations as unknown[]) : [root]
  return records.flatMap((record) => {
    const own = toObject(record)
    const [found] = attributionsIn(own)
    if (!Array.isArray(found) || found.length === 0) throw new Error('a record has no attributions')
    const outputs = (Array.isArray(found[0]) ? found : [found]) as unknown[][]
    const expected = toList(pick(own, expectedNames) ?? pick(head, expectedNames))
    const modelOutputs = toList(pick(own, outputNames))
    const others = own.others === undefined ? undefined : toList(own.others)
    if (expected.length !== outputs.length || modelOutputs.length !== outputs.length)
      throw new Error('expected values, attributions and outputs differ in number')
    return outputs.map((values, k) => ({
      expected_value: expected[k],
      attributions: [...values.map(contributionOf), ...(others ? [others[k]] : [])],
      model_output: modelOutputs[k],
    }))
  })
}

function explanationIn(record: unknown): unknown {
  const fields = toObject(record)
  const own = fields.explanation ?? fields.explanations
  if (own !== undefined) return own
  return attributionsIn(fields).length > 0 ? record : undefined
}

function attributionsIn(fields: Fields): unknown[] {
  return attributionNames.flatMap((name) => (fields[name] === undefined ? [] : [fields[name]]))
}

/** A contribution for people is an object around its number. */
function contributionOf(value: unknown): unknown {
  return typeof value === 'number' ? value : pick(toObject(value), ['shap_value', 'attribution'])
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  if (value === null || typeof value !== 'object') return [Number.NaN]
  if (Array.isArray(value)) return value.flatMap(numbersIn)
  const { shap_value: shapValue, attribution, attributions } = value as Fields
  return numbersIn(shapValue ?? attribution ?? attributions)
}

function pick(fields: Fields, names: readonly string[]): unknown {
  const name = names.find((known) => fields[known] !== undefined)
  return name === undefined ? undefined : fields[name]
}

function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value]
}

function toObject(value: unknown): Fields {
  return value !== null && typeof value === 'object' ? (value as Fields) : {}
}

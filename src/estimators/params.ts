/** Estimator parameters as data: one table per estimator checks them, prints their help and documents them. */
import { didYouMean, InputError, quote } from '../errors.ts'

/** One parameter: its type, range, default and meaning. */
export type ParamSpec = {
  readonly description: string
  /** A setting of the run that leaves the model as it is, such as the number of threads; not stored with it. */
  readonly isRunSetting?: true
} & (
  | {
      readonly type: 'integer' | 'number'
      readonly minimum: number
      readonly maximum: number
      readonly default: number | null
      readonly optional?: true
    }
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default: string }
  | { readonly type: 'features'; readonly default: number | string }
  /** A count from 1 or a share below 1; null: all. */
  | { readonly type: 'rows'; readonly default: number | null }
  /** A choice, or an object from class name to weight, kept as its JSON text. */
  | { readonly type: 'class_weight'; readonly choices: readonly string[]; readonly default: string }
)

/** Most splits on a path of a tree that is trained here; no table of rows has use for more. */
export const MAX_GROWN_DEPTH = 64

export type ParamValue = number | string | boolean | null
export type ParamsSchema = Readonly<Record<string, ParamSpec>>
export type Params = Readonly<Record<string, ParamValue>>

/**
 * Returns the parameters with defaults filled in. Values may be texts, as SageMaker and the command line send them.
 * @throws InputError `invalid_parameter` that lists everything wrong at once, with the ranges allowed
 */
export function parseParams(schema: ParamsSchema, given: ReadonlyMap<string, unknown>): Params {
  const problems: string[] = []
  for (const name of given.keys()) {
    if (!Object.hasOwn(schema, name)) {
      problems.push(`unknown parameter ${quote(name)}${didYouMean(name, Object.keys(schema))}`)
    }
  }
  const params: Record<string, ParamValue> = {}
  for (const [name, spec] of Object.entries(schema)) {
    const value = given.has(name) ? parseValue(spec, given.get(name)) : spec.default
    if (value === undefined)
      problems.push(
        `parameter ${name} is ${quote(given.get(name))}, expected ${describeRange(spec)}${hintFor(spec, given.get(name))}`,
      )
    else params[name] = value
  }
  if (problems.length > 0) throw new InputError('invalid_parameter', problems.join('; '))
  return params
}

function hintFor(spec: ParamSpec, value: unknown): string {
  return spec.type === 'choice' && typeof value === 'string' ? didYouMean(value, spec.choices) : ''
}

/** Returns what a parameter may be, in words. */
export function describeRange(spec: ParamSpec): string {
  switch (spec.type) {
    case 'boolean':
      return 'true or false'
    case 'choice':
      return spec.choices.join(', ')
    case 'features':
      return 'a whole number from 1, a share below 1, sqrt, log2 or all'
    case 'rows':
      return 'a whole number from 1, a share below 1 or none'
    case 'class_weight':
      return `${spec.choices.join(', ')} or an object from class to weight such as {"yes":2}`
    default: {
      const range = `from ${spec.minimum} to ${spec.maximum}`
      const kind = spec.type === 'integer' ? 'a whole number' : 'a number'
      return `${kind} ${range}${spec.optional ? ' or none' : ''}`
    }
  }
}

/** Returns the value in the parameter's type, or undefined if it is not one. */
function parseValue(spec: ParamSpec, given: unknown): ParamValue | undefined {
  if (spec.type === 'class_weight') return parseClassWeight(spec.choices, given)
  if (given !== null && typeof given === 'object') return undefined
  const value = typeof given === 'string' ? given.trim() : given
  switch (spec.type) {
    case 'boolean': {
      const text = String(value).toLowerCase()
      return text === 'true' ? true : text === 'false' ? false : undefined
    }
    case 'choice':
      return spec.choices.find((choice) => choice === value)
    case 'features':
      return parseFeatureCount(value)
    case 'rows':
      return isNone(value) || isWholeShare(value) ? null : parseCountOrShare(value)
    default: {
      if (spec.optional && isNone(value)) return null
      const number = parseDecimal(value)
      const fits = number !== undefined && number >= spec.minimum && number <= spec.maximum
      return fits && (spec.type === 'number' || Number.isInteger(number)) ? number : undefined
    }
  }
}

/** A count of features stays a number ≥ 1, a share a number < 1; the share 1.0 is all of them, as in scikit-learn. */
function parseFeatureCount(value: unknown): number | string | undefined {
  if (value === 'all' || isNone(value) || isWholeShare(value)) return 'all'
  if (value === 'sqrt' || value === 'log2') return value
  return parseCountOrShare(value)
}

function parseCountOrShare(value: unknown): number | undefined {
  const number = parseDecimal(value)
  if (number === undefined || number <= 0) return undefined
  return number < 1 || Number.isInteger(number) ? number : undefined
}

/** A 1 with a point is a share, without one a count. */
function isWholeShare(value: unknown): boolean {
  return typeof value === 'string' && /^\+?1\.0*$/.test(value)
}

function isNone(value: unknown): boolean {
  return value === null || /^(none|null)$/i.test(String(value))
}

function parseClassWeight(choices: readonly string[], given: unknown): string | undefined {
  if (given === null) return choices.find((choice) => choice === 'none')
  if (typeof given !== 'string' && typeof given !== 'object') return undefined
  if (typeof given === 'string') {
    const text = given.trim()
    const choice = choices.find((known) => known === text.toLowerCase())
    if (choice !== undefined) return choice
    try {
      return parseClassWeight(choices, JSON.parse(text) as object)
    } catch {
      return undefined
    }
  }
  const entries = Object.entries(given)
  const areWeights = entries.every(
    ([, weight]) => typeof weight === 'number' && Number.isFinite(weight) && weight >= 0,
  )
  return !Array.isArray(given) && entries.length > 0 && areWeights
    ? JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))
    : undefined
}

function parseDecimal(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))
    return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** Returns how many of `features` a `features` parameter means, at least one and at most all. */
export function featureCount(value: ParamValue, features: number): number {
  if (value === 'all') return features
  if (value === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(features)))
  if (value === 'log2') return Math.max(1, Math.floor(Math.log2(features)))
  const number = value as number
  return Math.max(1, Math.min(features, number < 1 ? Math.floor(number * features) : number))
}

/** Returns the parameters that make the model what it is: all but the settings of the run. */
export function storedParams(schema: ParamsSchema, params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).filter(([name]) => schema[name]?.isRunSetting !== true),
  )
}

/** Returns how many of `rows` a `rows` parameter means, at least one and at most all. */
export function rowCount(value: ParamValue, rows: number): number {
  if (value === null) return rows
  const number = value as number
  return Math.max(1, Math.min(rows, number < 1 ? Math.floor(number * rows) : number))
}

/** Where the features of a pipeline come from: an input column, what is done to it, and which of its levels. */
import type { ModelSpec } from '../models/model.ts'
import { type AnyTransformer, keepsMissing } from '../preprocess/index.ts'
import type { Pipeline, PipelineInput } from './pipeline.ts'

/** One feature on its way through a pipeline. */
export interface FeatureSource {
  /** Number of the input column. */
  readonly input: number
  readonly chain: readonly AnyTransformer[]
  /** Which of the features that the chain makes; 0 where it makes one. */
  readonly level: number
  /** Whether the chain makes several. */
  readonly isLevel: boolean
  /** Whether a category that was not there in training is refused. */
  readonly closed: boolean
  /** Whether a missing value is refused. */
  readonly refusesMissing: boolean
}

/** Returns every input column as a feature. */
export function plainSources(inputs: number): FeatureSource[] {
  return Array.from({ length: inputs }, (_, input) => ({
    input,
    chain: [],
    level: 0,
    isLevel: false,
    closed: false,
    refusesMissing: false,
  }))
}

/** How many features a chain makes. */
function countLevels(chain: readonly AnyTransformer[]): number {
  const last = chain.at(-1)
  if (last?.kind !== 'one_hot_encoder') return 1
  return last.categories.length + (last.infrequent.length > 0 ? 1 : 0) + (last.missingLevel ? 1 : 0)
}

/**
 * Returns the pipeline that makes a model's features, and the model over what it makes: a chain makes all its levels,
 * in an order of its own, also those that the model was not given.
 * @param sources of the model's features, in their order
 */
export function layOut(
  sources: readonly FeatureSource[],
  spec: ModelSpec,
  inputs: number,
  acceptsMissing: boolean,
): { pipeline: Pipeline; spec: ModelSpec } {
  const steps: { input: number; chain: readonly AnyTransformer[] }[] = []
  const firstOf = new Map<string, number>()
  // Levels share their chain, which may name thousands of categories.
  const textOf = new Map<FeatureSource['chain'], string>()
  const sourcesOf = Array.from({ length: inputs }, (): FeatureSource[] => [])
  let features = 0
  const places = sources.map((source) => {
    const { input, chain, level } = source
    sourcesOf[input]!.push(source)
    const text = textOf.get(chain) ?? JSON.stringify(chain)
    textOf.set(chain, text)
    const key = `${input} ${text}`
    let first = firstOf.get(key)
    if (first === undefined) {
      first = features
      firstOf.set(key, first)
      steps.push({ input, chain })
      features += countLevels(chain)
    }
    return first + level
  })
  const described = sourcesOf.map((own) => describeInput(own, acceptsMissing))
  return { pipeline: { inputs: described, steps }, spec: moveFeatures(spec, places, features) }
}

function describeInput(
  sources: readonly FeatureSource[],
  acceptsMissing: boolean,
): PipelineInput | undefined {
  if (sources.length === 0) return undefined
  const chains = sources.map(({ chain }) => chain)
  const all = chains.flat()
  const encoder = all.find(
    (one) => one.kind === 'one_hot_encoder' || one.kind === 'ordinal_encoder',
  )
  const categories =
    encoder?.kind === 'one_hot_encoder'
      ? [...encoder.categories, ...encoder.infrequent]
      : encoder?.kind === 'ordinal_encoder'
        ? encoder.categories
        : undefined
  const imputer = all.find((one) => one.kind === 'impute_category' || one.kind === 'impute_number')
  const fill = imputer && 'value' in imputer ? imputer.value : undefined
  const scaler = all.find((one) => one.kind === 'standard_scaler')
  return {
    isText: typeof (categories?.[0] ?? fill) === 'string',
    nullable: sources.every(
      ({ chain, refusesMissing }) => !refusesMissing && (acceptsMissing || !keepsMissing(chain)),
    ),
    closed: sources.some(({ closed }) => closed),
    categories,
    example: categories
      ? undefined
      : (fill ?? (scaler?.kind === 'standard_scaler' ? scaler.mean : undefined)),
  }
}

/** Returns the model with its features at other places, of so many. */
function moveFeatures(spec: ModelSpec, places: readonly number[], features: number): ModelSpec {
  if (spec.kind === 'trees')
    return {
      ...spec,
      feature: spec.feature.map((own) => (own < 0 ? own : places[own]!)),
      ...(spec.views
        ? { views: spec.views.map((view) => ({ ...view, feature: places[view.feature]! })) }
        : {}),
    }
  const scores = spec.intercepts.length
  const coefficients = new Float64Array(scores * features)
  for (let k = 0; k < scores; k++)
    places.forEach((place, j) => {
      const at = k * features + place
      coefficients[at] = coefficients[at]! + spec.coefficients[k * spec.features + j]!
    })
  return { ...spec, features, coefficients, means: new Float64Array(features) }
}

/** What an operator of a graph takes, and what it makes. */
import type { AnyTransformer } from '../../preprocess/index.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import type { OnnxNode } from './graph.ts'

export type Sources = readonly FeatureSource[]

/** Steps from a column to a feature. */
export type Chain = readonly AnyTransformer[]

/** What an operator gets: features per input, or constants. */
export interface Operands {
  readonly sources: (input: number) => Sources
  readonly constant: (input: number) => Float64Array
  /** Whether a feature comes in double precision. */
  readonly isDouble: (source: FeatureSource) => boolean
}

/** Returns the refusal of a step that stands behind the levels of a category. */
export function behind(node: OnnxNode) {
  return unsupported(`${node.where} behind a OneHotEncoder is not read`)
}

/**
 * Returns every feature with the chain that is made of it and of its numbers.
 * @param lists of one number for all features, or one for each
 * @throws ArtifactError `invalid` for another count, `foreign` for numbers that are not finite and for levels
 */
export function broadcast(
  node: OnnxNode,
  sources: Sources,
  lists: readonly Float64Array[],
  make: (source: FeatureSource, ...numbers: number[]) => Chain,
): Sources {
  for (const { length } of lists)
    if (length !== 1 && length !== sources.length)
      throw invalid(`${node.where} has ${length} numbers for ${sources.length} features`)
  return sources.map((source, j) => {
    const numbers = lists.map((list) => list[list.length === 1 ? 0 : j]!)
    if (!numbers.every(Number.isFinite))
      throw unsupported(`${node.where} with a number that is not finite is not read`)
    if (source.isLevel) throw behind(node)
    return { ...source, chain: make(source, ...numbers) }
  })
}

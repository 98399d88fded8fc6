/** What an operator of a graph takes, and what it makes. */
import { unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import type { OnnxNode } from './graph.ts'

export type Sources = readonly FeatureSource[]

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

/** What growing trees takes, counted from the trees that were grown. */
import type { ModelSpec } from '../../models/model.ts'
import type { Params } from '../params.ts'
import { readLimits } from './tree-params.ts'

/** Looking at one value of a candidate column; at least, on as many threads as a small machine has. */
const LOOK_NANOSECONDS = 3
/** Putting one value of the matrix in order. */
const ORDER_NANOSECONDS = 20

/**
 * Returns the estimated nanoseconds of growing trees: every split looked at the rows of its node in the candidate
 * columns. Covers of weighted rows count as the rows.
 */
export function treeFitCost(
  model: ModelSpec,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  params: Params,
): number {
  const order = rows * columns * ORDER_NANOSECONDS
  if (model.kind !== 'trees' || !model.cover) return order
  const { cover, feature } = model
  const split = cover.reduce((sum, weight, node) => (feature[node]! < 0 ? sum : sum + weight), 0)
  return order + split * readLimits(params, columns).maxFeatures * LOOK_NANOSECONDS
}

import type { TreeEnsemble } from './ensemble.ts'

/** Where numbers of a row stand: every `stride`-th place from `start`. */
export interface Place {
  readonly start: number
  readonly stride: number
  readonly copies: number
}

/**
 * Writes one row, rounded as the ensemble asks. A second copy follows in which missing values are −∞, which goes
 * left everywhere, as NaN goes right everywhere.
 */
export function putRow(
  trees: TreeEnsemble,
  features: number,
  data: Float64Array,
  from: number,
  to: Float64Array,
  { start, stride, copies }: Place,
): void {
  const isSingle = trees.precision === 'float32'
  for (let j = 0; j < features; j++) {
    const raw = data[from + j]!
    const value = isSingle ? Math.fround(raw) : raw
    to[start + j * stride] = value
    if (copies > 1)
      to[start + (features + j) * stride] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  }
}

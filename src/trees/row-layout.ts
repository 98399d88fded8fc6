/** How the kernels see a row: which numbers they get, and which of them a node compares. */
import type { TreeEnsemble } from './ensemble.ts'
import { DOUBLE } from './layout.generated.ts'

/**
 * The numbers of a row: its values, rounded as the ensemble asks, then, where a node sends missing values left, a
 * second copy in which they are −∞. −∞ goes left everywhere, as NaN goes right everywhere.
 */
export interface RowLayout {
  /** Numbers per row. */
  readonly length: number
  /** Returns the offset in bytes of the number that an inner node compares, where a row's numbers are adjacent. */
  offsetOf(node: number): number
  /**
   * Writes one row.
   * @param from index of its first value in `data`
   * @param start index of its first number in `to`; the others follow every `stride` places
   */
  put(data: Float64Array, from: number, to: Float64Array, start: number, stride: number): void
}

/** Returns the layout of rows of `features` model features for an ensemble. */
export function planRows(trees: TreeEnsemble, features: number): RowLayout {
  const copies = trees.missingLeft.includes(1) ? 2 : 1
  const isSingle = trees.precision === 'float32'
  return {
    length: copies * features,
    offsetOf(node) {
      const copy = trees.missingLeft[node] === 1 ? features : 0
      return (trees.feature[node]! + copy) * DOUBLE
    },
    put(data, from, to, start, stride) {
      for (let j = 0; j < features; j++) {
        const raw = data[from + j]!
        const value = isSingle ? Math.fround(raw) : raw
        to[start + j * stride] = value
        if (copies > 1)
          to[start + (features + j) * stride] = Number.isNaN(value)
            ? Number.NEGATIVE_INFINITY
            : value
      }
    },
  }
}

/** What a forest's trees say of the rows that they had not drawn. */
import type { Matrix } from '../../data/matrix.ts'
import type { OutOfBag } from '../estimator.ts'
import { type GrownTree, leafOf } from './grown-tree.ts'

/** Adds up what trees say of the rows that they had not drawn. */
export interface OutOfBagSum {
  /** @param rows numbers of the rows that the tree has not drawn */
  add(tree: GrownTree, rows: Int32Array): void
  measure(y: Int32Array): OutOfBag
}

/** Returns an empty sum; trees must be added in the order of their numbers to give the same doubles. */
export function createOutOfBag(X: Matrix, classes: number): OutOfBagSum {
  const { rows } = X
  const sums = new Float64Array(rows * classes)
  const votes = new Int32Array(rows)
  return {
    add(tree, left) {
      for (const row of left) {
        const leaf = leafOf(tree, X, row)
        votes[row] = votes[row]! + 1
        for (let k = 0; k < classes; k++)
          sums[row * classes + k] = sums[row * classes + k]! + tree.value[leaf * classes + k]!
      }
    },
    measure(y) {
      const decisionFunction = new Float64Array(rows * classes)
      let voted = 0
      let right = 0
      for (let row = 0; row < rows; row++) {
        const count = votes[row]!
        let best = 0
        for (let k = 0; k < classes; k++) {
          const at = row * classes + k
          decisionFunction[at] = count === 0 ? Number.NaN : sums[at]! / count
          if (sums[at]! > sums[row * classes + best]!) best = k
        }
        if (count === 0) continue
        voted++
        if (best === y[row]) right++
      }
      return { decisionFunction, rows: voted, score: voted === 0 ? Number.NaN : right / voted }
    },
  }
}

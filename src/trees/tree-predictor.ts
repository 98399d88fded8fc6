import type { Matrix } from '../data/matrix.ts'

/** An ensemble prepared for predicting. Not for two calls at a time. */
export interface TreePredictor {
  /** Writes the ensemble's outputs for one row into `scores`; length = outputs. */
  predict(x: Float64Array, scores: Float64Array): void
  /** Writes the ensemble's outputs for all rows into `scores`, [row][output]. */
  predictRows(X: Matrix, scores: Float64Array): void
}

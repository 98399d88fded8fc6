import { type Matrix, rowOf } from '../data/matrix.ts'
import { ensembleOutput, type TreeEnsemble } from './tree-ensemble.ts'

/** An ensemble prepared for predicting. Not for two calls at a time. */
export interface TreePredictor {
  /** Writes the ensemble's outputs for one row into `scores`; length = outputs. */
  predict(x: Float64Array, scores: Float64Array): void
  /** Writes the ensemble's outputs for all rows into `scores`, [row][output]. */
  predictRows(X: Matrix, scores: Float64Array): void
}

/** Returns the predictor of an ensemble. */
export function compileTreePredictor(trees: TreeEnsemble): TreePredictor {
  const { outputs } = trees
  return {
    predict: (x, scores) => ensembleOutput(trees, x, scores),
    predictRows(X, scores) {
      for (let row = 0; row < X.rows; row++)
        ensembleOutput(trees, rowOf(X, row), scores.subarray(row * outputs, (row + 1) * outputs))
    },
  }
}

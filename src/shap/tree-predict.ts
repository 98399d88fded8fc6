import { type Matrix, rowOf } from '../data/matrix.ts'
import { type Engine, instantiateKernels } from './kernels.ts'
import { ensembleOutput, type TreeEnsemble } from './tree-ensemble.ts'
import { compileTreePredictorWasm } from './tree-predict-wasm.ts'

/** An ensemble prepared for predicting. Not for two calls at a time. */
export interface TreePredictor {
  /** Writes the ensemble's outputs for one row into `scores`; length = outputs. */
  predict(x: Float64Array, scores: Float64Array): void
  /** Writes the ensemble's outputs for all rows into `scores`, [row][output]. */
  predictRows(X: Matrix, scores: Float64Array): void
}

export interface TreePredictorOptions {
  /** Default: WebAssembly where it can run. */
  readonly engine?: Engine
}

/** Returns the predictor of an ensemble. */
export function compileTreePredictor(
  trees: TreeEnsemble,
  { engine = 'wasm' }: TreePredictorOptions = {},
): TreePredictor {
  const kernels = engine === 'wasm' ? instantiateKernels() : undefined
  if (kernels) return compileTreePredictorWasm(trees, kernels)
  const { outputs } = trees
  return {
    predict: (x, scores) => ensembleOutput(trees, x, scores),
    predictRows(X, scores) {
      for (let row = 0; row < X.rows; row++)
        ensembleOutput(trees, rowOf(X, row), scores.subarray(row * outputs, (row + 1) * outputs))
    },
  }
}

import { rowOf } from '../data/matrix.ts'
import { compileOutput, type TreeEnsemble } from './ensemble.ts'
import { type Engine, instantiateKernels } from './kernels.ts'
import { compileTreePredictorWasm } from './predict-wasm.ts'
import type { TreePredictor } from './tree-predictor.ts'

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
  const predict = compileOutput(trees)
  return {
    predict,
    predictRows(X, scores) {
      for (let row = 0; row < X.rows; row++)
        predict(rowOf(X, row), scores.subarray(row * outputs, (row + 1) * outputs))
    },
  }
}

const known = new WeakMap<TreeEnsemble, TreePredictor>()

/** Returns the predictor of an ensemble, which all who ask for it share; it goes with the ensemble. */
export function sharedTreePredictor(trees: TreeEnsemble): TreePredictor {
  const found = known.get(trees) ?? compileTreePredictor(trees)
  known.set(trees, found)
  return found
}

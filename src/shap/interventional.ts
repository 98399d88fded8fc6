import type { Matrix } from '../data/matrix.ts'
import { compileInterventionalReference } from './interventional-reference.ts'
import { compileInterventionalSets } from './interventional-sets.ts'
import { type Engine, instantiateKernels } from './kernels.ts'
import type { TreeEnsemble } from './tree-ensemble.ts'

/** An ensemble prepared for explaining against background rows. Not for two calls at a time. */
export interface InterventionalShap {
  /** Mean output of the ensemble over the background rows; length = outputs. */
  readonly baseValues: Float64Array
  /** Writes the SHAP values of one row into `phi`, [output asked][feature]. */
  explain(x: Float64Array, outputs: readonly number[], phi: Float64Array): void
  /** Writes the SHAP values of all rows into `phi`, [row][output asked][feature]. */
  explainRows(X: Matrix, outputs: readonly number[], phi: Float64Array): void
  /** Estimated nanoseconds to explain one output of one row. */
  readonly cost: number
  /** Tables looked up per leaf, or sets of background rows followed down the trees. */
  readonly plan: 'tables' | 'sets'
}

export interface InterventionalOptions {
  /** Most bytes that tables may take; default 128 MiB. More than that, and sets are used. */
  readonly tableBytes?: number
  /** Default: WebAssembly where it can run. */
  readonly engine?: Engine
}

/** Returns the explainer of an ensemble over `features` model features against at least one background row. */
export function compileInterventional(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  { engine = 'wasm' }: InterventionalOptions = {},
): InterventionalShap {
  const kernels = engine === 'wasm' ? instantiateKernels() : undefined
  if (!kernels) return compileInterventionalReference(trees, features, background)
  return compileInterventionalSets(trees, features, background, kernels)
}

import type { Matrix } from '../data/matrix.ts'
import { compileInterventionalReference } from './interventional-reference.ts'
import { compileInterventionalSets } from './interventional-sets.ts'
import { compileInterventionalTables } from './interventional-tables.ts'
import { type Engine, instantiateKernels } from './kernels.ts'
import { planOutputs } from './outputs-asked.ts'
import { planTables } from './table-plan.ts'
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
  /** Returns a copy of the tables, if that is the plan: for another thread, which need not make them again. */
  tables?(): Float64Array
}

export interface InterventionalOptions {
  /** Most bytes that tables may take; default 128 MiB. More than that, and sets are used. */
  readonly tableBytes?: number
  /** What `tables` of the same ensemble and background returned. */
  readonly tables?: Float64Array
  /** Default: WebAssembly where it can run. */
  readonly engine?: Engine
}

const TABLE_BYTES = 128 * 1024 * 1024

/**
 * Returns the explainer of an ensemble over `features` model features against at least one background row. Tables take
 * a second or so to make, and the same for any number of background rows: do it at load, in a worker.
 * @throws RangeError for tables of another length
 */
export function compileInterventional(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  { engine = 'wasm', tableBytes = TABLE_BYTES, tables }: InterventionalOptions = {},
): InterventionalShap {
  const kernels = engine === 'wasm' ? instantiateKernels() : undefined
  if (!kernels) return compileInterventionalReference(trees, features, background)
  const plan = planTables(trees, planOutputs(trees, false).stored, tableBytes)
  return plan
    ? compileInterventionalTables(trees, features, background, kernels, plan, tables)
    : compileInterventionalSets(trees, features, background, kernels)
}

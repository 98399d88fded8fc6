import type { Matrix } from '../data/matrix.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'
import { type Engine, instantiateKernels } from '../trees/kernels.ts'
import { compileInterventionalReference } from './interventional-reference.ts'
import { compileInterventionalSets } from './interventional-sets.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import { compileInterventionalTables } from './interventional-tables.ts'
import { planOutputs } from './outputs-asked.ts'
import { planTables } from './table-plan.ts'

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

import type { Matrix } from '../data/matrix.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'
import { type Engine, instantiateKernels } from '../trees/kernels.ts'
import { compileInterventionalReference } from './interventional-reference.ts'
import { compileInterventionalSets } from './interventional-sets.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import { compileInterventionalTables } from './interventional-tables.ts'
import { storedOutputs } from './outputs-asked.ts'
import { estimateTableBytes, planTables } from './table-plan.ts'

export interface InterventionalOptions {
  /** Most bytes that tables may take; default 128 MiB. More than that, and sets are used. */
  readonly tableBytes?: number
  /** Default: WebAssembly where it can run. */
  readonly engine?: Engine
}

/** Most bytes that tables take unless told otherwise. */
const TABLE_BYTES = 128 * 1024 * 1024

/**
 * Returns the explainer of an ensemble over `features` model features against at least one background row. Tables take
 * a second or so to make, and the same for any number of background rows: do it at load, in a worker.
 */
export function compileInterventional(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  { engine = 'wasm', tableBytes = TABLE_BYTES }: InterventionalOptions = {},
): InterventionalShap {
  const kernels = engine === 'wasm' ? instantiateKernels() : undefined
  if (!kernels) return compileInterventionalReference(trees, features, background)
  const plan = planTables(trees, storedOutputs(trees), tableBytes)
  return plan
    ? compileInterventionalTables(trees, features, background, kernels, plan)
    : compileInterventionalSets(trees, features, background, kernels)
}

/** Returns the estimated seconds to prepare it: a start, and about 13 ns per byte of the tables, if they fit. */
export function estimateInterventional(trees: TreeEnsemble, rows: number): number {
  const bytes = estimateTableBytes(trees)
  return 0.05 + (bytes <= TABLE_BYTES ? bytes * 13e-9 : trees.feature.length * rows * 2e-9)
}

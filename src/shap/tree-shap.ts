import type { TreeEnsemble } from '../trees/ensemble.ts'
import { type Engine, instantiateKernels } from '../trees/kernels.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import { compileTreeShapReference } from './tree-shap-reference.ts'
import { compileTreeShapWasm } from './tree-shap-wasm.ts'

export interface TreeShapOptions {
  /** Default: WebAssembly where it can run. */
  readonly engine?: Engine
}

/**
 * Returns the explainer of an ensemble over `features` model features.
 * @throws RangeError for an ensemble without covers
 */
export function compileTreeShap(
  trees: TreeEnsemble,
  features: number,
  { engine = 'wasm' }: TreeShapOptions = {},
): TreeShap {
  if (!trees.cover) throw new RangeError('path-dependent SHAP values need the covers of the nodes')
  const kernels = engine === 'wasm' ? instantiateKernels() : undefined
  return kernels
    ? compileTreeShapWasm(trees, features, kernels)
    : compileTreeShapReference(trees, features)
}

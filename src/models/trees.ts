/** Tree ensembles as a kind of model: decision trees, random forests, boosted trees. */

import { counted } from '../errors.ts'
import { valueWidth } from '../trees/ensemble.ts'
import { sharedTreePredictor } from '../trees/predict.ts'
import { impurityImportance } from './impurity-importance.ts'
import { applyLink } from './link.ts'
import type { ModelKind, TreesSpec } from './model.ts'
import { restoreTrees, storeTrees } from './stored-trees.ts'
import { buildTreeBounds } from './tree-bounds.ts'
import { checkTrees } from './tree-check.ts'
import { offerTreeExplainers } from './tree-explainers.ts'

/** A step down a tree whose nodes are in the cache, and what waiting for memory adds to it in large models. */
const STEP_NANOSECONDS = 3
const MOST_MISSES = 16
const NODES_OF_A_MISS = 20_000
/** Writing a node for the kernels that predict and those that explain, and measuring its impurity. */
const NODE_NANOSECONDS = 800
/** Laying a number of a row out for the trees. */
const FEATURE_NANOSECONDS = 6

export const trees: ModelKind<TreesSpec> = {
  acceptsMissing: true,
  impurityImportance,
  check: checkTrees,

  buildPredict(spec) {
    const predictor = sharedTreePredictor(spec)
    return (X, out) => {
      const { outputs } = spec
      // Where scores are the probabilities already they are written in place.
      const scores = spec.link === 'identity' ? out : new Float64Array(X.rows * outputs)
      if (X.rows === 1) predictor.predict(X.data, scores)
      else predictor.predictRows(X, scores)
      if (spec.link === 'identity') return
      const classes = out.length / X.rows
      for (let row = 0; row < X.rows; row++) {
        const own = scores.subarray(row * outputs, (row + 1) * outputs)
        applyLink(spec.link, own, out.subarray(row * classes, (row + 1) * classes))
      }
    }
  },

  usedFeatures(spec, features) {
    const used = new Uint8Array(features)
    for (const feature of spec.feature) if (feature >= 0) used[feature] = 1
    return used
  },

  prepareCost: ({ feature }) => feature.length * NODE_NANOSECONDS,

  predictCost(spec) {
    const { roots, outputs } = spec
    const misses = Math.min(MOST_MISSES, spec.feature.length / NODES_OF_A_MISS)
    const features = countFeatures(spec) * FEATURE_NANOSECONDS
    const leaves = roots.length * valueWidth(spec) + outputs
    return stepsOfRow(spec) * (STEP_NANOSECONDS + misses) + leaves + features
  },

  offerExplainers: offerTreeExplainers,
  buildBounds: buildTreeBounds,
  withBackground: (spec) => spec,
  describeSize: ({ roots, feature }) =>
    `${counted(roots.length, 'tree')}, ${counted(feature.length, 'node')}`,
  store: storeTrees,
  restore: restoreTrees,
}

/** Returns how many features splits look at, leaves counted as one. */
function countFeatures({ feature }: TreesSpec): number {
  const most = feature.reduce((a, b) => Math.max(a, b), -1)
  const isUsed = new Uint8Array(most + 2)
  for (const own of feature) isUsed[own + 1] = 1
  return isUsed.reduce((sum, used) => sum + used, 0)
}

/** Returns how many splits a training row passes in all trees on the mean; without covers, those of balanced trees. */
function stepsOfRow({ roots, feature, cover }: TreesSpec): number {
  const count = Math.max(1, roots.length)
  const rows = cover ? roots.reduce((sum, root) => sum + cover[root]!, 0) / count : 0
  if (!cover || !(rows > 0)) return count * Math.log2(1 + feature.length / count)
  let passed = 0
  for (let node = 0; node < feature.length; node++) if (feature[node]! >= 0) passed += cover[node]!
  return passed / rows
}

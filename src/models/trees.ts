/** Tree ensembles as a kind of model: decision trees, random forests, boosted trees. */
import { compileTreePredictor } from '../trees/predict.ts'
import { impurityImportance } from './impurity-importance.ts'
import { applyLink } from './link.ts'
import type { ModelKind, TreesSpec } from './model.ts'
import { restoreTrees, storeTrees } from './stored-trees.ts'
import { buildTreeBounds } from './tree-bounds.ts'
import { checkTrees } from './tree-check.ts'
import { offerTreeExplainers } from './tree-explainers.ts'

export const trees: ModelKind<TreesSpec> = {
  acceptsMissing: true,
  impurityImportance,
  check: checkTrees,

  buildPredict(spec) {
    const predictor = compileTreePredictor(spec)
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

  offerExplainers: offerTreeExplainers,
  buildBounds: buildTreeBounds,
  withBackground: (spec) => spec,
  describeSize: ({ roots, feature }) => `${roots.length} trees, ${feature.length} nodes`,
  store: storeTrees,
  restore: restoreTrees,
}

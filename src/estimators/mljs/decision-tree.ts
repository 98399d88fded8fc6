/** The adapter of ml-cart's decision tree. */
import { DecisionTreeClassifier } from 'ml-cart'
import type { Estimator } from '../estimator.ts'
import {
  cartOptions,
  cartParams,
  cartSpace,
  toMlMatrix,
  toTreesSpec,
  warnIfSlow,
} from './cart-tree.ts'

/** One ml-cart tree; a leaf answers with its class shares. */
export const decisionTree: Estimator = {
  title: 'decision tree',
  shortName: 'tree',
  unit: 'trees',
  scale: false,
  params: { ...cartParams, max_depth: { ...cartParams.max_depth, default: 8 } },
  searchSpace: cartSpace,
  async fit(X, y, classes, params, context) {
    warnIfSlow(X, 1, context)
    await context.checkpoint(0, 1)
    const tree = new DecisionTreeClassifier(cartOptions(params))
    tree.train(toMlMatrix(X), Array.from(y))
    await context.checkpoint(1, 1)
    const features = Array.from({ length: X.columns }, (_, j) => j)
    return toTreesSpec([{ root: tree.root, features }], X, classes, 'soft')
  },
}

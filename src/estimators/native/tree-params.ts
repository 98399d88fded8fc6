/** The parameters of trees: scikit-learn's names, defaults and meaning. */
import { classWeightParam } from '../class-weight.ts'
import { featureCount, MAX_GROWN_DEPTH, type Params, type ParamsSchema } from '../params.ts'
import { type CriterionName, criteria, type TreeLimits } from './tree-grower.ts'

export const treeParams = {
  criterion: {
    type: 'choice',
    choices: criteria,
    default: 'gini',
    description: 'impurity that splits lower; log_loss is another name of entropy',
  },
  max_depth: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_GROWN_DEPTH,
    default: null,
    optional: true,
    description: `most splits on a path; none: ${MAX_GROWN_DEPTH}`,
  },
  max_features: {
    type: 'features',
    default: 'all',
    description:
      'features looked at for a split, drawn anew each time: a count, a share below 1, sqrt, log2 or all',
  },
  max_leaf_nodes: {
    type: 'integer',
    minimum: 2,
    maximum: 1_000_000,
    default: null,
    optional: true,
    description: 'most leaves; the splits that lower the impurity most come first',
  },
  min_samples_split: {
    type: 'integer',
    minimum: 2,
    maximum: 1_000_000_000,
    default: 2,
    description: 'fewest rows that a node needs to be split',
  },
  min_samples_leaf: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000_000,
    default: 1,
    description: 'fewest rows of a leaf',
  },
  min_impurity_decrease: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
    description: "smallest decrease of the impurity, weighted by the node's share of the rows",
  },
  ccp_alpha: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
    description: 'pruning: links that lower the impurity by at most so much per leaf are cut',
  },
  class_weight: classWeightParam,
} as const satisfies ParamsSchema

/** Returns the limits that parsed parameters mean for a matrix of so many features. */
export function readLimits(params: Params, features: number): TreeLimits {
  return {
    criterion: params.criterion as CriterionName,
    maxDepth: (params.max_depth as number | null) ?? MAX_GROWN_DEPTH,
    maxFeatures: featureCount(params.max_features as number | string, features),
    maxLeafNodes: params.max_leaf_nodes as number | null,
    minSamplesSplit: params.min_samples_split as number,
    minSamplesLeaf: params.min_samples_leaf as number,
    minImpurityDecrease: params.min_impurity_decrease as number,
  }
}

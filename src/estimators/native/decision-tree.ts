/** The native engine's decision tree. */
import { inTurns } from '../../data/steps.ts'
import { classWeights, treeWeights } from '../class-weight.ts'
import type { Estimator } from '../estimator.ts'
import { treeFitCost } from './fit-cost.ts'
import { createForestJob } from './forest-job.ts'
import { finishTree, joinTrees } from './grown-tree.ts'
import { pruneTree } from './prune-tree.ts'
import { buildTrainingColumns } from './training-columns.ts'
import { readNodes } from './tree-grower.ts'
import { readLimits, treeParams } from './tree-params.ts'

/** One classification tree with the meaning of scikit-learn's DecisionTreeClassifier. */
export const decisionTree: Estimator = {
  title: 'decision tree',
  shortName: 'tree',
  unit: 'trees',
  scale: false,
  acceptsMissing: true,
  acceptsWeights: true,
  fitCost: treeFitCost,
  params: {
    ...treeParams,
    splitter: {
      type: 'choice',
      choices: ['best'],
      default: 'best',
      description:
        "how splits are chosen: the best of the features looked at, scikit-learn's default",
    },
  },
  searchSpace: {
    criterion: { kind: 'choice', values: ['gini', 'entropy'] },
    max_depth: { kind: 'choice', values: [null, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20] },
    min_samples_leaf: { kind: 'log_integer', low: 1, high: 64 },
    max_features: { kind: 'choice', values: ['all', 0.8, 0.5, 'sqrt'] },
    ccp_alpha: { kind: 'choice', values: [0, 1e-5, 1e-4, 1e-3, 1e-2] },
    class_weight: { kind: 'choice', values: ['none', 'balanced'] },
  },
  async fit(X, y, classes, params, context) {
    await context.checkpoint(0, 1)
    const perClass = classWeights(params.class_weight as string, y, context.classNames)
    const grow = createForestJob({
      data: await inTurns(buildTrainingColumns(X), () => context.checkpoint(0, 1)),
      y,
      classNames: context.classNames,
      rowWeight: treeWeights(y, perClass, context.sampleWeight),
      limits: readLimits(params, X.columns),
      seed: context.seed,
      drawn: null,
      balancesDraws: false,
      tellsOutOfBag: false,
    })
    const nodes = pruneTree(readNodes(grow(0).tree, classes), classes, params.ccp_alpha as number)
    await context.checkpoint(1, 1)
    return joinTrees([finishTree(nodes, X, classes)], classes)
  },
}

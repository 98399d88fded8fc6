/** Spark ML's classifiers of trees: a decision tree, a forest, gradient boosting of regression trees. */
import type { TreesSpec } from '../../models/model.ts'
import { createEnsembleBuilder } from '../ensemble-builder.ts'
import { invalid, MAX_CLASSES, MAX_COLUMNS } from '../imported-model.ts'
import { readTrees, type SparkTree } from './nodes.ts'
import { refuseDamage, type SavedStage } from './saved-stage.ts'

/** A classifier over the features of a vector. */
export interface SparkClassifier {
  readonly estimator: string
  readonly spec: TreesSpec
  readonly features: number
  readonly classCount: number
  /** How many categories every feature has; 0 for one of numbers. */
  readonly categories: Int32Array
  readonly trees: number
}

type Read = (stage: SavedStage) => SparkClassifier

/** Every class that is read, without its package. */
export const classifiers: Readonly<Record<string, Read>> = {
  DecisionTreeClassificationModel: (stage) => readForest(stage, 'decision_tree'),
  RandomForestClassificationModel: (stage) => readForest(stage, 'random_forest'),
  GBTClassificationModel: readBoosting,
}

/** Numbers in double precision, at most the threshold goes left. */
const common = { kind: 'trees', vote: 'soft', comparison: '<=', precision: 'float64' } as const

/** The probability of a class is the mean of its shares in the leaves. */
function readForest(stage: SavedStage, estimator: string): SparkClassifier {
  const classCount = stage.metadata.whole('numClasses', 2, MAX_CLASSES)
  const trees = readTrees(stage)
  const sumOf = (tree: SparkTree, node: number) =>
    tree.statistics(node).reduce((sum, weight) => sum + weight, 0)
  const gathered = gather(stage, trees, classCount, sumOf, (number, node, out) => {
    const counts = trees[number]!.statistics(node)
    if (counts.length !== classCount)
      throw invalid(`tree ${number}, node ${node} counts ${counts.length} of ${classCount} classes`)
    const sum = sumOf(trees[number]!, node)
    counts.forEach((count, k) => {
      out[k] = count / sum
    })
  })
  const base = new Float64Array(classCount)
  const spec: TreesSpec = {
    ...common,
    ...gathered.arrays,
    outputs: classCount,
    link: 'identity',
    aggregation: 'mean',
    base,
  }
  return { estimator, spec, classCount, ...gathered.rest }
}

/** The margin is the weighted sum of the trees, the log-odds are twice that (`LogLoss.computeProbability`). */
function readBoosting(stage: SavedStage): SparkClassifier {
  const trees = readTrees(stage)
  const weights = readWeights(stage, trees.length)
  const weightOf = (tree: SparkTree, node: number) => tree.statistics(node)[0] ?? Number.NaN
  const gathered = gather(stage, trees, 1, weightOf, (number, node, out) => {
    out[0] = weights[number]! * trees[number]!.prediction(node)
  })
  const spec: TreesSpec = {
    ...common,
    ...gathered.arrays,
    outputs: 1,
    link: 'logit',
    aggregation: 'sum',
    base: new Float64Array(1),
    scale: 2,
  }
  return { estimator: 'gradient_boosting', spec, classCount: 2, ...gathered.rest }
}

function gather(
  stage: SavedStage,
  trees: readonly SparkTree[],
  width: number,
  coverOf: (tree: SparkTree, node: number) => number,
  leaf: (tree: number, node: number, out: Float64Array) => void,
) {
  const features = stage.metadata.whole('numFeatures', 1, MAX_COLUMNS)
  if (
    stage.metadata.has('numTrees') &&
    stage.metadata.whole('numTrees', 1, 2 ** 31) !== trees.length
  )
    throw invalid(`data/ holds ${trees.length} trees, the metadata says another number`)
  if (trees.length === 0) throw invalid('data/ holds no tree')
  const builder = createEnsembleBuilder({ features, width, hasCovers: true })
  const categories = new Int32Array(features)
  trees.forEach((tree, number) => {
    const cover = Float64Array.from({ length: tree.nodes }, (_, node) => coverOf(tree, node))
    builder.add({ ...tree, cover, leaf: (node, out) => leaf(number, node, out) }, number)
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.left[node]! < 0) continue
      const column = tree.feature[node]!
      categories[column] = Math.max(categories[column]!, tree.categories[node]!)
    }
  })
  return { arrays: builder.finish(), rest: { features, categories, trees: trees.length } }
}

/** Returns the weight of every tree. */
function readWeights(stage: SavedStage, trees: number): Float64Array {
  const weights = new Float64Array(trees).fill(Number.NaN)
  for (const part of stage.parquet('treesMetadata')) {
    const [numbers, own] = refuseDamage('treesMetadata/', () =>
      ['treeID', 'weights'].map((path) => part.read(path).values as readonly number[]),
    )
    numbers!.forEach((tree, row) => {
      if (!Number.isNaN(weights[tree]))
        throw invalid(`treesMetadata/ has a tree ${tree} of ${trees}`)
      weights[tree] = own![row]!
    })
  }
  if (!weights.every(Number.isFinite)) throw invalid('treesMetadata/ does not weigh every tree')
  return weights
}

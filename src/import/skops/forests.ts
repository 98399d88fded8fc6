/** Decision trees, forests and gradient boosting of scikit-learn's `Tree`s. */
import type { TreesSpec } from '../../models/model.ts'
import { createEnsembleBuilder, type SourceTree } from '../ensemble-builder.ts'
import { invalid } from '../imported-model.ts'
import { classesOf, classNameOf, type Fitted, notRead } from './fitted.ts'
import type { Item } from './schema.ts'

/** How far the shares of a leaf may be off 1 before they are divided by their sum: counts were stored before 1.3. */
const SHARES_TOLERANCE = 1e-9

interface SklearnTree {
  readonly tree: Omit<SourceTree, 'leaf'>
  /** [node][value] */
  readonly values: Float64Array
  /** Whether its splits have a side for missing values, as they do from 1.3 on. */
  readonly hasMissing: boolean
}

/** Reads a `Tree`: nodes are records of 64 bytes whose fields have names. */
function readTree(estimator: Item, width: number): SklearnTree {
  const item = estimator.get('tree_')
  const nodes = item.get('nodes').array()
  const values = item.get('values').numbers()
  if (values.length !== nodes.length * width)
    throw invalid(
      `${item.where}.values has ${values.length} numbers, expected ${nodes.length * width}`,
    )
  const hasMissing = nodes.has('missing_go_to_left')
  const tree = {
    nodes: nodes.length,
    left: nodes.numbers('left_child'),
    right: nodes.numbers('right_child'),
    feature: nodes.numbers('feature'),
    threshold: nodes.numbers('threshold'),
    missingLeft: hasMissing ? nodes.numbers('missing_go_to_left') : new Uint8Array(nodes.length),
    cover: nodes.numbers('weighted_n_node_samples'),
  }
  return { tree, values, hasMissing }
}

/** What trees of scikit-learn have in common: numbers in single precision, at most the threshold goes left. */
const common = { kind: 'trees', vote: 'soft', comparison: '<=', precision: 'float32' } as const

/** A decision tree, or a forest of some. */
export function readForest(item: Item): Fitted {
  const isSingle = item.has('tree_')
  const estimators = isSingle ? [item] : item.get('estimators_').items()
  const classes = classesOf(item)
  const features = item.get('n_features_in_').number()
  const outputs = classes.length
  const trees = estimators.map((estimator) => readTree(estimator, outputs))
  const builder = createEnsembleBuilder({ features, width: outputs, hasCovers: true })
  trees.forEach(({ tree, values }, i) => {
    const leaf = (node: number, out: Float64Array) => {
      let sum = 0
      for (let k = 0; k < outputs; k++) sum += values[node * outputs + k]!
      const divisor = Math.abs(sum - 1) <= SHARES_TOLERANCE ? 1 : sum
      for (let k = 0; k < outputs; k++) out[k] = values[node * outputs + k]! / divisor
    }
    builder.add({ ...tree, leaf }, i)
  })
  return {
    estimator: isSingle ? 'decision_tree' : 'random_forest',
    spec: {
      ...common,
      ...builder.finish(),
      outputs,
      link: 'identity',
      aggregation: 'mean',
      base: new Float64Array(outputs),
    },
    features,
    classes,
    acceptsMissing: trees.every(({ hasMissing }) => hasMissing),
    params: { objective: classNameOf(item), trees: trees.length },
  }
}

/** GradientBoostingClassifier: regression trees, [stage][score], times the learning rate. */
export function readBoosting(item: Item): Fitted {
  const classes = classesOf(item)
  const features = item.get('n_features_in_').number()
  const outputs = classes.length === 2 ? 1 : classes.length
  const rate = item.get('learning_rate').number()
  const stages = item
    .get('estimators_')
    .items()
    .map((stage) => stage.items())
  const builder = createEnsembleBuilder({ features, width: 1, hasCovers: true })
  stages.forEach((stage, i) => {
    if (stage.length !== outputs)
      throw invalid(
        `${item.where}.estimators_[${i}] has ${stage.length} trees, expected ${outputs}`,
      )
    stage.forEach((estimator, k) => {
      const { tree, values } = readTree(estimator, 1)
      const leaf = (node: number, out: Float64Array) => {
        out[0] = rate * values[node]!
      }
      builder.add({ ...tree, leaf }, i * outputs + k)
    })
  })
  const trees = stages.length * outputs
  return {
    estimator: 'gradient_boosting',
    spec: {
      ...common,
      ...builder.finish(),
      ...(outputs === 1
        ? {}
        : { output: Int32Array.from({ length: trees }, (_, i) => i % outputs) }),
      outputs,
      link: outputs === 1 ? 'logit' : 'softmax',
      aggregation: 'sum',
      ...readLoss(item),
      base: readBase(item, outputs),
    },
    features,
    classes,
    acceptsMissing: false,
    params: { objective: classNameOf(item), rounds: stages.length, trees },
  }
}

/** With the exponential loss a score is half the log-odds. */
function readLoss(item: Item): Pick<TreesSpec, 'scale'> {
  const loss = item.get('loss').text()
  if (loss === 'exponential') return { scale: 2 }
  if (loss === 'log_loss' || loss === 'deviance') return {}
  throw notRead(item, `with loss=${JSON.stringify(loss.slice(0, 64))} is not read`)
}

/** Where scores start: at the log-odds of the classes' shares, of more than two at their logarithms, or at 0. */
function readBase(item: Item, outputs: number): Float64Array {
  const init = item.get('init_')
  if (init.scalar() === 'zero') return new Float64Array(outputs)
  if (classNameOf(init) !== 'DummyClassifier' || init.get('strategy').text() !== 'prior')
    throw notRead(item, 'that starts from another model (init) is not read')
  const shares = init.get('class_prior_').numbers()
  if (shares.length !== Math.max(2, outputs) || !shares.every((share) => share >= 0 && share <= 1))
    throw invalid(`${init.where}.class_prior_ does not hold a share of every class`)
  const kept = shares.map((share) => Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, share)))
  return outputs === 1 ? Float64Array.of(Math.log(kept[1]! / (1 - kept[1]!))) : kept.map(Math.log)
}

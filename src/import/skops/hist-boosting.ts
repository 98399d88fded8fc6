/** HistGradientBoostingClassifier. Fields: scikit-learn `sklearn/ensemble/_hist_gradient_boosting/predictor.py`. */
import { type NodeView, packWords } from '../category-sets.ts'
import { createEnsembleBuilder, type SourceTree } from '../ensemble-builder.ts'
import { invalid } from '../imported-model.ts'
import { classesOf, classNameOf, type Fitted, notRead } from './fitted.ts'
import type { Item } from './schema.ts'
import { applyTransformer } from './transformers.ts'

/** Words of 32 bits of a set of categories. */
const SET_WORDS = 8

/** Returns the classifier: leaves have the learning rate in them, categories are codes of an encoder of its own. */
export function readHistBoosting(item: Item): Fitted {
  const classes = classesOf(item)
  const features = item.get('n_features_in_').number()
  const outputs = classes.length === 2 ? 1 : classes.length
  const loss = item.get('loss').text()
  if (!/^(log_loss|auto|binary_crossentropy|categorical_crossentropy)$/.test(loss))
    throw notRead(item, `with loss=${JSON.stringify(loss.slice(0, 64))} is not read`)
  const stages = item
    .get('_predictors')
    .items()
    .map((stage) => stage.items())
  const builder = createEnsembleBuilder({ features, width: 1, hasCovers: true })
  let hasCategories = false
  stages.forEach((stage, i) => {
    if (stage.length !== outputs)
      throw invalid(
        `${item.where}._predictors[${i}] has ${stage.length} trees, expected ${outputs}`,
      )
    stage.forEach((predictor, k) => {
      const { tree, hasSets } = readPredictor(predictor)
      hasCategories ||= hasSets
      builder.add(tree, i * outputs + k)
    })
  })
  const encoder = item.find('_preprocessor')
  if (hasCategories && !encoder)
    throw notRead(
      item,
      'with categories is not read before version 1.4; train it again with a newer one',
    )
  const base = item.get('_baseline_prediction').numbers()
  if (base.length !== outputs)
    throw invalid(`${item.where}._baseline_prediction has ${base.length} numbers`)
  const trees = stages.length * outputs
  return {
    estimator: 'gradient_boosting',
    spec: {
      kind: 'trees',
      ...builder.finish(),
      ...(outputs === 1
        ? {}
        : { output: Int32Array.from({ length: trees }, (_, i) => i % outputs) }),
      outputs,
      link: outputs === 1 ? 'logit' : 'softmax',
      vote: 'soft',
      comparison: '<=',
      precision: 'float64',
      aggregation: 'sum',
      base,
    },
    features,
    classes,
    acceptsMissing: true,
    params: { objective: classNameOf(item), rounds: stages.length, trees },
    prepare: encoder ? (sources) => applyTransformer(encoder, sources, true) : undefined,
  }
}

function readPredictor(item: Item): { tree: SourceTree; hasSets: boolean } {
  const nodes = item.get('nodes').array()
  const isLeaf = nodes.numbers('is_leaf')
  const value = nodes.numbers('value')
  // A leaf's children are 0, which is the root.
  const left = nodes.numbers('left').map((child, node) => (isLeaf[node] ? -1 : child))
  const isSet = nodes.has('is_categorical') ? nodes.numbers('is_categorical') : []
  const setOf = nodes.has('bitset_idx') ? nodes.numbers('bitset_idx') : []
  const hasSets = isSet.some((own, node) => own !== 0 && isLeaf[node] === 0)
  const words = hasSets ? item.get('raw_left_cat_bitsets').numbers() : new Float64Array()
  const tree: SourceTree = {
    nodes: nodes.length,
    left,
    right: nodes.numbers('right'),
    feature: nodes.numbers('feature_idx'),
    threshold: nodes.numbers('num_threshold'),
    missingLeft: nodes.numbers('missing_go_to_left'),
    cover: nodes.numbers('count'),
    view(node): NodeView | undefined {
      if (!isSet[node]) return undefined
      const start = setOf[node]! * SET_WORDS
      if (!(start >= 0 && start + SET_WORDS <= words.length))
        throw invalid(`${item.where}, node ${node} has a set that is not there`)
      return { kind: 'codes_left', codes: packWords(words.subarray(start, start + SET_WORDS)) }
    },
    leaf(node, out) {
      out[0] = value[node]!
    },
  }
  return { tree, hasSets }
}

/**
 * XGBoost's JSON and UBJSON, which are one document.
 * Fields: dmlc/xgboost `src/learner.cc`, `src/gbm/gbtree_model.cc`, `src/tree/tree_model.cc`, `doc/tutorials/saving_model.rst`.
 */
import { type Fields, fieldsOf } from '../document-fields.ts'
import { invalid, MAX_CLASSES, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { Document } from '../json-document.ts'
import { readCategories } from './categories.ts'
import type { XgboostParts, XgboostTree } from './parts.ts'

const MAX_NODES = 2 ** 31 - 1

/** Returns what a document says; throws ArtifactError `invalid` or `foreign`. */
export function readDocumentParts(document: Document): XgboostParts {
  const whole = fieldsOf(document, '')
  // A snapshot of a Booster has the model beside the settings of its training.
  const top = whole.has('Model') ? whole.object('Model') : whole
  const learner = top.object('learner')
  const params = learner.object('learner_model_param')
  const booster = learner.object('gradient_booster')
  const features = params.whole('num_feature', 1, MAX_COLUMNS)
  const name = booster.text('name')
  if (name !== 'gbtree' && name !== 'dart')
    throw unsupported(`the booster ${JSON.stringify(name)} is not read; train with gbtree or dart`)
  const holder = booster.has('gbtree') ? booster.object('gbtree') : booster
  const model = holder.object('model')
  const modelParams = model.object('gbtree_model_param')
  const entries = model.objects('trees')
  const trees = entries.map((entry) => readTree(entry))
  const sizes = new Set(trees.map(({ size }) => size))
  if (sizes.size > 1) throw invalid('some trees have leaves of one number, others vectors')
  const names = learner.has('feature_names') ? learner.texts('feature_names') : []
  const types = learner.has('feature_types') ? learner.texts('feature_types') : []
  for (const [what, list] of Object.entries({ feature_names: names, feature_types: types }))
    if (list.length !== 0 && list.length !== features)
      throw invalid(`learner.${what} has ${list.length} entries for ${features} features`)
  return {
    version: top.has('version') ? Array.from(top.numbers('version', 3)) : [1, 0, 0],
    objective: learner.has('objective') ? readObjective(learner.object('objective')) : '',
    booster: name,
    baseScores: readBaseScores(params.text('base_score')),
    classes: params.has('num_class') ? params.whole('num_class', 0, MAX_CLASSES) : 0,
    targets: params.has('num_target') ? params.whole('num_target', 0, 2 ** 31) : 1,
    features,
    parallelTrees: modelParams.has('num_parallel_tree')
      ? Math.max(1, modelParams.whole('num_parallel_tree', 0, MAX_NODES))
      : 1,
    trees: trees.map(({ tree }) => tree),
    groups: model.numbers('tree_info', trees.length),
    leafSize: [...sizes][0] ?? 1,
    roundStarts: model.has('iteration_indptr') ? model.numbers('iteration_indptr') : undefined,
    weights: findWeights([booster, holder, model], trees.length),
    attributes: learner.has('attributes') ? learner.object('attributes').allTexts() : new Map(),
    names,
    isCategory: types.map((type) => type === 'c'),
    categories: readCategories(model, features),
  }
}

function readObjective(objective: Fields): string {
  return objective.has('name') ? objective.text('name') : ''
}

/** "5E-1" up to 3.0, "[4.6E-1,…]" from 3.1; digits of a number in single precision. */
function readBaseScores(text: string): number[] {
  const list = /^\[.*\]$/.test(text) ? text.slice(1, -1).split(',') : [text]
  return list.map((item) => {
    const number = item.trim() === '' ? Number.NaN : Math.fround(Number(item))
    if (Number.isFinite(number)) return number
    throw invalid(`learner.learner_model_param.base_score is ${JSON.stringify(text.slice(0, 64))}`)
  })
}

/**
 * A dart model's weights stand in one of three places, which depends on the version: beside `gbtree`, beside `model`,
 * or in it, whatever the booster is called there.
 */
function findWeights(places: readonly Fields[], trees: number): ArrayLike<number> | undefined {
  const found = new Set(places.filter((place) => place.has('weight_drop')))
  const weights = [...found].map((place) => place.numbers('weight_drop'))
  const used = weights.find(({ length }) => length > 0)
  if (used && used.length !== trees)
    throw invalid(`weight_drop has ${used.length} entries for ${trees} trees`)
  return used
}

function readTree(entry: Fields): { tree: XgboostTree; size: number } {
  const params = entry.object('tree_param')
  const left = entry.numbers('left_children')
  const nodes = left.length
  const size = params.has('size_leaf_vector')
    ? Math.max(1, params.whole('size_leaf_vector', 0, MAX_CLASSES))
    : 1
  const right = entry.numbers('right_children', nodes)
  const threshold = entry.numbers('split_conditions', nodes)
  const leaves = size > 1 ? readVectors(entry, right, size) : undefined
  const tree: XgboostTree = {
    nodes,
    left,
    right,
    feature: entry.numbers('split_indices', nodes),
    threshold: Float64Array.from(threshold, Math.fround),
    missingLeft: entry.flags('default_left', nodes),
    cover:
      leaves?.hasCovers === false
        ? undefined
        : Float64Array.from(entry.numbers('sum_hessian', nodes), Math.fround),
    codes: readCodes(entry, nodes),
    leaf(node, out) {
      if (leaves) leaves.write(node, out)
      else out[0] = Math.fround(threshold[node]!)
    },
  }
  return { tree, size }
}

/** From 3.2 a leaf's right child numbers its vector; before, vectors were the weights of nodes, without covers. */
function readVectors(entry: Fields, right: ArrayLike<number>, size: number) {
  const hasCovers = entry.has('leaf_weights')
  const values = entry.numbers(hasCovers ? 'leaf_weights' : 'base_weights')
  return {
    hasCovers,
    write(node: number, out: Float64Array) {
      const at = (hasCovers ? right[node]! : node) * size
      if (!(Number.isInteger(at) && at >= 0 && at + size <= values.length))
        throw invalid(`${entry.where}: leaf ${node} has no vector`)
      for (let k = 0; k < out.length; k++) out[k] = Math.fround(values[at + k]!)
    },
  }
}

/** Categories of the nodes that split by them: `categories` cut by segments and sizes. */
function readCodes(entry: Fields, nodes: number): Map<number, ArrayLike<number>> {
  const codes = new Map<number, ArrayLike<number>>()
  if (!entry.has('categories_nodes')) return codes
  const owners = entry.numbers('categories_nodes')
  const starts = entry.numbers('categories_segments', owners.length)
  const sizes = entry.numbers('categories_sizes', owners.length)
  const all = Array.from(entry.numbers('categories'))
  let used = 0
  for (let i = 0; i < owners.length; i++) {
    const [node, start, size] = [owners[i]!, starts[i]!, sizes[i]!]
    const isInside = start >= 0 && size >= 0 && start + size <= all.length
    used += size
    if (!(Number.isInteger(node) && node >= 0 && node < nodes && isInside) || used > all.length)
      throw invalid(`${entry.where}: the categories of node ${node} are not in its list`)
    if (codes.has(node)) throw invalid(`${entry.where}: node ${node} lists its categories twice`)
    codes.set(node, all.slice(start, start + size))
  }
  const types = entry.has('split_type') ? entry.numbers('split_type', nodes) : []
  for (let node = 0; node < types.length; node++)
    if ((types[node] === 1) !== codes.has(node))
      throw invalid(`${entry.where}: split_type of node ${node} does not match its categories`)
  return codes
}

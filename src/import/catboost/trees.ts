/**
 * Trees of a CatBoost document: symmetric ones, all of whose nodes of a level ask the same, and others.
 * Fields: catboost/catboost `catboost/libs/model/json_model_helpers.cpp`.
 */
import type { NodeView } from '../category-sets.ts'
import type { Fields } from '../document-fields.ts'
import type { SourceTree } from '../ensemble-builder.ts'
import { invalid } from '../imported-model.ts'
import type { Split } from './splits.ts'

/** Most splits of a symmetric tree, as the library has it: 2^16 leaves. */
const MAX_SPLITS = 16
/** Most nodes of all symmetric trees, which a few bytes may ask for. */
const MAX_NODES = 2 ** 26

type ReadSplit = (split: Fields) => Split

/** Returns the trees in their order; each has `outputs` values in a leaf. */
export function readTrees(document: Fields, outputs: number, readSplit: ReadSplit): SourceTree[] {
  if (!document.has('oblivious_trees'))
    return document.objects('trees').map((tree) => readNested(tree, outputs, readSplit))
  const trees = document.objects('oblivious_trees')
  const splits = trees.map((tree) => (tree.isNull('splits') ? [] : tree.objects('splits')))
  let nodes = 0
  splits.forEach((own, i) => {
    if (own.length > MAX_SPLITS)
      throw invalid(`tree ${i} has ${own.length} splits, at most ${MAX_SPLITS} are read`)
    nodes += 2 ** (own.length + 1)
  })
  if (nodes > MAX_NODES)
    throw invalid(`its trees have ${nodes} nodes, at most ${MAX_NODES} are read`)
  return trees.map((tree, i) => readSymmetric(tree, splits[i]!.map(readSplit), outputs))
}

/**
 * A symmetric tree as a whole binary tree, level by level. Split k is bit k of a leaf's number, 1 = right; the first
 * split is asked last, so that the leaves stand in their order.
 */
function readSymmetric(tree: Fields, splits: readonly Split[], outputs: number): SourceTree {
  const depth = splits.length
  const leaves = 2 ** depth
  const inner = leaves - 1
  const values = tree.numbers('leaf_values', leaves * outputs)
  const nodes = inner + leaves
  const at = (node: number) => splits[depth - 1 - (31 - Math.clz32(node + 1))]!
  const byNode = Array.from({ length: inner }, (_, node) => at(node))
  return {
    nodes,
    left: Int32Array.from({ length: nodes }, (_, node) => (node < inner ? 2 * node + 1 : -1)),
    right: Int32Array.from({ length: nodes }, (_, node) => (node < inner ? 2 * node + 2 : -1)),
    ...columnsOf(byNode),
    cover: tree.has('leaf_weights') ? sumCovers(tree.numbers('leaf_weights', leaves)) : undefined,
    leaf(node, out) {
      for (let k = 0; k < outputs; k++) out[k] = values[(node - inner) * outputs + k]!
    },
  }
}

/** Weights of all nodes of a whole binary tree from those of its leaves. */
function sumCovers(leaves: ArrayLike<number>): Float64Array {
  const inner = leaves.length - 1
  const covers = new Float64Array(inner + leaves.length)
  covers.set(leaves, inner)
  for (let node = inner - 1; node >= 0; node--)
    covers[node] = covers[2 * node + 1]! + covers[2 * node + 2]!
  return covers
}

/** A tree of nodes in each other, which the depth of a document bounds. */
function readNested(root: Fields, outputs: number, readSplit: ReadSplit): SourceTree {
  const left: number[] = []
  const right: number[] = []
  const cover: number[] = []
  const values: ArrayLike<number>[] = []
  const splits: (Split | undefined)[] = []
  let hasCovers = true
  const read = (node: Fields): number => {
    const number = left.length
    left.push(-1)
    right.push(-1)
    cover.push(0)
    values.push([])
    const isLeaf = node.has('value')
    splits.push(isLeaf ? undefined : readSplit(node.object('split')))
    if (isLeaf) {
      values[number] = outputs === 1 ? [node.number('value')] : node.numbers('value', outputs)
      hasCovers &&= node.has('weight')
      if (hasCovers) cover[number] = node.number('weight')
      return number
    }
    const [toLeft, toRight] = [read(node.object('left')), read(node.object('right'))]
    left[number] = toLeft
    right[number] = toRight
    cover[number] = cover[toLeft]! + cover[toRight]!
    return number
  }
  read(root)
  return {
    nodes: left.length,
    left,
    right,
    ...columnsOf(splits),
    cover: hasCovers ? cover : undefined,
    leaf(node, out) {
      for (let k = 0; k < outputs; k++) out[k] = values[node]![k]!
    },
  }
}

/** What nodes ask, one list per property. */
function columnsOf(splits: readonly (Split | undefined)[]) {
  return {
    feature: Int32Array.from(splits, (split) => split?.feature ?? 0),
    threshold: Float64Array.from(splits, (split) => split?.border ?? 0),
    missingLeft: Uint8Array.from(splits, (split) => (split?.missingLeft ? 1 : 0)),
    view: (node: number): NodeView | undefined => splits[node]?.view,
  }
}

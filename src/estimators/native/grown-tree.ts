/** A grown tree as plain arrays, and many as one model. */
import type { Matrix } from '../../data/matrix.ts'
import type { TreesSpec } from '../../models/model.ts'
import type { TreeNodes } from './tree-grower.ts'

/** A finished tree: plain arrays of exact length, which can be sent between threads. */
export interface GrownTree {
  readonly feature: Int32Array
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly missingLeft: Uint8Array
  readonly cover: Float64Array
  /** [node][class]: shares of the weight. */
  readonly value: Float64Array
}

/** Returns the finished tree of some nodes that were grown on the rows of `X`. */
export function finishTree(nodes: TreeNodes, X: Matrix, classes: number): GrownTree {
  const { count, feature } = nodes
  const threshold = new Float64Array(count)
  const cover = new Float64Array(count)
  const value = new Float64Array(count * classes)
  for (let node = 0; node < count; node++) {
    let total = 0
    for (let k = node * classes; k < (node + 1) * classes; k++) total += nodes.weight[k]!
    cover[node] = total
    for (let k = node * classes; k < (node + 1) * classes; k++) value[k] = nodes.weight[k]! / total
    if (feature[node]! >= 0) threshold[node] = thresholdOf(nodes, node, X)
  }
  const { left, right, missingLeft } = nodes
  return { feature, threshold, left, right, missingLeft, cover, value }
}

/** Halfway between the values on either side, where doubles allow it. */
function thresholdOf(nodes: TreeNodes, node: number, X: Matrix): number {
  const valueAt = (row: number) => X.data[row * X.columns + nodes.feature[node]!]! + 0
  const rowAbove = nodes.rowAbove[node]!
  // Above every number: only missing values go right.
  if (rowAbove < 0) return Number.MAX_VALUE
  const below = valueAt(nodes.rowBelow[node]!)
  const above = valueAt(rowAbove)
  const middle = below / 2 + above / 2
  return middle < above && middle >= below ? middle : below
}

/** Returns the ensemble of some trees; they vote with their leaves' class shares. */
export function joinTrees(trees: readonly GrownTree[], classes: number): TreesSpec {
  const total = trees.reduce((sum, tree) => sum + tree.feature.length, 0)
  const spec = {
    kind: 'trees',
    roots: new Int32Array(trees.length),
    feature: new Int32Array(total),
    threshold: new Float64Array(total),
    left: new Int32Array(total),
    right: new Int32Array(total),
    missingLeft: new Uint8Array(total),
    cover: new Float64Array(total),
    value: new Float64Array(total * classes),
    base: new Float64Array(classes),
    outputs: classes,
    comparison: '<=',
    precision: 'float64',
    aggregation: 'mean',
    link: 'identity',
    vote: 'soft',
  } satisfies TreesSpec
  let at = 0
  trees.forEach((tree, i) => {
    spec.roots[i] = at
    spec.feature.set(tree.feature, at)
    spec.threshold.set(tree.threshold, at)
    spec.missingLeft.set(tree.missingLeft, at)
    spec.cover.set(tree.cover, at)
    spec.value.set(tree.value, at * classes)
    for (let node = 0; node < tree.feature.length; node++) {
      const left = tree.left[node]!
      spec.left[at + node] = left < 0 ? -1 : left + at
      spec.right[at + node] = left < 0 ? -1 : tree.right[node]! + at
    }
    at += tree.feature.length
  })
  return spec
}

/** Returns the leaf that a row of a matrix reaches. */
export function leafOf(tree: GrownTree, X: Matrix, row: number): number {
  const from = row * X.columns
  let node = 0
  for (let feature = tree.feature[0]!; feature >= 0; ) {
    const value = X.data[from + feature]!
    const isLeft = Number.isNaN(value)
      ? tree.missingLeft[node] === 1
      : value <= tree.threshold[node]!
    node = (isLeft ? tree.left[node] : tree.right[node]) as number
    feature = tree.feature[node]!
  }
  return node
}

import { lastDouble, nextDown } from '../data/doubles.ts'
import { type Matrix, rowOf } from '../data/matrix.ts'

/**
 * The arrays of a tree ensemble, all trees behind each other; children have larger numbers than their parent.
 * A leaf has feature −1. Lengths: one entry per node, `value` has `outputs` per node (used at leaves only).
 */
export interface TreeEnsemble {
  /** Number of the root node of every tree. */
  readonly roots: Int32Array
  readonly feature: Int32Array
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array
  /** Weight of the training rows that reached the node. */
  readonly cover: Float64Array
  readonly value: Float64Array
  readonly outputs: number
  /** Which rows go left: those with x ≤ threshold, or those with x < threshold. */
  readonly comparison: '<=' | '<'
  /** Inputs are rounded to this precision before they are compared. */
  readonly precision: 'float32' | 'float64'
  /** Whether the trees' values are averaged or added. */
  readonly aggregation: 'mean' | 'sum'
  /** Added to the aggregate; length = outputs. */
  readonly base: Float64Array
}

/** Whether a row goes left at an inner node. */
export function goesLeft(trees: TreeEnsemble, node: number, x: Float64Array): boolean {
  const raw = x[trees.feature[node]!]!
  if (Number.isNaN(raw)) return trees.missingLeft[node] === 1
  const value = trees.precision === 'float32' ? Math.fround(raw) : raw
  const threshold = trees.threshold[node]!
  return trees.comparison === '<=' ? value <= threshold : value < threshold
}

/** Returns the number of the leaf that a row reaches in the tree with the given root. */
export function findLeaf(trees: TreeEnsemble, root: number, x: Float64Array): number {
  let node = root
  while (trees.feature[node]! >= 0) {
    node = (goesLeft(trees, node, x) ? trees.left[node] : trees.right[node]) as number
  }
  return node
}

/** What a single tree's leaf value counts in the ensemble: 1 for a sum, 1 / trees for a mean. */
export function treeWeight(trees: TreeEnsemble): number {
  return trees.aggregation === 'mean' ? 1 / trees.roots.length : 1
}

/** Adds up the ensemble's outputs for one row into `out`; length = outputs. */
export function ensembleOutput(trees: TreeEnsemble, x: Float64Array, out: Float64Array): void {
  out.fill(0)
  for (const root of trees.roots) {
    const leaf = findLeaf(trees, root, x)
    for (let k = 0; k < trees.outputs; k++) {
      out[k] = out[k]! + trees.value[leaf * trees.outputs + k]!
    }
  }
  const weight = treeWeight(trees)
  for (let k = 0; k < trees.outputs; k++) out[k] = out[k]! * weight + trees.base[k]!
}

/** Returns the weight of the left branch of an inner node; an unreached pair of children counts half each. */
export function leftShare(trees: TreeEnsemble, node: number): number {
  const left = trees.cover[trees.left[node]!]!
  const right = trees.cover[trees.right[node]!]!
  return left + right > 0 ? left / (left + right) : 0.5
}

/** Returns the cover-weighted mean of every output, summed or averaged over the trees; length = outputs. */
export function expectedOutput(trees: TreeEnsemble): Float64Array {
  const { outputs } = trees
  const expected = Float64Array.from(trees.value)
  // Children have larger numbers than their parents.
  for (let node = trees.feature.length - 1; node >= 0; node--) {
    if (trees.feature[node]! < 0) continue
    const share = leftShare(trees, node)
    const left = trees.left[node]! * outputs
    const right = trees.right[node]! * outputs
    for (let k = 0; k < outputs; k++) {
      const fromRight = expected[right + k]!
      expected[node * outputs + k] = fromRight + share * (expected[left + k]! - fromRight)
    }
  }
  const weight = treeWeight(trees)
  return Float64Array.from({ length: outputs }, (_, k) => {
    let sum = 0
    for (const root of trees.roots) sum += expected[root * outputs + k]!
    return sum * weight + trees.base[k]!
  })
}

/** Returns the mean of every output over the rows of a matrix; length = outputs. */
export function meanOutput(trees: TreeEnsemble, X: Matrix): Float64Array {
  const mean = new Float64Array(trees.outputs)
  const out = new Float64Array(trees.outputs)
  for (let row = 0; row < X.rows; row++) {
    ensembleOutput(trees, rowOf(X, row), out)
    for (let k = 0; k < mean.length; k++) mean[k] = mean[k]! + out[k]!
  }
  return mean.map((sum) => sum / X.rows)
}

/**
 * Returns the number t of an inner node for which a value v (rounded, not missing) goes left exactly if v ≤ t.
 * For `<` that is the largest double below the threshold.
 */
export function leftComparison(trees: TreeEnsemble, node: number): number {
  const threshold = trees.threshold[node]!
  return trees.comparison === '<=' ? threshold : nextDown(threshold)
}

/**
 * Returns the largest double that goes left at an inner node as it is compared: with the node's comparison, and rounded
 * to the ensemble's precision.
 */
export function lastLeft(trees: TreeEnsemble, node: number): number {
  const threshold = leftComparison(trees, node)
  if (trees.precision === 'float64') return threshold
  return lastDouble((value) => Math.fround(value) <= threshold, threshold)
}

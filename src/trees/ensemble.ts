/** A tree ensemble as arrays, whoever trained it, and the plain walk that says what it answers. */
import { lastDouble, nextDown } from '../data/doubles.ts'
import { type Matrix, rowOf } from '../data/matrix.ts'
import { type ColumnView, lookThrough } from './views.ts'

/**
 * The arrays of a tree ensemble, all trees behind each other; children have larger numbers than their parent.
 * A leaf has feature −1. Lengths: one entry per node unless told otherwise.
 */
export interface TreeEnsemble {
  /** Number of the root node of every tree. */
  readonly roots: Int32Array
  /**
   * The output that every tree adds to; a leaf then has one value. One entry per tree. Absent: every leaf has a value
   * of every output.
   */
  readonly output?: Int32Array
  /** Number of the feature that an inner node asks, and whose SHAP value it adds to. */
  readonly feature: Int32Array
  /** What it is compared with; at a view of codes any number, which nobody reads. */
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array
  /** Number in `views` of what a node sees of its feature, −1 = the plain number. Absent: plain numbers everywhere. */
  readonly view?: Int32Array
  readonly views?: readonly ColumnView[]
  /** Weight of the training rows that reached the node, 0 for none. Absent: not known of any node. */
  readonly cover?: Float64Array
  /** [node][output], or one number per node where every tree has an output of its own; read at leaves only. */
  readonly value: Float64Array
  readonly outputs: number
  /** Which rows go left: those with x ≤ threshold, or those with x < threshold. */
  readonly comparison: '<=' | '<'
  /** Numbers are rounded to this precision before they are compared; codes of categories never are. */
  readonly precision: 'float32' | 'float64'
  /** Whether the values of the trees that add to an output are averaged or added. */
  readonly aggregation: 'mean' | 'sum'
  /** The aggregate is multiplied by this before the base is added; absent: 1. */
  readonly scale?: number
  /** Added to the scaled aggregate; length = outputs. */
  readonly base: Float64Array
}

/** Trees that add to the same outputs. */
export interface TreeGroup {
  /** The output of these trees; undefined: all outputs. */
  readonly output: number | undefined
  readonly roots: Int32Array
}

/** Whether a row goes left at an inner node. */
export function goesLeft(trees: TreeEnsemble, node: number, x: Float64Array): boolean {
  const value = numberAt(trees, node, x)
  if (Number.isNaN(value)) return trees.missingLeft[node] === 1
  const threshold = trees.threshold[node]!
  return trees.comparison === '<=' ? value <= threshold : value < threshold
}

/** Returns the number that a node compares with its threshold; NaN = missing. */
function numberAt(trees: TreeEnsemble, node: number, x: Float64Array): number {
  const raw = x[trees.feature[node]!]!
  const rounded = trees.precision === 'float32' ? Math.fround(raw) : raw
  const view = viewOf(trees, node)
  return view ? lookThrough(view, raw, rounded) : rounded
}

/** Returns what a node sees of its column; undefined = the plain number. */
export function viewOf({ view, views }: TreeEnsemble, node: number): ColumnView | undefined {
  const number = view ? view[node]! : -1
  return number < 0 ? undefined : views?.[number]
}

/** Returns the number of the leaf that a row reaches in the tree with the given root. */
export function findLeaf(trees: TreeEnsemble, root: number, x: Float64Array): number {
  let node = root
  while (trees.feature[node]! >= 0) {
    node = (goesLeft(trees, node, x) ? trees.left[node] : trees.right[node]) as number
  }
  return node
}

/** Returns how many numbers a node has in `value`. */
export function valueWidth({ output, outputs }: TreeEnsemble): number {
  return output ? 1 : outputs
}

/** Returns the trees by the outputs that they add to, in their order; outputs without a tree are left out. */
export function groupTrees({ output, roots }: TreeEnsemble): TreeGroup[] {
  if (!output) return [{ output: undefined, roots }]
  return [...new Set(output)]
    .sort((a, b) => a - b)
    .map((own) => ({ output: own, roots: roots.filter((_, tree) => output[tree] === own) }))
}

/** Returns what a single tree's leaf value counts in every output: its share of a mean, times the scale. */
export function treeWeights({ aggregation, scale = 1, output, outputs, roots }: TreeEnsemble) {
  const weights = new Float64Array(outputs).fill(scale)
  if (aggregation === 'sum') return weights
  const counts = new Float64Array(outputs).fill(output ? 0 : roots.length)
  for (const own of output ?? []) counts[own] = counts[own]! + 1
  return weights.map((weight, k) => weight / Math.max(1, counts[k]!))
}

/** Returns a function that adds up the ensemble's outputs for one row into `out`; length = outputs. */
export function compileOutput(trees: TreeEnsemble): (x: Float64Array, out: Float64Array) => void {
  const { roots, output, outputs, value, base } = trees
  const weights = treeWeights(trees)
  return (x, out) => {
    out.fill(0)
    for (let tree = 0; tree < roots.length; tree++) {
      const leaf = findLeaf(trees, roots[tree]!, x)
      if (output) {
        const k = output[tree]!
        out[k] = out[k]! + value[leaf]!
      } else for (let k = 0; k < outputs; k++) out[k] = out[k]! + value[leaf * outputs + k]!
    }
    for (let k = 0; k < outputs; k++) out[k] = out[k]! * weights[k]! + base[k]!
  }
}

/** Returns the weight of the left branch of an inner node; an unreached pair of children counts half each. */
export function leftShare({ cover, left, right }: TreeEnsemble, node: number): number {
  if (!cover) return 0.5
  const toLeft = cover[left[node]!]!
  const toRight = cover[right[node]!]!
  return toLeft + toRight > 0 ? toLeft / (toLeft + toRight) : 0.5
}

/** Returns the cover-weighted mean of every output, summed or averaged over the trees; length = outputs. */
export function expectedOutput(trees: TreeEnsemble): Float64Array {
  const { outputs, output, roots, base } = trees
  const width = valueWidth(trees)
  const expected = new Float64Array(trees.value)
  // Children have larger numbers than their parents.
  for (let node = trees.feature.length - 1; node >= 0; node--) {
    if (trees.feature[node]! < 0) continue
    const share = leftShare(trees, node)
    const left = trees.left[node]! * width
    const right = trees.right[node]! * width
    for (let k = 0; k < width; k++) {
      const fromRight = expected[right + k]!
      expected[node * width + k] = fromRight + share * (expected[left + k]! - fromRight)
    }
  }
  const sums = new Float64Array(outputs)
  roots.forEach((root, tree) => {
    for (let k = 0; k < width; k++) {
      const own = output ? output[tree]! : k
      sums[own] = sums[own]! + expected[root * width + k]!
    }
  })
  const weights = treeWeights(trees)
  return sums.map((sum, k) => sum * weights[k]! + base[k]!)
}

/** Returns the mean of every output over the rows of a matrix; length = outputs. */
export function meanOutput(trees: TreeEnsemble, X: Matrix): Float64Array {
  const mean = new Float64Array(trees.outputs)
  const out = new Float64Array(trees.outputs)
  const outputOf = compileOutput(trees)
  for (let row = 0; row < X.rows; row++) {
    outputOf(rowOf(X, row), out)
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

/** Returns the largest double that, rounded to the ensemble's precision, is not above a number. */
export function lastUpTo({ precision }: TreeEnsemble, limit: number): number {
  if (precision === 'float64') return limit
  return lastDouble((value) => Math.fround(value) <= limit, limit)
}

/**
 * Exact interventional SHAP values of tree ensembles, by definition and in plain TypeScript.
 *
 * For a row x and a background row b a leaf is reached by the coalitions that hold all of A (the features where only
 * x stays on the leaf's path) and none of Z (where only b does). With a = |A|, z = |Z| and leaf value v, every
 * feature of A gets v (a − 1)! z! / (a + z)!, every feature of Z gets −v a! (z − 1)! / (a + z)!. Averaged over the
 * background. (Janzing, Minorics, Blöbaum 2020; Laberge and Pequignot 2022, "Understanding interventional TreeSHAP".)
 */
import { type Matrix, rowOf } from '../data/matrix.ts'
import {
  goesLeft,
  meanOutput,
  type TreeEnsemble,
  treeWeights,
  valueWidth,
} from '../trees/ensemble.ts'
import type { InterventionalShap } from './interventional-shap.ts'

/** Which of the two rows stays on the path after a split where they part. */
const FROM_ROW = 1
const FROM_BACKGROUND = 2

/** Returns the explainer of an ensemble against background rows, in plain TypeScript. */
export function compileInterventionalReference(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
): InterventionalShap {
  const scales = treeWeights(trees).map((weight) => weight / background.rows)
  const pair: Pair = {
    trees,
    features,
    x: new Float64Array(features),
    b: new Float64Array(features),
    outputs: [],
    tree: 0,
    phi: new Float64Array(0),
    side: new Uint8Array(features),
    decided: [],
  }
  const explain: InterventionalShap['explain'] = (x, outputs, phi) => {
    phi.fill(0)
    Object.assign(pair, { x, outputs, phi })
    for (let row = 0; row < background.rows; row++) {
      pair.b = rowOf(background, row)
      trees.roots.forEach((root, tree) => {
        const own = trees.output?.[tree]
        if (own !== undefined && !outputs.includes(own)) return
        pair.tree = tree
        visit(pair, root, 0, 0)
      })
    }
    for (let i = 0; i < phi.length; i++)
      phi[i] = phi[i]! * scales[outputs[Math.floor(i / features)]!]!
  }
  return {
    baseValues: meanOutput(trees, background),
    explain,
    explainRows(X, outputs, phi) {
      const size = outputs.length * features
      for (let row = 0; row < X.rows; row++)
        explain(rowOf(X, row), outputs, phi.subarray(row * size, (row + 1) * size))
    },
    cost: background.rows * trees.feature.length * 5,
    plan: 'sets',
  }
}

/** One row against one background row. */
interface Pair {
  readonly trees: TreeEnsemble
  readonly features: number
  x: Float64Array
  b: Float64Array
  outputs: readonly number[]
  tree: number
  phi: Float64Array
  /** Per feature: 0, or the row that was followed where the two parted. */
  readonly side: Uint8Array
  /** Features where they parted, from the root down. */
  readonly decided: number[]
}

/** Follows both rows below a node; a and z count the features decided for the row and for the background. */
function visit(pair: Pair, node: number, a: number, z: number): void {
  const { trees, side, decided } = pair
  const feature = trees.feature[node]!
  if (feature < 0) {
    if (a + z > 0) addLeaf(pair, node, a, z)
    return
  }
  const left = trees.left[node]!
  const right = trees.right[node]!
  const toX = goesLeft(trees, node, pair.x) ? left : right
  const toB = goesLeft(trees, node, pair.b) ? left : right
  if (toX === toB || side[feature] === FROM_ROW) visit(pair, toX, a, z)
  else if (side[feature] === FROM_BACKGROUND) visit(pair, toB, a, z)
  else {
    decided.push(feature)
    side[feature] = FROM_ROW
    visit(pair, toX, a + 1, z)
    side[feature] = FROM_BACKGROUND
    visit(pair, toB, a, z + 1)
    side[feature] = 0
    decided.pop()
  }
}

function addLeaf(pair: Pair, leaf: number, a: number, z: number): void {
  const { trees, features, outputs, tree, phi, side, decided } = pair
  const width = valueWidth(trees)
  const own = trees.output?.[tree]
  const inside = a > 0 ? shareOfOrders(a - 1, z) : 0
  const outside = z > 0 ? -shareOfOrders(a, z - 1) : 0
  for (let k = 0; k < outputs.length; k++) {
    if (own !== undefined && own !== outputs[k]) continue
    const value = trees.value[leaf * width + (own === undefined ? outputs[k]! : 0)]!
    for (const feature of decided) {
      const at = k * features + feature
      phi[at] = phi[at]! + value * (side[feature] === FROM_ROW ? inside : outside)
    }
  }
}

/** Returns a! z! / (a + z + 1)!: the share of orders in which one feature comes after a others and before z others. */
export function shareOfOrders(a: number, z: number): number {
  let share = 1 / (a + z + 1)
  for (let i = 1; i <= z; i++) share *= i / (a + i)
  return share
}

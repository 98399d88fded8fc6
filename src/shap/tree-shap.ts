/**
 * Exact path-dependent SHAP values of tree ensembles by quadrature, in plain TypeScript.
 *
 * For a leaf with value v and path features i = 1 … d, with R_i the product of the branch weights of all splits
 * on i and s_i = 1 where the row satisfies all of them (else 0),
 *
 *   phi_j += v · ∫₀¹ (s_j − R_j) · Π_{i ≠ j} (R_i (1 − p) + s_i p) dp,
 *
 * a polynomial of degree d − 1, so Gauss-Legendre with ⌈d / 2⌉ points is exact (Wettenstein, Mitchell and Yu,
 * "Quadrature-TreeSHAP", arXiv 2605.04497). Here the sums over leaves are shared in one pass down (C, the product
 * of the factors above a node) and one pass up (H, the weighted value below it): at a split the factors of both
 * edges sum to the factor of the path above, so f for the left edge is all a node needs, and no division is made
 * per row. All factors lie in [0, 1], which keeps it stable at any depth.
 */
import { gaussLegendre } from './gauss-legendre.ts'
import { goesLeft, type TreeEnsemble, treeWeight } from './tree-ensemble.ts'

/** One tree prepared for explaining; inner nodes in an order with parents first. */
interface CompiledTree {
  /** Points of the quadrature: ⌈d / 2⌉ for the largest number d of different features on a path. */
  readonly points: number
  /** Node number in the ensemble of every inner node. */
  readonly node: Int32Array
  /** Position of the inner child, or −1 − leaf number. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** Weight of the left branch: cover of the left child over both. */
  readonly leftWeight: Float64Array
  /** Product of the branch weights of the splits above on the same feature; 1 if there is none. */
  readonly weightAbove: Float64Array
  /** Position of the nearest node above that splits on the same feature, or −1. */
  readonly ancestor: Int32Array
  /** Side on which the path leaves that ancestor. */
  readonly ancestorSide: Uint8Array
  /** 1 / (R u + t) at every point; [inner node][point]. */
  readonly inverse: Float64Array
}

/** An ensemble prepared for explaining. */
export interface TreeShap {
  /** Expected output of the ensemble under the trees' covers; length = outputs. */
  readonly baseValues: Float64Array
  /**
   * Adds nothing and allocates little: writes the SHAP values of one row into `phi`, [output asked][feature].
   * @param outputs which outputs of the ensemble to explain
   */
  explain(x: Float64Array, outputs: readonly number[], phi: Float64Array): void
  /** Estimated elementary steps to explain one output of one row; a step takes about a nanosecond. */
  readonly cost: number
}

const RIGHT = 0
const LEFT = 1
/** The row has already left the path at an earlier split on the same feature. */
const DEAD = 2

/** Returns the explainer of an ensemble over `features` model features. */
export function compileTreeShap(trees: TreeEnsemble, features: number): TreeShap {
  const compiled = Array.from(trees.roots, (root) => compileTree(trees, root)).filter(
    (tree) => tree.node.length > 0,
  )
  const slots = compiled.reduce((most, tree) => Math.max(most, tree.node.length * tree.points), 0)
  const scratch: Scratch = {
    code: new Uint8Array(compiled.reduce((most, tree) => Math.max(most, tree.node.length), 0)),
    factor: new Float64Array(slots),
    above: new Float64Array(slots),
    below: new Float64Array(slots),
  }
  return {
    baseValues: expectedValues(trees),
    explain(x, outputs, phi) {
      phi.fill(0)
      for (const tree of compiled) {
        passDown(trees, tree, x, scratch)
        outputs.forEach((output, k) => {
          passUp(trees, tree, output, scratch, phi.subarray(k * features, (k + 1) * features))
        })
      }
      const weight = treeWeight(trees)
      for (let i = 0; i < phi.length; i++) phi[i] = (phi[i] as number) * weight
    },
    cost: compiled.reduce((sum, tree) => sum + tree.node.length * (tree.points * 5 + 5), 0),
  }
}

/** Working memory of one explainer, reused for every row and tree. */
interface Scratch {
  readonly code: Uint8Array
  /** f of the left edge; [inner node][point], as the next two. */
  readonly factor: Float64Array
  /** C: quadrature weight times the factors above the node. */
  readonly above: Float64Array
  /** H: expected value below the node. */
  readonly below: Float64Array
}

/** Routes the row and fills code, factor and above, parents first. */
function passDown(
  trees: TreeEnsemble,
  tree: CompiledTree,
  x: Float64Array,
  scratch: Scratch,
): void {
  const { points: n, left, right, leftWeight, weightAbove, inverse } = tree
  const { code, factor, above } = scratch
  const { nodes: t, weights } = gaussLegendre(n)
  above.set(weights)
  for (let i = 0; i < tree.node.length; i++) {
    const ancestor = tree.ancestor[i] as number
    const alive = ancestor < 0 || code[ancestor] === tree.ancestorSide[i]
    const satisfied = goesLeft(trees, tree.node[i] as number, x) ? 1 : 0
    code[i] = alive ? satisfied : DEAD
    const rl = leftWeight[i] as number
    const rest = (weightAbove[i] as number) * rl
    const leftAt = (left[i] as number) * n
    const rightAt = (right[i] as number) * n
    for (let q = 0; q < n; q++) {
      const at = i * n + q
      const point = t[q] as number
      const f = alive ? (inverse[at] as number) * (rest * (1 - point) + satisfied * point) : rl
      const c = above[at] as number
      factor[at] = f
      if (leftAt >= 0) above[leftAt + q] = c * f
      if (rightAt >= 0) above[rightAt + q] = c - c * f
    }
  }
}

/** Adds one tree's SHAP values of one output to `phi` (length = features), children first. */
function passUp(
  trees: TreeEnsemble,
  tree: CompiledTree,
  output: number,
  scratch: Scratch,
  phi: Float64Array,
): void {
  const { points: n, left, right, leftWeight, weightAbove, inverse } = tree
  const { code, factor, above, below } = scratch
  for (let i = tree.node.length - 1; i >= 0; i--) {
    const leftAt = left[i] as number
    const rightAt = right[i] as number
    const leftValue =
      leftAt < 0 ? (trees.value[(-1 - leftAt) * trees.outputs + output] as number) : 0
    const rightValue =
      rightAt < 0 ? (trees.value[(-1 - rightAt) * trees.outputs + output] as number) : 0
    let sum = 0
    for (let q = 0; q < n; q++) {
      const at = i * n + q
      const fromRight = rightAt < 0 ? rightValue : (below[rightAt * n + q] as number)
      const difference = (leftAt < 0 ? leftValue : (below[leftAt * n + q] as number)) - fromRight
      below[at] = fromRight + (factor[at] as number) * difference
      const inv = inverse[at] as number
      sum += (above[at] as number) * inv * inv * difference
    }
    if (code[i] === DEAD) continue
    const feature = trees.feature[tree.node[i] as number] as number
    const s = code[i] === LEFT ? 1 : 0
    phi[feature] =
      (phi[feature] as number) + (s - (leftWeight[i] as number)) * (weightAbove[i] as number) * sum
  }
}

function compileTree(trees: TreeEnsemble, root: number): CompiledTree {
  const order = innerNodes(trees, root)
  const count = order.length
  const position = new Map(order.map((entry, index) => [entry.node, index]))
  const childAt = (child: number) =>
    (trees.feature[child] as number) < 0 ? -1 - child : (position.get(child) as number)
  const leftWeight = Float64Array.from(order, ({ node }) => leftShare(trees, node))
  const weightAbove = new Float64Array(count).fill(1)
  const ancestor = Int32Array.from(order, (entry) => entry.ancestor)
  const ancestorSide = Uint8Array.from(order, (entry) => entry.ancestorSide)
  for (let i = 0; i < count; i++) {
    const a = ancestor[i] as number
    if (a < 0) continue
    const share = leftWeight[a] as number
    weightAbove[i] = (weightAbove[a] as number) * (ancestorSide[i] === LEFT ? share : 1 - share)
  }
  const points = Math.max(
    1,
    Math.ceil(order.reduce((most, entry) => Math.max(most, entry.distinct), 0) / 2),
  )
  const { nodes: t } = gaussLegendre(points)
  const inverse = new Float64Array(count * points).fill(1)
  for (let i = 0; i < count; i++) {
    if ((ancestor[i] as number) < 0) continue
    for (let q = 0; q < points; q++) {
      const point = t[q] as number
      inverse[i * points + q] = 1 / ((weightAbove[i] as number) * (1 - point) + point)
    }
  }
  return {
    points,
    node: Int32Array.from(order, ({ node }) => node),
    left: Int32Array.from(order, ({ node }) => childAt(trees.left[node] as number)),
    right: Int32Array.from(order, ({ node }) => childAt(trees.right[node] as number)),
    leftWeight,
    weightAbove,
    ancestor,
    ancestorSide,
    inverse,
  }
}

interface InnerNode {
  readonly node: number
  readonly ancestor: number
  readonly ancestorSide: number
  /** Different features on the path down to and including this node. */
  readonly distinct: number
}

/** Inner nodes of a tree in preorder, each with the nearest split on the same feature above it. */
function innerNodes(trees: TreeEnsemble, root: number): InnerNode[] {
  interface Visit {
    node: number
    /** Position and side of the parent: a linked path up to the root. */
    parent: number
    side: number
  }
  const parents: { parent: number; side: number }[] = []
  const found: InnerNode[] = []
  const stack: Visit[] = [{ node: root, parent: -1, side: LEFT }]
  for (let visit = stack.pop(); visit; visit = stack.pop()) {
    const { node, parent, side } = visit
    const feature = trees.feature[node] as number
    if (feature < 0) continue
    let up = parent
    let upSide = side
    while (up >= 0 && trees.feature[(found[up] as InnerNode).node] !== feature) {
      const link = parents[up] as { parent: number; side: number }
      up = link.parent
      upSide = link.side
    }
    const above = parent < 0 ? 0 : (found[parent] as InnerNode).distinct
    const at = found.length
    found.push({ node, ancestor: up, ancestorSide: upSide, distinct: above + (up < 0 ? 1 : 0) })
    parents.push({ parent, side })
    stack.push({ node: trees.right[node] as number, parent: at, side: RIGHT })
    stack.push({ node: trees.left[node] as number, parent: at, side: LEFT })
  }
  return found
}

/** Weight of the left branch; an unreached pair of children counts half each. */
function leftShare(trees: TreeEnsemble, node: number): number {
  const left = trees.cover[trees.left[node] as number] as number
  const right = trees.cover[trees.right[node] as number] as number
  return left + right > 0 ? left / (left + right) : 0.5
}

/** Cover-weighted mean of every output, summed or averaged over the trees, children before parents. */
function expectedValues(trees: TreeEnsemble): Float64Array {
  const { outputs } = trees
  const expected = Float64Array.from(trees.value)
  for (let node = trees.feature.length - 1; node >= 0; node--) {
    if ((trees.feature[node] as number) < 0) continue
    const share = leftShare(trees, node)
    const left = (trees.left[node] as number) * outputs
    const right = (trees.right[node] as number) * outputs
    for (let k = 0; k < outputs; k++) {
      const fromRight = expected[right + k] as number
      expected[node * outputs + k] =
        fromRight + share * ((expected[left + k] as number) - fromRight)
    }
  }
  const weight = treeWeight(trees)
  return Float64Array.from({ length: outputs }, (_, k) => {
    let sum = 0
    for (const root of trees.roots) sum += expected[root * outputs + k] as number
    return sum * weight + (trees.base[k] as number)
  })
}

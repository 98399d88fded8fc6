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
import { rowOf } from '../data/matrix.ts'
import {
  expectedOutput,
  goesLeft,
  type TreeEnsemble,
  treeWeights,
  valueWidth,
} from '../trees/ensemble.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import { fillDiagonal } from './interactions.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import { LEFT, pointsFor, type TreePaths, tracePaths } from './tree-paths.ts'

/** One tree prepared for explaining. */
interface CompiledTree extends TreePaths {
  /** The output that the tree adds to; −1 = all of them. */
  readonly output: number
  /** Points of the quadrature: ⌈d / 2⌉ for the largest number d of different features on a path. */
  readonly points: number
  /** 1 / (R u + t) at every point; [inner node][point]. */
  readonly inverse: Float64Array
}

/** The row has already left the path at an earlier split on the same feature. */
const DEAD = 2

/** Returns the explainer of an ensemble over `features` model features, in plain TypeScript. */
export function compileTreeShapReference(trees: TreeEnsemble, features: number): TreeShap {
  const compiled = Array.from(trees.roots, (_, tree) => compileTree(trees, tree)).filter(
    (tree) => tree.node.length > 0,
  )
  const weights = treeWeights(trees)
  const slots = compiled.reduce((most, tree) => Math.max(most, tree.node.length * tree.points), 0)
  const scratch: Scratch = {
    code: new Uint8Array(compiled.reduce((most, tree) => Math.max(most, tree.node.length), 0)),
    factor: new Float64Array(slots),
    above: new Float64Array(slots),
    below: new Float64Array(slots),
    gain: new Float64Array(slots),
  }
  const scale = (values: Float64Array, outputs: readonly number[], size: number) => {
    for (let i = 0; i < values.length; i++)
      values[i] = values[i]! * weights[outputs[Math.floor(i / size)]!]!
  }
  const explain: TreeShap['explain'] = (x, outputs, phi) => {
    phi.fill(0)
    for (const tree of compiled) {
      passDown(trees, tree, x, scratch)
      outputs.forEach((output, k) => {
        if (tree.output >= 0 && tree.output !== output) return
        passUp(trees, tree, output, scratch)
        addShapValues(trees, tree, scratch, phi.subarray(k * features, (k + 1) * features))
      })
    }
    scale(phi, outputs, features)
  }
  return {
    baseValues: expectedOutput(trees),
    explain,
    explainRows(X, outputs, phi) {
      const size = outputs.length * features
      for (let row = 0; row < X.rows; row++)
        explain(rowOf(X, row), outputs, phi.subarray(row * size, (row + 1) * size))
    },
    interactions(x, outputs, out) {
      const size = features * features
      const phi = new Float64Array(outputs.length * features)
      explain(x, outputs, phi)
      out.fill(0)
      for (const tree of compiled) {
        passDown(trees, tree, x, scratch)
        outputs.forEach((output, k) => {
          if (tree.output >= 0 && tree.output !== output) return
          passUp(trees, tree, output, scratch)
          addPairs(trees, tree, scratch, out.subarray(k * size, (k + 1) * size), features)
        })
      }
      scale(out, outputs, size)
      outputs.forEach((_, k) => {
        fillDiagonal(
          out.subarray(k * size, (k + 1) * size),
          phi.subarray(k * features, (k + 1) * features),
        )
      })
    },
    cost: compiled.reduce((sum, tree) => sum + tree.node.length * (tree.points * 5 + 5), 0),
    interactionCost: compiled.reduce(
      (sum, tree) => sum + tree.node.length * tree.points * (12 + 6 * tree.points),
      0,
    ),
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
  /** Z: what the node adds to its feature's SHAP value, at every point. */
  readonly gain: Float64Array
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
    const ancestor = tree.ancestor[i]!
    const alive = ancestor < 0 || code[ancestor] === tree.ancestorSide[i]
    const satisfied = goesLeft(trees, tree.node[i]!, x) ? 1 : 0
    code[i] = alive ? satisfied : DEAD
    const rl = leftWeight[i]!
    const rest = weightAbove[i]! * rl
    const leftAt = left[i]! * n
    const rightAt = right[i]! * n
    for (let q = 0; q < n; q++) {
      const at = i * n + q
      const point = t[q]!
      const f = alive ? inverse[at]! * (rest * (1 - point) + satisfied * point) : rl
      const c = above[at]!
      factor[at] = f
      if (leftAt >= 0) above[leftAt + q] = c * f
      if (rightAt >= 0) above[rightAt + q] = c - c * f
    }
  }
}

/** Fills below and gain for one output, children first. */
function passUp(trees: TreeEnsemble, tree: CompiledTree, output: number, scratch: Scratch): void {
  const { points: n, left, right, leftWeight, weightAbove, inverse } = tree
  const { code, factor, above, below, gain } = scratch
  const width = valueWidth(trees)
  const place = tree.output < 0 ? output : 0
  for (let i = tree.node.length - 1; i >= 0; i--) {
    const leftAt = left[i]!
    const rightAt = right[i]!
    const leftValue = leftAt < 0 ? trees.value[(-1 - leftAt) * width + place]! : 0
    const rightValue = rightAt < 0 ? trees.value[(-1 - rightAt) * width + place]! : 0
    // s − R_left for the left edge; 0 where the row has left the path, so that the node only mixes its children.
    const s = code[i] === LEFT ? 1 : 0
    const effect = code[i] === DEAD ? 0 : (s - leftWeight[i]!) * weightAbove[i]!
    for (let q = 0; q < n; q++) {
      const at = i * n + q
      const fromRight = rightAt < 0 ? rightValue : below[rightAt * n + q]!
      const difference = (leftAt < 0 ? leftValue : below[leftAt * n + q]!) - fromRight
      below[at] = fromRight + factor[at]! * difference
      const inv = inverse[at]!
      gain[at] = effect * above[at]! * inv * inv * difference
    }
  }
}

/** Adds one tree's SHAP values to `phi`; length = features. */
function addShapValues(
  trees: TreeEnsemble,
  tree: CompiledTree,
  scratch: Scratch,
  phi: Float64Array,
): void {
  const { points: n } = tree
  for (let i = 0; i < tree.node.length; i++) {
    let sum = 0
    for (let q = 0; q < n; q++) sum += scratch.gain[i * n + q]!
    const feature = trees.feature[tree.node[i]!]!
    phi[feature] = phi[feature]! + sum
  }
}

/**
 * Adds one tree's interactions to `out`, [feature][feature]. A node on feature j meets every other feature k of
 * the path above once, at the nearest split on it: I(j, k) += Σ_q Z_q (s_k − R_k) / (R_k u_q + s_k t_q).
 */
function addPairs(
  trees: TreeEnsemble,
  tree: CompiledTree,
  scratch: Scratch,
  out: Float64Array,
  features: number,
): void {
  const { points: n, leftWeight, weightAbove } = tree
  const { nodes: t } = gaussLegendre(n)
  const featureAt = (i: number) => trees.feature[tree.node[i]!]!
  for (let i = 0; i < tree.node.length; i++) {
    if (scratch.code[i] === DEAD) continue
    const j = featureAt(i)
    const met = new Set([j])
    let side = tree.parentSide[i]!
    for (let up = tree.parent[i]!; up >= 0; up = tree.parent[up]!) {
      const k = featureAt(up)
      if (!met.has(k)) {
        met.add(k)
        const share = leftWeight[up]!
        const R = weightAbove[up]! * (side === LEFT ? share : 1 - share)
        const satisfied = scratch.code[up] === side
        let sum = 0
        for (let q = 0; q < n; q++) {
          const p = t[q]!
          const partner = satisfied ? (1 - R) / (R * (1 - p) + p) : -1 / (1 - p)
          sum += scratch.gain[i * n + q]! * partner
        }
        out[j * features + k] = out[j * features + k]! + sum / 2
        out[k * features + j] = out[k * features + j]! + sum / 2
      }
      side = tree.parentSide[up]!
    }
  }
}

function compileTree(trees: TreeEnsemble, tree: number): CompiledTree {
  const paths = tracePaths(trees, trees.roots[tree]!)
  const { ancestor, weightAbove } = paths
  const points = pointsFor(paths.distinct)
  const { nodes: t } = gaussLegendre(points)
  const inverse = new Float64Array(ancestor.length * points).fill(1)
  for (let i = 0; i < ancestor.length; i++) {
    if (ancestor[i]! < 0) continue
    for (let q = 0; q < points; q++) {
      const point = t[q]!
      inverse[i * points + q] = 1 / (weightAbove[i]! * (1 - point) + point)
    }
  }
  return { ...paths, output: trees.output?.[tree] ?? -1, points, inverse }
}

/** Shapley values by their definition, over all subsets of features: the oracle of the SHAP tests. */
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { ensembleOutput, isLeftOf, leafValue, weightOf } from '../trees/plain-trees.ts'

/** Returns the Shapley values of a game over `players` players; `value` gets a bit mask of who is in. */
export function shapleyValues(players: number, value: (mask: number) => number): number[] {
  const values = Array.from({ length: 1 << players }, (_, mask) => value(mask))
  const weight = Array.from(
    { length: players },
    (_, size) => 1 / (players * binomial(players - 1, size)),
  )
  return Array.from({ length: players }, (_, j) => {
    let sum = 0
    for (let mask = 0; mask < values.length; mask++) {
      if (mask & (1 << j)) continue
      const gain = (values[mask | (1 << j)] as number) - (values[mask] as number)
      sum += (weight[bitCount(mask)] as number) * gain
    }
    return sum
  })
}

/**
 * Returns the Shapley interaction index of a game as shap stores it, [player][player]: halves beside the diagonal, and
 * a diagonal that makes every row sum to the player's Shapley value.
 */
export function interactionValues(players: number, value: (mask: number) => number): number[] {
  const values = Array.from({ length: 1 << players }, (_, mask) => value(mask))
  const at = (mask: number) => values[mask] as number
  const out = new Array<number>(players * players).fill(0)
  for (let i = 0; i < players; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [1 << i, 1 << j]
      let sum = 0
      for (let mask = 0; mask < values.length; mask++) {
        if (mask & (a | b)) continue
        const gain = at(mask | a | b) - at(mask | a) - at(mask | b) + at(mask)
        sum += gain / ((players - 1) * binomial(players - 2, bitCount(mask)))
      }
      out[i * players + j] = sum / 2
      out[j * players + i] = sum / 2
    }
  }
  shapleyValues(players, value).forEach((phi, i) => {
    const others = out.slice(i * players, (i + 1) * players).reduce((sum, part) => sum + part, 0)
    out[i * players + i] = phi - others
  })
  return out
}

/** Output of an ensemble against one background row: features in `mask` are the row's, the others the background's. */
export function mixedOutput(
  trees: TreeEnsemble,
  x: Float64Array,
  background: Float64Array,
  mask: number,
  output: number,
): number {
  const mixed = x.map((own, j) => (mask & (1 << j) ? own : (background[j] as number)))
  const out = new Float64Array(trees.outputs)
  ensembleOutput(trees, mixed, out)
  return out[output] as number
}

/** Output of an ensemble when only the features in `mask` are known; the others are averaged by cover. */
export function conditionalOutput(
  trees: TreeEnsemble,
  x: Float64Array,
  mask: number,
  output: number,
): number {
  const cover = trees.cover as Float64Array
  const visit = (tree: number, node: number): number => {
    const feature = trees.feature[node] as number
    if (feature < 0) return leafValue(trees, tree, node, output)
    const left = trees.left[node] as number
    const right = trees.right[node] as number
    if (mask & (1 << feature)) return visit(tree, isLeftOf(trees, node, x) ? left : right)
    const coverLeft = cover[left] as number
    const coverRight = cover[right] as number
    const share = coverLeft + coverRight > 0 ? coverLeft / (coverLeft + coverRight) : 0.5
    return share * visit(tree, left) + (1 - share) * visit(tree, right)
  }
  const sum = trees.roots.reduce((total, root, tree) => total + visit(tree, root), 0)
  return sum * weightOf(trees, output) + (trees.base[output] as number)
}

function binomial(n: number, k: number): number {
  let result = 1
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
  return result
}

function bitCount(mask: number): number {
  let count = 0
  for (let rest = mask; rest; rest &= rest - 1) count++
  return count
}

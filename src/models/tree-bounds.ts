/** Where the decisions of a tree ensemble change, for the search for counterfactuals. */
import { nextDown } from '../data/doubles.ts'
import { goesLeft, lastUpTo, leftComparison, treeWeights, viewOf } from '../trees/ensemble.ts'
import { codeCuts, isOfCodes, ZERO } from '../trees/views.ts'
import type { DecisionBounds, TreesSpec } from './model.ts'
import { MAX_DEPTH } from './tree-check.ts'

/** Returns the bounds of an ensemble's decisions. */
export function buildTreeBounds(spec: TreesSpec): DecisionBounds {
  const work = { steps: 0 }
  const lead = buildLead(spec, work)
  const rounding = roundingOf(spec)
  return {
    cuts: (feature) => cutsOf(spec, feature),
    lead: (label, low, high) => lead(label, low, high) + rounding,
    work,
  }
}

/** How far the rounding of sums over the trees may lift a lead above its bound. */
function roundingOf(spec: TreesSpec): number {
  const trees = spec.roots.length
  const largest = (values: Float64Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const sum = largest(treeWeights(spec)) * trees * largest(spec.value) + largest(spec.base)
  return 4 * (trees + 4) * Number.EPSILON * sum
}

/** Returns the last double before every change of the trees with a feature, ascending, each once. */
function cutsOf(spec: TreesSpec, feature: number): Float64Array {
  const cuts: number[] = []
  const seen = new Set<number>()
  spec.feature.forEach((own, node) => {
    if (own !== feature) return
    const number = spec.view?.[node] ?? -1
    const view = viewOf(spec, node)
    if (view && !seen.has(number)) {
      seen.add(number)
      if (isOfCodes(view)) cuts.push(...codeCuts(view))
      if (view.kind === 'zero_as_missing')
        cuts.push(lastUpTo(spec, nextDown(-ZERO)), lastUpTo(spec, ZERO))
    }
    if (!view || !isOfCodes(view)) cuts.push(lastUpTo(spec, leftComparison(spec, node)))
  })
  const sorted = Float64Array.from(cuts).sort()
  return sorted.filter((value, i) => i === 0 || value !== sorted[i - 1])
}

/** Sides that rows of a box can take at a node, as bits. */
const LEFT = 1
const RIGHT = 2
const BOTH = LEFT | RIGHT

/** Returns the sides that rows between `low` and `high` may take at a node. */
function sidesOf(spec: TreesSpec, node: number, low: Float64Array, high: Float64Array): number {
  const view = viewOf(spec, node)
  if (view) {
    const from = low[view.feature]!
    const to = high[view.feature]!
    // Through some views what lies between two rows may take another side than both.
    if (from < to && isOfCodes(view)) return BOTH
    const hasZero = from <= 2 * ZERO && to >= -2 * ZERO
    if (from < to && view.kind === 'zero_as_missing' && hasZero) return BOTH
  }
  return (goesLeft(spec, node, low) ? LEFT : 0) | (goesLeft(spec, node, high) ? 0 : RIGHT)
}

/** Returns the upper bound of a class's lead: per tree, the best leaf that a row in the box can reach. */
function buildLead(spec: TreesSpec, work: DecisionBounds['work']): DecisionBounds['lead'] {
  const { outputs, output, roots, link, left, right, feature, value, base } = spec
  const stack = new Int32Array(MAX_DEPTH + 2)
  const best = new Float64Array(outputs)
  const total = new Float64Array(outputs)
  const weights = treeWeights(spec)
  const visitLeaves = (
    root: number,
    low: Float64Array,
    high: Float64Array,
    note: (leaf: number) => void,
  ) => {
    let size = 0
    stack[size++] = root
    while (size > 0) {
      const node = stack[--size]!
      work.steps++
      if (feature[node]! < 0) {
        note(node)
        continue
      }
      const sides = sidesOf(spec, node, low, high)
      if (sides & RIGHT) stack[size++] = right[node]!
      if (sides & LEFT) stack[size++] = left[node]!
    }
  }
  /** Returns the largest value, or its opposite, of a tree with one output. */
  const largest = (root: number, low: Float64Array, high: Float64Array, sign: 1 | -1) => {
    let most = Number.NEGATIVE_INFINITY
    visitLeaves(root, low, high, (leaf) => {
      most = Math.max(most, sign * value[leaf]!)
    })
    return most
  }
  if (link === 'logit') {
    return (label, low, high) => {
      const sign = label === 1 ? 1 : -1
      let sum = 0
      for (const root of roots) sum += largest(root, low, high, sign)
      return weights[0]! * sum + sign * base[0]!
    }
  }
  /** Returns the least lead over the rivals, by what the trees give it over each. */
  const least = (label: number, weightOf: (k: number) => number) => {
    let found = Number.POSITIVE_INFINITY
    for (let k = 0; k < outputs; k++) {
      if (k !== label) found = Math.min(found, weightOf(k) * total[k]! + (base[label]! - base[k]!))
    }
    return found
  }
  if (output) {
    return (label, low, high) => {
      total.fill(0)
      let own = 0
      roots.forEach((root, tree) => {
        const k = output[tree]!
        if (k === label) own += weights[k]! * largest(root, low, high, 1)
        else total[k] = total[k]! + weights[k]! * largest(root, low, high, -1)
      })
      for (let k = 0; k < outputs; k++) total[k] = total[k]! + own
      return least(label, () => 1)
    }
  }
  return (label, low, high) => {
    total.fill(0)
    for (const root of roots) {
      best.fill(Number.NEGATIVE_INFINITY)
      visitLeaves(root, low, high, (leaf) => {
        const own = value[leaf * outputs + label]!
        for (let k = 0; k < outputs; k++)
          best[k] = Math.max(best[k]!, own - value[leaf * outputs + k]!)
      })
      for (let k = 0; k < outputs; k++) total[k] = total[k]! + best[k]!
    }
    return least(label, () => weights[0]!)
  }
}

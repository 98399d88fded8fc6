/** Outputs that callers ask for, and those that a kernel computes for them. */
import { type TreeEnsemble, type TreeGroup, valueWidth } from '../trees/ensemble.ts'

/** Which outputs a kernel computes for a list that callers ask for. */
export interface OutputsAsked {
  /** Outputs to compute, without repetition; the first `count` entries count. */
  readonly computed: Int32Array
  /** Number of outputs to compute. */
  count: number
  /** Per output: its place among the computed ones, or −1 for minus the sum of all computed ones. */
  readonly place: Int32Array
}

/** Rounding that shares of K classes may leave behind. */
const ROUNDING = 1e-14

/** Plans which outputs to compute. */
export interface OutputPlanner {
  /** Number of outputs that can be computed: all of them, or all but the last. */
  readonly stored: number
  /** The plan is good until the next call. Throws RangeError for an output that there is not. */
  ask(outputs: readonly number[]): OutputsAsked
}

/**
 * Returns the planner of an ensemble. Every output is computed once. Where the values of all leaves have the same sum,
 * the SHAP values of all outputs sum to zero, so that the last output follows from all the others.
 * @param storesAll whether a kernel has the last output then all the same
 */
export function planOutputs(trees: TreeEnsemble, storesAll = true): OutputPlanner {
  const { outputs: total } = trees
  const isSumConstant = total > 1 && !trees.output && sumsAreConstant(trees)
  const stored = isSumConstant && !storesAll ? total - 1 : total
  const computed = new Int32Array(total)
  const place = new Int32Array(total)
  const plan: OutputsAsked = { computed, count: 0, place }
  const add = (output: number) => {
    if (place[output] !== -1) return
    place[output] = plan.count
    computed[plan.count++] = output
  }
  const ask = (outputs: readonly number[]) => {
    plan.count = 0
    place.fill(-1)
    for (const output of outputs) {
      if (!(output >= 0 && output < total))
        throw new RangeError(`output ${output} of an ensemble with ${total} outputs`)
      if (output < stored) add(output)
      else for (let k = 0; k < stored; k++) add(k)
    }
    if (isSumConstant && plan.count === total) place[computed[--plan.count]!] = -1
    return plan
  }
  return { stored, ask }
}

/** The one value of trees that add to one output. */
const ONLY_VALUE = Int32Array.of(0)

/**
 * Calls `run` for every group of trees that adds to an output to compute.
 * @param run gets the group, which of the values of its leaves to take, how many, and the place of the first
 */
export function visitGroups<G extends Pick<TreeGroup, 'output'>>(
  groups: readonly G[],
  { computed, count, place }: OutputsAsked,
  run: (group: G, values: Int32Array, count: number, place: number) => void,
): void {
  for (const group of groups) {
    if (group.output === undefined) run(group, computed, count, 0)
    else {
      const own = place[group.output]!
      if (own >= 0) run(group, ONLY_VALUE, 1, own)
    }
  }
}

/** Where the sums of one row stand: that of feature j of computed output c at `start` + c · `size` + j · `stride`. */
export interface SumsOfRow {
  readonly data: Float64Array
  readonly start: number
  readonly size: number
  readonly stride: number
  /** Adjacent numbers that add up to one sum. */
  readonly lanes: 1 | 2
}

/**
 * Writes what a kernel computed for one row, times the weight of every output, to the outputs asked for.
 * @param to index of the first number in `out`, [output asked][feature]
 */
export function spreadOutputs(
  { place, count }: OutputsAsked,
  outputs: readonly number[],
  features: number,
  { data, start, size, stride, lanes }: SumsOfRow,
  weights: Float64Array,
  out: Float64Array,
  to: number,
): void {
  const sumAt = (at: number) => (lanes === 2 ? data[at]! + data[at + 1]! : data[at]!)
  for (let k = 0; k < outputs.length; k++) {
    const own = place[outputs[k]!]!
    const weight = weights[outputs[k]!]!
    for (let j = 0; j < features; j++) {
      const first = start + j * stride
      let value = 0
      if (own >= 0) value = sumAt(first + own * size)
      else for (let other = 0; other < count; other++) value -= sumAt(first + other * size)
      out[to + k * features + j] = weight * value
    }
  }
}

/** Returns of how many outputs a leaf needs tables: all, all but the last, or the one that its tree adds to. */
export function storedOutputs(trees: TreeEnsemble): number {
  return Math.min(planOutputs(trees, false).stored, valueWidth(trees))
}

function sumsAreConstant({ feature, value, outputs }: TreeEnsemble): boolean {
  let expected: number | undefined
  for (let node = 0; node < feature.length; node++) {
    if (feature[node]! >= 0) continue
    let sum = 0
    for (let k = 0; k < outputs; k++) sum += value[node * outputs + k]!
    expected ??= sum
    if (!(Math.abs(sum - expected) <= ROUNDING)) return false
  }
  return true
}

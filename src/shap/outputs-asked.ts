/** Outputs that callers ask for, and those that a kernel computes for them. */
import type { TreeEnsemble } from '../trees/ensemble.ts'

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
  const isSumConstant = total > 1 && sumsAreConstant(trees)
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

/** Where the sums of one row stand: that of feature j of computed output c at `start` + (c · features + j) · `stride`. */
export interface SumsOfRow {
  readonly data: Float64Array
  readonly start: number
  readonly stride: number
  /** Adjacent numbers that add up to one sum. */
  readonly lanes: 1 | 2
}

/**
 * Writes what a kernel computed for one row, times `weight`, to the outputs asked for.
 * @param to index of the first number in `out`, [output asked][feature]
 */
export function spreadOutputs(
  { place, count }: OutputsAsked,
  outputs: readonly number[],
  features: number,
  { data, start, stride, lanes }: SumsOfRow,
  weight: number,
  out: Float64Array,
  to: number,
): void {
  const sumAt = (at: number) => (lanes === 2 ? data[at]! + data[at + 1]! : data[at]!)
  const size = features * stride
  for (let k = 0; k < outputs.length; k++) {
    const own = place[outputs[k]!]!
    for (let j = 0; j < features; j++) {
      const first = start + j * stride
      let value = 0
      if (own >= 0) value = sumAt(first + own * size)
      else for (let other = 0; other < count; other++) value -= sumAt(first + other * size)
      out[to + k * features + j] = weight * value
    }
  }
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

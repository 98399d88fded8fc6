import type { TreeEnsemble } from './tree-ensemble.ts'

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

/**
 * Returns a function that plans the outputs to compute; the plan is good until the next call. Every output is computed
 * once. Where the values of all leaves have the same sum, the SHAP values of all outputs sum to zero, so that
 * of a complete list the last output follows from the others.
 */
export function planOutputs(trees: TreeEnsemble): (outputs: readonly number[]) => OutputsAsked {
  const { outputs: total } = trees
  const hasConstantSum = total > 1 && sumsAreConstant(trees)
  const plan: OutputsAsked = {
    computed: new Int32Array(total),
    count: 0,
    place: new Int32Array(total),
  }
  return (outputs) => {
    plan.count = 0
    plan.place.fill(-1)
    for (const output of outputs) {
      if (!(output >= 0 && output < total))
        throw new RangeError(`output ${output} of an ensemble with ${total} outputs`)
      if (plan.place[output] !== -1) continue
      plan.place[output] = plan.count
      plan.computed[plan.count++] = output
    }
    if (hasConstantSum && plan.count === total) {
      plan.count--
      plan.place[plan.computed[plan.count] as number] = -1
    }
    return plan
  }
}

function sumsAreConstant({ feature, value, outputs }: TreeEnsemble): boolean {
  let expected: number | undefined
  for (let node = 0; node < feature.length; node++) {
    if ((feature[node] as number) >= 0) continue
    let sum = 0
    for (let k = 0; k < outputs; k++) sum += value[node * outputs + k] as number
    expected ??= sum
    if (!(Math.abs(sum - expected) <= ROUNDING)) return false
  }
  return true
}

/** The log loss as a function of the scores: what both optimisers need along a line of scores. */

import { expOfMinus } from './exp.ts'

/** Mean loss Σ_i w_i loss_i with Σ w_i = 1; scores and residuals are [row][output]. */
export interface LogisticLoss {
  /** 1 for two classes, whose score is the log odds of class 1; otherwise the classes. */
  readonly outputs: number
  /** Weight of every row; they sum to 1. */
  readonly weights: Float64Array
  /**
   * Evaluates the loss at scores + step · direction and writes the residuals ∂loss/∂score there.
   * The result is one object, overwritten by the next call.
   */
  evaluate(
    scores: Float64Array,
    direction: Float64Array,
    step: number,
    residuals: Float64Array,
  ): Readonly<LossOnLine>
  /** Writes ∂²loss/∂score_k ∂score_l of every row, computed from its residuals; length of `out` = rows. */
  curvature(residuals: Float64Array, k: number, l: number, out: Float64Array): void
}

/** The loss at a point of a line, and its derivative by the step. */
export interface LossOnLine {
  value: number
  slope: number
}

/** Returns the log loss of two classes (one score) or more (softmax). */
export function logisticLoss(y: Int32Array, classes: number, weights: Float64Array): LogisticLoss {
  return classes === 2 ? binaryLoss(y, weights) : softmaxLoss(y, classes, weights)
}

/** With t = −score for rows of class 1, +score for the others: loss = log(1 + exp t), |∂loss/∂score| = σ(t). */
function binaryLoss(y: Int32Array, weights: Float64Array): LogisticLoss {
  const result: LossOnLine = { value: 0, slope: 0 }
  const signs = new Float64Array(y.length)
  for (let row = 0; row < y.length; row++) signs[row] = y[row] === 1 ? -1 : 1
  const evaluate = weights.every((weight) => weight === weights[0])
    ? evaluateEqualWeights
    : evaluateWeighted
  return {
    outputs: 1,
    weights,

    evaluate(scores, direction, step, residuals) {
      evaluate(signs, weights, scores, direction, step, residuals, result)
      return result
    },

    curvature(residuals, _k, _l, out) {
      for (let row = 0; row < out.length; row++) {
        const weight = weights[row] as number
        const residual = Math.abs(residuals[row] as number)
        out[row] = weight > 0 ? residual * (1 - residual / weight) : 0
      }
    },
  }
}

/** Many factors 1 + exp(−|t|) ≤ 2 are multiplied before one logarithm is taken. */
function evaluateEqualWeights(
  signs: Float64Array,
  weights: Float64Array,
  scores: Float64Array,
  direction: Float64Array,
  step: number,
  residuals: Float64Array,
  result: LossOnLine,
): void {
  const rows = signs.length
  const weight = weights[0] as number
  let value = 0
  let slope = 0
  for (let start = 0; start < rows; start += 512) {
    const end = Math.min(start + 512, rows)
    let product = 1
    for (let row = start; row < end; row++) {
      const along = direction[row] as number
      const sign = signs[row] as number
      const t = sign * ((scores[row] as number) + step * along)
      const magnitude = Math.abs(t)
      const e = expOfMinus(magnitude)
      const sum = 1 + e
      product *= sum
      // max(t, 0), without a branch that nobody can predict.
      value += 0.5 * (magnitude + t)
      const residual = (sign * (t < 0 ? e : 1)) / sum
      residuals[row] = residual * weight
      slope += residual * along
    }
    value += Math.log(product)
  }
  result.value = value * weight
  result.slope = slope * weight
}

function evaluateWeighted(
  signs: Float64Array,
  weights: Float64Array,
  scores: Float64Array,
  direction: Float64Array,
  step: number,
  residuals: Float64Array,
  result: LossOnLine,
): void {
  let value = 0
  let slope = 0
  for (let row = 0; row < signs.length; row++) {
    const along = direction[row] as number
    const weight = weights[row] as number
    const sign = signs[row] as number
    const t = sign * ((scores[row] as number) + step * along)
    const magnitude = Math.abs(t)
    const e = expOfMinus(magnitude)
    value += weight * (0.5 * (magnitude + t) + Math.log1p(e))
    const residual = (sign * weight * (t < 0 ? e : 1)) / (1 + e)
    residuals[row] = residual
    slope += residual * along
  }
  result.value = value
  result.slope = slope
}

/** With p = softmax of the scores: loss = −log p_y, ∂loss/∂score_k = p_k − [k = y]. */
function softmaxLoss(y: Int32Array, classes: number, weights: Float64Array): LogisticLoss {
  const rows = y.length
  const result: LossOnLine = { value: 0, slope: 0 }
  const probability = (residuals: Float64Array, row: number, k: number) =>
    (residuals[row * classes + k] as number) / (weights[row] as number) + (y[row] === k ? 1 : 0)
  return {
    outputs: classes,
    weights,

    evaluate(scores, direction, step, residuals) {
      let value = 0
      let slope = 0
      for (let row = 0; row < rows; row++) {
        const first = row * classes
        const weight = weights[row] as number
        const label = y[row] as number
        let largest = Number.NEGATIVE_INFINITY
        for (let k = 0; k < classes; k++) {
          const score = (scores[first + k] as number) + step * (direction[first + k] as number)
          residuals[first + k] = score
          if (score > largest) largest = score
        }
        const own = (residuals[first + label] as number) - largest
        let sum = 0
        for (let k = 0; k < classes; k++) {
          const e = Math.exp((residuals[first + k] as number) - largest)
          residuals[first + k] = e
          sum += e
        }
        value += weight * (Math.log(sum) - own)
        const share = weight / sum
        for (let k = 0; k < classes; k++) {
          const residual = share * (residuals[first + k] as number) - (k === label ? weight : 0)
          residuals[first + k] = residual
          slope += residual * (direction[first + k] as number)
        }
      }
      result.value = value
      result.slope = slope
      return result
    },

    curvature(residuals, k, l, out) {
      for (let row = 0; row < rows; row++) {
        const weight = weights[row] as number
        if (weight === 0) {
          out[row] = 0
          continue
        }
        const pk = probability(residuals, row, k)
        out[row] = weight * (k === l ? pk * (1 - pk) : -pk * probability(residuals, row, l))
      }
    },
  }
}

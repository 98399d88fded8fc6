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
  /**
   * Writes row weights whose diagonal matrix can stand for output k's curvature when a Hessian is inverted: the curvature
   * of a single score. Softmax: the Hessian of a row's scores is w (D − p pᵀ) with D = diag(p), and on vectors that sum to
   * 0, as gradients do, D⁻¹ / w inverts it; hence w p_k.
   */
  blockWeights(residuals: Float64Array, k: number, out: Float64Array): void
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

    curvature: (residuals, _k, _l, out) => writeBinaryCurvature(weights, residuals, out),
    blockWeights: (residuals, _k, out) => writeBinaryCurvature(weights, residuals, out),
  }
}

/** w p (1 − p), from residuals ± w p. */
function writeBinaryCurvature(
  weights: Float64Array,
  residuals: Float64Array,
  out: Float64Array,
): void {
  for (let row = 0; row < out.length; row++) {
    const weight = weights[row]!
    const residual = Math.abs(residuals[row]!)
    out[row] = weight > 0 ? residual * (1 - residual / weight) : 0
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
  const weight = weights[0]!
  let value = 0
  let slope = 0
  for (let start = 0; start < rows; start += 512) {
    const end = Math.min(start + 512, rows)
    let product = 1
    for (let row = start; row < end; row++) {
      const along = direction[row]!
      const sign = signs[row]!
      const t = sign * (scores[row]! + step * along)
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
    const along = direction[row]!
    const weight = weights[row]!
    const sign = signs[row]!
    const t = sign * (scores[row]! + step * along)
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
  const result: LossOnLine = { value: 0, slope: 0 }
  return {
    outputs: classes,
    weights,

    evaluate(scores, direction, step, residuals) {
      evaluateSoftmax(y, classes, weights, scores, direction, step, residuals, result)
      return result
    },

    curvature(residuals, k, l, out) {
      for (let row = 0; row < out.length; row++) {
        const weight = weights[row]!
        // With residual = w (p − [k = y]).
        const pk = residuals[row * classes + k]! + (y[row] === k ? weight : 0)
        const pl = residuals[row * classes + l]! + (y[row] === l ? weight : 0)
        out[row] = weight > 0 ? pk * ((k === l ? 1 : 0) - pl / weight) : 0
      }
    },

    blockWeights(residuals, k, out) {
      for (let row = 0; row < out.length; row++)
        out[row] = residuals[row * classes + k]! + (y[row] === k ? weights[row]! : 0)
    },
  }
}

function evaluateSoftmax(
  y: Int32Array,
  classes: number,
  weights: Float64Array,
  scores: Float64Array,
  direction: Float64Array,
  step: number,
  residuals: Float64Array,
  result: LossOnLine,
): void {
  let value = 0
  let slope = 0
  for (let row = 0; row < y.length; row++) {
    const first = row * classes
    const end = first + classes
    const weight = weights[row]!
    const own = first + y[row]!
    let largest = Number.NEGATIVE_INFINITY
    for (let i = first; i < end; i++) {
      const score = scores[i]! + step * direction[i]!
      residuals[i] = score
      if (score > largest) largest = score
    }
    const below = largest - residuals[own]!
    let sum = 0
    for (let i = first; i < end; i++) {
      const e = expOfMinus(largest - residuals[i]!)
      residuals[i] = e
      sum += e
    }
    value += weight * (Math.log(sum) + below)
    const share = weight / sum
    let along = 0
    for (let i = first; i < end; i++) {
      const residual = share * residuals[i]!
      residuals[i] = residual
      along += residual * direction[i]!
    }
    residuals[own] = residuals[own]! - weight
    slope += along - weight * direction[own]!
  }
  result.value = value
  result.slope = slope
}

/** What a linear fit minimises: the mean loss with its penalties. */
import type { DesignMatrix } from './design-matrix.ts'
import type { LogisticLoss } from './logistic-loss.ts'

/**
 * What a fit minimises: mean loss + l2/2 ‖w‖² + l1 ‖w‖₁. The intercepts are not in w.
 * Divided by C Σ s_i, scikit-learn's C Σ s_i loss_i + penalty has this form.
 */
export interface PenalisedLoss {
  readonly design: DesignMatrix
  readonly loss: LogisticLoss
  readonly l1: number
  readonly l2: number
}

/** Where an optimiser stands; it changes the arrays in place. */
export interface Point {
  /** [output][column], with the intercept after an output's columns */
  readonly theta: Float64Array
  /** [row][output] */
  readonly scores: Float64Array
  /** ∂(mean loss)/∂score, [row][output] */
  readonly residuals: Float64Array
  /** Gradient of mean loss + l2/2 ‖w‖² by θ. */
  readonly gradient: Float64Array
  /** Mean loss + l2/2 ‖w‖² there. */
  value: number
}

/** Why an optimiser ended; `stalled`: rounding allows no further step. */
export type Outcome = 'converged' | 'stalled' | 'max_iter'

/** Returns a point with its scores, residuals and gradient computed. */
export function pointAt(objective: PenalisedLoss, theta: Float64Array): Point {
  const { design, loss } = objective
  const scores = new Float64Array(design.rows * loss.outputs)
  const residuals = new Float64Array(scores.length)
  design.multiply(theta, loss.outputs, scores)
  const { value } = loss.evaluate(scores, new Float64Array(scores.length), 0, residuals)
  const gradient = new Float64Array(theta.length)
  const point = { theta, scores, residuals, gradient, value }
  point.value += (objective.l2 / 2) * dotWeights(objective, theta, theta)
  writeGradient(objective, point)
  return point
}

/** Moves a point along a direction; `residuals` must be those of the new place already. */
export function movePoint(
  objective: PenalisedLoss,
  point: Point,
  direction: Float64Array,
  scoreDirection: Float64Array,
  step: number,
): void {
  const { theta, scores } = point
  for (let i = 0; i < theta.length; i++) theta[i] = theta[i]! + step * direction[i]!
  for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! + step * scoreDirection[i]!
  writeGradient(objective, point)
}

function writeGradient({ design, loss, l2 }: PenalisedLoss, { theta, residuals, gradient }: Point) {
  const { width, columns } = design
  design.multiplyTransposed(residuals, loss.outputs, gradient)
  for (let first = 0; first < theta.length; first += width) {
    for (let i = first; i < first + columns; i++) gradient[i] = gradient[i]! + l2 * theta[i]!
  }
}

/** Σ a_i b_i over the coefficients, without the intercepts. */
export function dotWeights(
  { design: { width, columns } }: PenalisedLoss,
  a: Float64Array,
  b: Float64Array,
): number {
  let sum = 0
  for (let first = 0; first < a.length; first += width) {
    for (let i = first; i < first + columns; i++) sum += a[i]! * b[i]!
  }
  return sum
}

/** Σ a_i b_i. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Largest magnitude; NaN if one is NaN. */
export function maxNorm(values: Float64Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (!(magnitude <= most)) most = magnitude
  }
  return most
}

/** Proximal Newton: minimises a loss with l1 penalty. */
import { bestShift } from './common-shift.ts'
import { type Block, createQuadratic, type Quadratic } from './l1-quadratic.ts'
import {
  dotWeights,
  movePoint,
  type Outcome,
  type PenalisedLoss,
  type Point,
} from './penalised-loss.ts'

/** Parameters whose Hessian is kept whole; of more, parts are minimised in turn. */
const MAX_BLOCK = 1200
const DECREASE = 1e-4
const MAX_HALVINGS = 40
/** Relative error that a value may have from rounding. */
const ROUNDING = 1e-13
/** Iterations without a smaller gradient after which rounding is what is left. */
const PATIENCE = 5

/**
 * Minimises a loss with l1 penalty from `point` on, in place; yields after every iteration its number.
 * Proximal Newton: the loss is replaced by its second-order model with the true Hessian, whose minimum with the penalty
 * coordinate descent finds, and a line search goes there (Lee, Sun and Saunders 2014; Yuan, Ho and Lin 2012). Ends where
 * no component of the smallest subgradient exceeds `tolerance`.
 */
export function* minimiseWithL1(
  objective: PenalisedLoss,
  point: Point,
  tolerance: number,
  maxIterations: number,
): Generator<number, Outcome> {
  const blocks = splitParameters(objective)
  const quadratic = createQuadratic(objective, blocks)
  const direction = new Float64Array(point.theta.length)
  const scoreDirection = new Float64Array(point.scores.length)
  let smallest = Number.POSITIVE_INFINITY
  let sinceSmallest = 0
  for (let iteration = 1; ; iteration++) {
    const norm = subgradientNorm(objective, point)
    if (norm <= tolerance) return 'converged'
    if (iteration > maxIterations) return 'max_iter'
    sinceSmallest = norm < smallest ? 0 : sinceSmallest + 1
    smallest = Math.min(smallest, norm)
    if (sinceSmallest >= PATIENCE && blocks.length === 1) return 'stalled'
    // Newton's method doubles the right digits only if its models are minimised as exactly.
    const inner = Math.max(0.1 * tolerance, norm * Math.min(0.05, norm))
    let hasMoved = false
    for (const block of blocks) {
      if (minimiseBlock(objective, point, quadratic, block, inner, direction, scoreDirection))
        hasMoved = true
    }
    if (!hasMoved) return 'stalled'
    if (objective.loss.outputs > 1) removeCommonShift(objective, point)
    yield iteration
  }
}

/** Returns the largest component of the subgradient that is smallest in magnitude: 0 at the minimum. */
export function subgradientNorm({ design, l1 }: PenalisedLoss, { theta, gradient }: Point): number {
  let most = 0
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i]!
    const w = theta[i]!
    const isIntercept = i % design.width === design.columns
    const size = isIntercept
      ? Math.abs(g)
      : w === 0
        ? Math.max(Math.abs(g) - l1, 0)
        : Math.abs(g + (w > 0 ? l1 : -l1))
    if (!(size <= most)) most = size
  }
  return most
}

function splitParameters({ design: { width }, loss: { outputs } }: PenalisedLoss): Block[] {
  if (outputs * width <= MAX_BLOCK)
    return [{ firstOutput: 0, endOutput: outputs, firstColumn: 0, endColumn: width }]
  const blocks: Block[] = []
  for (let k = 0; k < outputs; k++) {
    for (let first = 0; first < width; first += MAX_BLOCK) {
      const endColumn = Math.min(first + MAX_BLOCK, width)
      blocks.push({ firstOutput: k, endOutput: k + 1, firstColumn: first, endColumn })
    }
  }
  return blocks
}

/**
 * Takes from every column's coefficients what they share at the cost of a larger penalty. The loss stays as it is, and so
 * may the scores: all of a row change by the same number. Descent would find it too, in many small steps.
 */
function removeCommonShift({ design, loss, l1, l2 }: PenalisedLoss, point: Point): void {
  const { theta, gradient } = point
  const { width, columns } = design
  const shared = new Float64Array(loss.outputs)
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < loss.outputs; k++) shared[k] = theta[k * width + j]!
    const shift = bestShift(shared.sort(), l1, l2)
    if (shift === 0) continue
    for (let i = j; i < theta.length; i += width) {
      const before = theta[i]!
      theta[i] = before - shift
      gradient[i] = gradient[i]! - l2 * shift
      point.value += (l2 / 2) * ((before - shift) ** 2 - before ** 2)
    }
  }
}

/** Takes one proximal Newton step in the parameters of a block; false if there is none to take. */
function minimiseBlock(
  objective: PenalisedLoss,
  point: Point,
  quadratic: Quadratic,
  block: Block,
  tolerance: number,
  direction: Float64Array,
  scoreDirection: Float64Array,
): boolean {
  direction.fill(0)
  quadratic.minimise(point, block, tolerance, direction)
  objective.design.multiply(direction, objective.loss.outputs, scoreDirection)
  const step = backtrack(objective, point, direction, scoreDirection)
  if (step > 0) movePoint(objective, point, direction, scoreDirection, step)
  else objective.loss.evaluate(point.scores, scoreDirection, 0, point.residuals)
  return step > 0
}

/** Halves the step until the penalised loss falls as the model promises, writes value and residuals there; 0 if never. */
function backtrack(
  objective: PenalisedLoss,
  point: Point,
  direction: Float64Array,
  scoreDirection: Float64Array,
): number {
  const { loss, l1, l2 } = objective
  const { theta, scores, residuals, gradient } = point
  const along = l2 * dotWeights(objective, theta, direction)
  const square = l2 * dotWeights(objective, direction, direction)
  const penalty = (l2 / 2) * dotWeights(objective, theta, theta)
  const absolute = l1 * sumOfMagnitudes(objective, theta, direction, 0)
  let slope = l1 * sumOfMagnitudes(objective, theta, direction, 1) - absolute
  for (let i = 0; i < theta.length; i++) slope += gradient[i]! * direction[i]!
  const slack = ROUNDING * (Math.abs(point.value) + absolute)
  // Near the minimum a step's promise drowns in rounding; the gradient after it still tells.
  if (!(slope < slack)) return 0
  for (let step = 1, halving = 0; halving < MAX_HALVINGS; step /= 2, halving++) {
    const at = loss.evaluate(scores, scoreDirection, step, residuals)
    const value = at.value + penalty + step * along + (step * step * square) / 2
    const rise =
      value - point.value + l1 * sumOfMagnitudes(objective, theta, direction, step) - absolute
    if (rise <= DECREASE * step * slope + slack) {
      point.value = value
      return step
    }
  }
  return 0
}

/** ‖w + step · d‖₁ without the intercepts. */
function sumOfMagnitudes(
  { design: { width, columns } }: PenalisedLoss,
  theta: Float64Array,
  direction: Float64Array,
  step: number,
): number {
  let sum = 0
  for (let first = 0; first < theta.length; first += width) {
    for (let i = first; i < first + columns; i++) sum += Math.abs(theta[i]! + step * direction[i]!)
  }
  return sum
}

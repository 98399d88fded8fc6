/** L-BFGS: minimises a smooth penalised loss. */
import {
  dot,
  dotWeights,
  maxNorm,
  movePoint,
  type Outcome,
  type PenalisedLoss,
  type Point,
} from './penalised-loss.ts'
import { buildPreconditioner, type Preconditioner } from './preconditioner.ts'

/** Pairs of steps and gradient changes remembered. */
const MEMORY = 10
/**
 * The Hessian's approximation is made anew before iteration 3, when the first steps have changed the probabilities most,
 * and every 10 iterations from there.
 */
const FIRST_REFRESH = 3
const REFRESH = 10
/** A step is taken where the slope is this part of the first slope or less, and rises by less than that. */
const CURVATURE = 0.9
const DECREASE = 1e-4
const MAX_EVALUATIONS = 40
/** Iterations without a smaller gradient after which rounding is what is left. */
const PATIENCE = 10
/** Relative error that a value may have from rounding. */
const ROUNDING = 1e-13

/**
 * Minimises a loss without l1 penalty from `point` on, in place; yields after every iteration its number.
 * Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) over an inverse Hessian from Cholesky,
 * so it starts as Newton's method does. Ends where no component of the gradient exceeds `tolerance`.
 */
export function* minimiseSmooth(
  objective: PenalisedLoss,
  point: Point,
  tolerance: number,
  maxIterations: number,
): Generator<number, Outcome> {
  const size = point.theta.length
  const memory = createMemory(size)
  let preconditioner: Preconditioner | undefined
  const direction = new Float64Array(size)
  const previous = new Float64Array(size)
  const scoreDirection = new Float64Array(point.scores.length)
  let smallest = Number.POSITIVE_INFINITY
  let sinceSmallest = 0
  for (let iteration = 1; ; iteration++) {
    const norm = maxNorm(point.gradient)
    if (norm <= tolerance) return 'converged'
    if (iteration > maxIterations) return 'max_iter'
    sinceSmallest = norm < smallest ? 0 : sinceSmallest + 1
    smallest = Math.min(smallest, norm)
    if (!preconditioner) preconditioner = buildPreconditioner(objective, point.residuals)
    else if (iteration % REFRESH === FIRST_REFRESH) preconditioner.update(point.residuals)

    const before = point.value
    previous.set(point.gradient)
    let step = 0
    for (let attempt = 0; attempt < 2 && step === 0; attempt++) {
      if (attempt > 0) memory.clear()
      direction.set(point.gradient)
      memory.apply(direction, preconditioner)
      for (let i = 0; i < size; i++) direction[i] = 0 - direction[i]!
      objective.design.multiply(direction, objective.loss.outputs, scoreDirection)
      step = searchLine(objective, point, direction, scoreDirection)
    }
    if (step === 0) return 'stalled'
    movePoint(objective, point, direction, scoreDirection, step)
    memory.add(direction, step, point.gradient, previous)
    const hasFallen = before - point.value > ROUNDING * Math.abs(before)
    if (sinceSmallest >= PATIENCE && !hasFallen) return 'stalled'
    yield iteration
  }
}

/**
 * Finds a step with the Wolfe conditions, writes the residuals and the value there, and returns it; 0 if there is none.
 * The loss is convex, so its slope along the line only rises: the search brackets the slope's zero, which rounding
 * disturbs far less than a comparison of values does. One evaluation costs as much as the scores, not the design.
 */
function searchLine(
  objective: PenalisedLoss,
  point: Point,
  direction: Float64Array,
  scoreDirection: Float64Array,
): number {
  const { loss, l2 } = objective
  const { theta, scores, residuals, gradient } = point
  const along = l2 * dotWeights(objective, theta, direction)
  const square = l2 * dotWeights(objective, direction, direction)
  const penalty = (l2 / 2) * dotWeights(objective, theta, theta)
  const firstSlope = dot(gradient, direction)
  if (!(firstSlope < 0)) return 0
  const slack = ROUNDING * Math.abs(point.value)
  let low = 0
  let lowSlope = firstSlope
  let high = Number.POSITIVE_INFINITY
  let highSlope = Number.NaN
  let step = 1
  for (let evaluation = 0; evaluation < MAX_EVALUATIONS; evaluation++) {
    const at = loss.evaluate(scores, scoreDirection, step, residuals)
    const value = at.value + penalty + step * along + (step * step * square) / 2
    const slope = at.slope + along + step * square
    const isNumber = Number.isFinite(value) && Number.isFinite(slope)
    if (isNumber) {
      const isLower = value <= point.value + DECREASE * step * firstSlope + slack
      if (isLower && Math.abs(slope) <= -CURVATURE * firstSlope) {
        point.value = value
        return step
      }
    }
    if (isNumber && slope < 0) {
      low = step
      lowSlope = slope
    } else {
      high = step
      highSlope = slope
    }
    step = nextStep(low, lowSlope, high, highSlope, firstSlope)
    if (step === low || step === high) break
  }
  return 0
}

/** The secant's zero of the slope, kept off the ends of the bracket; without an upper end, a longer step. */
function nextStep(
  low: number,
  lowSlope: number,
  high: number,
  highSlope: number,
  firstSlope: number,
): number {
  if (high === Number.POSITIVE_INFINITY) {
    const secant = (low * firstSlope) / (firstSlope - lowSlope)
    return Math.min(Math.max(secant, 2 * low), 10 * low)
  }
  const share = Number.isFinite(highSlope) ? -lowSlope / (highSlope - lowSlope) : 0.1
  return low + (high - low) * Math.min(Math.max(share, 0.1), 0.9)
}

/** The last steps and gradient changes of the optimiser. */
interface Memory {
  /** Replaces a gradient by approximate inverse Hessian · gradient: the two-loop recursion. */
  apply(gradient: Float64Array, preconditioner: Preconditioner): void
  /** Remembers the step `step` · `direction` that has changed the gradient from `previous`. */
  add(direction: Float64Array, step: number, gradient: Float64Array, previous: Float64Array): void
  clear(): void
}

function createMemory(size: number): Memory {
  const steps = Array.from({ length: MEMORY }, () => new Float64Array(size))
  const changes = Array.from({ length: MEMORY }, () => new Float64Array(size))
  const inverses = new Float64Array(MEMORY)
  const parts = new Float64Array(MEMORY)
  let count = 0
  /** The i-th of those remembered, the oldest first, wherever it is stored. */
  const slot = (i: number) => (count <= MEMORY ? i : count + i) % MEMORY
  return {
    apply(q, preconditioner) {
      const length = Math.min(count, MEMORY)
      for (let i = length - 1; i >= 0; i--) {
        const at = slot(i)
        const part = inverses[at]! * dot(steps[at] as Float64Array, q)
        parts[at] = part
        addMultiple(q, -part, changes[at] as Float64Array)
      }
      preconditioner.apply(q)
      for (let i = 0; i < length; i++) {
        const at = slot(i)
        const part = inverses[at]! * dot(changes[at] as Float64Array, q)
        addMultiple(q, parts[at]! - part, steps[at] as Float64Array)
      }
    },
    add(direction, step, gradient, previous) {
      const at = count % MEMORY
      const s = steps[at] as Float64Array
      const y = changes[at] as Float64Array
      for (let i = 0; i < size; i++) {
        s[i] = step * direction[i]!
        y[i] = gradient[i]! - previous[i]!
      }
      const product = dot(s, y)
      // Without positive curvature, which only rounding can take away, the pair says nothing.
      if (!(product > 1e-16 * Math.sqrt(dot(s, s) * dot(y, y)))) return
      inverses[at] = 1 / product
      count++
    },
    clear: () => {
      count = 0
    },
  }
}

function addMultiple(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i]! + factor * b[i]!
}

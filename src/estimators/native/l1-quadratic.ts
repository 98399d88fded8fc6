/** Coordinate descent: the minimum of a quadratic function with l1 penalty. */
import { factorCholesky, solveCholesky } from './cholesky.ts'
import type { PenalisedLoss, Point } from './penalised-loss.ts'

/** Sweeps of coordinate descent at most; after 4, 8, 16, … the columns in use are solved for at once. */
const MAX_SWEEPS = 1000
const FIRST_SOLVE = 4
/** Part of the diagonal that is added to it where collinear columns make a system unsolvable. */
const RIDGE = 1e-10

/** Parameters that are minimised together: some outputs' coefficients of some columns. */
export interface Block {
  readonly firstOutput: number
  readonly endOutput: number
  readonly firstColumn: number
  /** Column after the last; the intercept counts as a column. */
  readonly endColumn: number
}

/** The second-order model of the loss around a point, with the l1 penalty. */
export interface Quadratic {
  /**
   * Writes the step from `point` to the model's minimum within a block of parameters, the others fixed, into `direction`.
   * It ends where no component of the model's smallest subgradient exceeds about `tolerance`.
   */
  minimise(point: Point, block: Block, tolerance: number, direction: Float64Array): void
}

/** One block's model: ½ dᵀ H d + gᵀ d + l1 ‖w + d‖₁ over its parameters. */
interface Model {
  readonly size: number
  /** H, whole, row-major. */
  readonly hessian: Float64Array
  /** w + d, where the descent stands. */
  readonly values: Float64Array
  /** g + H d there. */
  readonly slopes: Float64Array
  /** The l1 penalty of every parameter: 0 of intercepts. */
  readonly penalties: Float64Array
}

/** Returns the model with room for the largest of the blocks. */
export function createQuadratic(objective: PenalisedLoss, blocks: readonly Block[]): Quadratic {
  const { design, loss, l1, l2 } = objective
  const { width, columns } = design
  const sizeOf = (block: Block) =>
    (block.endOutput - block.firstOutput) * (block.endColumn - block.firstColumn)
  const most = Math.max(...blocks.map(sizeOf))
  const widest = Math.max(...blocks.map((block) => block.endColumn - block.firstColumn))
  const hessian = new Float64Array(most * most)
  const factor = new Float64Array(most * most)
  const gram = new Float64Array(widest * widest)
  const curvature = new Float64Array(design.rows)
  const values = new Float64Array(most)
  const slopes = new Float64Array(most)
  const penalties = new Float64Array(most)

  return {
    minimise(point, block, tolerance, direction) {
      const size = sizeOf(block)
      const blockWidth = block.endColumn - block.firstColumn
      const model = { size, hessian, values, slopes, penalties }
      writeHessian(objective, point, block, curvature, gram, hessian)
      for (let i = 0; i < size; i++) {
        const column = block.firstColumn + (i % blockWidth)
        const at = (block.firstOutput + Math.floor(i / blockWidth)) * width + column
        values[i] = point.theta[at]!
        slopes[i] = point.gradient[at]!
        penalties[i] = column < columns ? l1 : 0
        if (column < columns) hessian[i * size + i] = hessian[i * size + i]! + l2
      }
      if (block.endOutput - block.firstOutput === loss.outputs && loss.outputs > 1)
        fixSumOfIntercepts(objective, model)
      descend(model, tolerance, factor)
      for (let i = 0; i < size; i++) {
        const column = block.firstColumn + (i % blockWidth)
        const at = (block.firstOutput + Math.floor(i / blockWidth)) * width + column
        // A value that became 0 is 0 after a whole step: w + (0 − w).
        direction[at] = values[i]! - point.theta[at]!
      }
    },
  }
}

/** Writes the Hessian of the mean loss by a block's parameters, [output][column] both ways. */
function writeHessian(
  { design, loss }: PenalisedLoss,
  { residuals }: Point,
  { firstOutput, endOutput, firstColumn, endColumn }: Block,
  curvature: Float64Array,
  gram: Float64Array,
  hessian: Float64Array,
): void {
  const width = endColumn - firstColumn
  const size = (endOutput - firstOutput) * width
  for (let k = firstOutput; k < endOutput; k++) {
    for (let l = firstOutput; l <= k; l++) {
      loss.curvature(residuals, k, l, curvature)
      gram.fill(0)
      design.addGram(curvature, 1, gram, firstColumn, endColumn)
      const row = (k - firstOutput) * width
      const column = (l - firstOutput) * width
      for (let a = 0; a < width; a++) {
        for (let b = 0; b <= a; b++) {
          const value = gram[a * width + b]!
          hessian[(row + a) * size + column + b] = value
          hessian[(row + b) * size + column + a] = value
          hessian[(column + b) * size + row + a] = value
          hessian[(column + a) * size + row + b] = value
        }
      }
    }
  }
}

/**
 * Gives the sum of all intercepts a curvature. The loss has none, as softmax does not see what all scores share; nor a
 * slope, so the minimum stays one, and systems with the intercepts have one solution.
 */
function fixSumOfIntercepts(
  { design: { width, columns }, loss: { outputs } }: PenalisedLoss,
  { size, hessian }: Model,
): void {
  if (width === columns) return
  let trace = 0
  for (let i = columns; i < size; i += width) trace += hessian[i * size + i]!
  for (let i = columns; i < size; i += width) {
    for (let j = columns; j < size; j += width)
      hessian[i * size + j] = hessian[i * size + j]! + trace / outputs ** 2
  }
}

/** Coordinate descent with soft thresholding; when the signs have settled, one linear system ends it. */
function descend(model: Model, tolerance: number, factor: Float64Array): void {
  let nextSolve = FIRST_SOLVE
  for (let sweep = 1; sweep <= MAX_SWEEPS; sweep++) {
    if (sweepOnce(model) <= tolerance) return
    if (sweep !== nextSolve) continue
    nextSolve *= 2
    solveSupport(model, factor)
  }
}

/** Minimises by every parameter in turn; returns the largest change of a slope by its own parameter. */
function sweepOnce({ size, hessian, values, slopes, penalties }: Model): number {
  let most = 0
  for (let i = 0; i < size; i++) {
    const row = i * size
    const curvature = hessian[row + i]!
    // A column that no row has.
    if (!(curvature > 0)) continue
    const value = values[i]!
    const target = curvature * value - slopes[i]!
    const penalty = penalties[i]!
    const next =
      target > penalty
        ? (target - penalty) / curvature
        : target < -penalty
          ? (target + penalty) / curvature
          : 0
    const change = next - value
    if (change === 0) continue
    values[i] = next
    most = Math.max(most, Math.abs(change) * curvature)
    for (let j = 0; j < size; j++) slopes[j] = slopes[j]! + change * hessian[row + j]!
  }
  return most
}

/** Goes towards the minimum over the parameters that are not 0 with their signs, as far as no sign changes. */
function solveSupport(
  { size, hessian, values, slopes, penalties }: Model,
  factor: Float64Array,
): void {
  const support: number[] = []
  for (let i = 0; i < size; i++) {
    if ((values[i] !== 0 || penalties[i] === 0) && hessian[i * size + i]! > 0) support.push(i)
  }
  const count = support.length
  const step = new Float64Array(count)
  support.forEach((i, a) => {
    const penalty = penalties[i]!
    step[a] = -slopes[i]! - (values[i]! > 0 ? penalty : -penalty)
    for (let b = 0; b <= a; b++) factor[a * count + b] = hessian[i * size + support[b]!]!
    factor[a * count + a] = factor[a * count + a]! * (1 + RIDGE)
  })
  if (!factorCholesky(factor, count)) return
  solveCholesky(factor, count, step, 0)
  let share = 1
  let leaving = -1
  support.forEach((i, a) => {
    const value = values[i]!
    const change = step[a]!
    if (penalties[i]! > 0 && (value + change) * value < 0 && -value / change < share) {
      share = -value / change
      leaving = i
    }
  })
  support.forEach((i, a) => {
    const value = values[i]!
    const next = i === leaving ? 0 : value + share * step[a]!
    values[i] = next
    const change = next - value
    for (let j = 0; j < size; j++) slopes[j] = slopes[j]! + change * hessian[i * size + j]!
  })
}

/** The preconditioner of L-BFGS: blocks of an approximate Hessian. */
import { factorCholesky, solveCholesky } from './cholesky.ts'
import type { PenalisedLoss } from './penalised-loss.ts'

/** Widths up to which, and numbers in all up to which, blocks of the Hessian are kept whole; beyond, their diagonals. */
const MAX_WIDTH = 512
const MAX_NUMBERS = 4_000_000
/** Multiplications that all blocks may take: of many rows, every n-th gives the correlations. */
const GRAM_BUDGET = 2_000_000
/** At least so many rows per column give the correlations. */
const ROWS_PER_COLUMN = 10

/** An approximation of the inverse Hessian. */
export interface Preconditioner {
  /** Replaces a gradient by approximation · gradient. */
  apply(gradient: Float64Array): void
  /** Makes it that of the place with these residuals. */
  update(residuals: Float64Array): void
}

/**
 * Returns an inverse Hessian, block by block: output k has Σ_i h_i x_i x_iᵀ + l2 with h from `blockWeights`, by Cholesky.
 * For two classes that is the Hessian's own inverse; for more, an approximation on vectors whose outputs sum to 0, as those
 * of gradients and directions do, so means over the outputs are taken away.
 */
export function buildPreconditioner(
  objective: PenalisedLoss,
  residuals: Float64Array,
): Preconditioner {
  const { design, loss, l2 } = objective
  const { rows, columns, width } = design
  const { outputs } = loss
  const isDense = width <= MAX_WIDTH && outputs * width * width <= MAX_NUMBERS
  const stride = isDense
    ? Math.max(
        1,
        Math.min(
          Math.floor((outputs * rows * design.gramCost) / GRAM_BUDGET),
          Math.floor(rows / (ROWS_PER_COLUMN * width)),
        ),
      )
    : 1
  const weights = new Float64Array(rows)
  const factor = new Float64Array(isDense ? outputs * width * width : 0)
  const diagonal = new Float64Array(outputs * width)

  const update = (residuals: Float64Array) => {
    for (let k = 0; k < outputs; k++) {
      loss.blockWeights(residuals, k, weights)
      const own = diagonal.subarray(k * width, (k + 1) * width)
      design.squares(weights, own)
      if (!isDense) {
        addRidge(own, l2, columns)
        continue
      }
      const block = factor.subarray(k * width * width, (k + 1) * width * width)
      block.fill(0)
      design.addGram(weights, stride, block)
      // A sample's correlations are not quite those of all rows: a larger part of the diagonal keeps them apart.
      finishBlock(block, own, l2, columns, stride === 1 ? 1e-9 : 1e-3)
      if (!factorCholesky(block, width)) {
        block.fill(0)
        for (let j = 0; j < width; j++) block[j * width + j] = Math.sqrt(own[j]!)
      }
    }
  }
  update(residuals)

  return {
    update,
    apply(gradient) {
      for (let k = 0; k < outputs; k++) {
        const first = k * width
        if (isDense) {
          const block = factor.subarray(first * width, (first + width) * width)
          solveCholesky(block, width, gradient, first)
        } else {
          for (let i = first; i < first + width; i++) gradient[i] = gradient[i]! / diagonal[i]!
        }
      }
      if (outputs > 1) centreOutputs(gradient, outputs, width)
    },
  }
}

/** Takes the mean over the outputs away from every column. */
export function centreOutputs(values: Float64Array, outputs: number, width: number): void {
  for (let j = 0; j < width; j++) {
    let sum = 0
    for (let i = j; i < values.length; i += width) sum += values[i]!
    const mean = sum / outputs
    for (let i = j; i < values.length; i += width) values[i] = values[i]! - mean
  }
}

/** Gives a block of sampled correlations the deviations of all rows, and adds the penalty. */
function finishBlock(
  block: Float64Array,
  diagonal: Float64Array,
  l2: number,
  columns: number,
  ridge: number,
): void {
  const width = diagonal.length
  const scale = Float64Array.from(diagonal, (all, j) => {
    const sampled = block[j * width + j]!
    return sampled > 0 ? Math.sqrt(all / sampled) : 0
  })
  for (let a = 0; a < width; a++) {
    for (let b = 0; b < a; b++) {
      block[a * width + b] = block[a * width + b]! * scale[a]! * scale[b]!
    }
  }
  addRidge(diagonal, l2, columns, ridge)
  for (let j = 0; j < width; j++) block[j * width + j] = diagonal[j]!
}

/** Adds the penalty and a part of the diagonal itself, so that collinear columns can be told apart. */
function addRidge(diagonal: Float64Array, l2: number, columns: number, ridge = 0): void {
  for (let j = 0; j < diagonal.length; j++) {
    const value = diagonal[j]! * (1 + ridge) + (j < columns ? l2 : 0)
    // A column of zeros has no curvature; its gradient is 0, so any number does.
    diagonal[j] = value > 0 && value < Number.POSITIVE_INFINITY ? value : 1
  }
}

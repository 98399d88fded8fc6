/** The training rows as linear models multiply by them, dense or sparse. */
import type { Matrix } from '../../data/matrix.ts'
import * as dense from './dense-rows.ts'
import * as sparse from './sparse-rows.ts'

/** Share of non-zero values up to which products over the non-zero values alone are faster; measured. */
const SPARSE_SHARE = 0.4

/**
 * The training rows as linear models use them: products with parameters and with residuals.
 * Parameters θ are [output][column], `width` numbers per output: one per column, then the intercept if there is one.
 */
export interface DesignMatrix {
  readonly rows: number
  readonly columns: number
  /** Columns, and one more for the intercept. */
  readonly width: number
  /** Writes the scores of all rows, [row][output]: scores = X θᵀ. */
  multiply(theta: Float64Array, outputs: number, scores: Float64Array): void
  /** Writes what every parameter makes of row values [row][output], [output][column]: valuesᵀ X. */
  multiplyTransposed(values: Float64Array, outputs: number, out: Float64Array): void
  /** Writes Σ_i w_i x_ij² for every column; length of `out` = width. */
  squares(weights: Float64Array, out: Float64Array): void
  /**
   * Adds Xᵀ diag(w) X to a square matrix: the lower triangle, diagonal included.
   * @param stride every how many rows one is used
   * @param first,end the columns, by default all; the intercept's is the last
   */
  addGram(
    weights: Float64Array,
    stride: number,
    out: Float64Array,
    first?: number,
    end?: number,
  ): void
  /** Multiplications that one row takes in `addGram`, on average. */
  readonly gramCost: number
}

/** Returns the design of a matrix, dense or sparse, whichever is faster. */
export function buildDesign(X: Matrix, hasIntercept: boolean): DesignMatrix {
  const limit = SPARSE_SHARE * X.data.length
  const nonZero = countNonZero(X.data, limit)
  return nonZero <= limit ? sparseDesign(X, hasIntercept, nonZero) : denseDesign(X, hasIntercept)
}

/** Returns the design of all values of a matrix, row by row. */
export function denseDesign(X: Matrix, hasIntercept: boolean): DesignMatrix {
  const width = X.columns + (hasIntercept ? 1 : 0)
  const shape = { rows: X.rows, columns: X.columns, width }
  const { data } = X
  return {
    ...shape,
    gramCost: (width * (width + 1)) / 2,
    multiply: (theta, outputs, scores) => dense.multiply(shape, data, theta, outputs, scores),
    multiplyTransposed: (values, outputs, out) =>
      dense.multiplyTransposed(shape, data, values, outputs, out),
    squares: (weights, out) => dense.squares(shape, data, weights, out),
    addGram: (weights, stride, out, first = 0, end = width) =>
      dense.addGram(shape, data, weights, stride, out, first, end),
  }
}

/** Returns the design of the non-zero values of a matrix, of which there are `nonZero`. */
export function sparseDesign(X: Matrix, hasIntercept: boolean, nonZero: number): DesignMatrix {
  const width = X.columns + (hasIntercept ? 1 : 0)
  const rows = sparse.compressRows(X, hasIntercept, nonZero)
  return {
    rows: X.rows,
    columns: X.columns,
    width,
    gramCost: (rows.values.length / X.rows) ** 2 / 2,
    multiply: (theta, outputs, scores) => sparse.multiply(rows, width, theta, outputs, scores),
    multiplyTransposed: (values, outputs, out) =>
      sparse.multiplyTransposed(rows, width, values, outputs, out),
    squares: (weights, out) => sparse.squares(rows, weights, out),
    addGram: (weights, stride, out, first = 0, end = width) =>
      sparse.addGram(rows, weights, stride, out, first, end),
  }
}

/** Returns how many values are not 0, or, once that is more than `limit`, any number above it. */
function countNonZero(data: Float64Array, limit: number): number {
  let count = 0
  for (let i = 0; i < data.length && count <= limit; i++) if (data[i] !== 0) count++
  return count
}

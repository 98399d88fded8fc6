/** Products with compressed rows; see design-matrix.ts for what they write. */
import type { Matrix } from '../../data/matrix.ts'

/** The non-zero values of row i are those from starts[i] to starts[i + 1], the intercept's 1 last. */
export interface SparseRows {
  readonly starts: Int32Array
  readonly values: Float64Array
  /** Column of every value. */
  readonly places: Int32Array
}

/** Returns the non-zero values of a matrix, followed in every row by a 1 in one more column if there is an intercept. */
export function compressRows(
  { rows, columns, data }: Matrix,
  hasIntercept: boolean,
  nonZero: number,
): SparseRows {
  const starts = new Int32Array(rows + 1)
  const values = new Float64Array(nonZero + (hasIntercept ? rows : 0))
  const places = new Int32Array(values.length)
  let at = 0
  for (let row = 0; row < rows; row++) {
    const first = row * columns
    for (let j = 0; j < columns; j++) {
      const value = data[first + j]!
      if (value === 0) continue
      values[at] = value
      places[at++] = j
    }
    if (hasIntercept) {
      values[at] = 1
      places[at++] = columns
    }
    starts[row + 1] = at
  }
  return { starts, values, places }
}

/** Writes scores = X θᵀ, [row][output], over the non-zero values of X. */
export function multiply(
  { starts, values, places }: SparseRows,
  width: number,
  theta: Float64Array,
  outputs: number,
  scores: Float64Array,
): void {
  for (let row = 0; row + 1 < starts.length; row++) {
    const start = starts[row]!
    const end = starts[row + 1]!
    for (let k = 0; k < outputs; k++) {
      const first = k * width
      let sum = 0
      for (let i = start; i < end; i++) sum += values[i]! * theta[first + places[i]!]!
      scores[row * outputs + k] = sum
    }
  }
}

/** Writes valuesᵀ X, [output][column], over the non-zero values of X. */
export function multiplyTransposed(
  { starts, values, places }: SparseRows,
  width: number,
  rowValues: Float64Array,
  outputs: number,
  out: Float64Array,
): void {
  out.fill(0)
  for (let row = 0; row + 1 < starts.length; row++) {
    const start = starts[row]!
    const end = starts[row + 1]!
    for (let k = 0; k < outputs; k++) {
      const r = rowValues[row * outputs + k]!
      const first = k * width
      for (let i = start; i < end; i++) {
        const to = first + places[i]!
        out[to] = out[to]! + r * values[i]!
      }
    }
  }
}

/** Writes Σ_i w_i x_ij² for every column over the non-zero values of X. */
export function squares(
  { starts, values, places }: SparseRows,
  weights: Float64Array,
  out: Float64Array,
): void {
  out.fill(0)
  for (let row = 0; row + 1 < starts.length; row++) {
    const w = weights[row]!
    const end = starts[row + 1]!
    for (let i = starts[row]!; i < end; i++) {
      const x = values[i]!
      const j = places[i]!
      out[j] = out[j]! + w * x * x
    }
  }
}

/** Adds Xᵀ diag(w) X, the lower triangle of columns `first` to `end`, over the non-zero values of every `stride`-th row. */
export function addGram(
  { starts, values, places }: SparseRows,
  weights: Float64Array,
  stride: number,
  out: Float64Array,
  first: number,
  end: number,
): void {
  const width = end - first
  for (let row = 0; row + 1 < starts.length; row += stride) {
    const w = weights[row]!
    let from = starts[row]!
    let to = starts[row + 1]!
    while (from < to && places[from]! < first) from++
    while (from < to && places[to - 1]! >= end) to--
    for (let i = from; i < to; i++) {
      const a = w * values[i]!
      const line = (places[i]! - first) * width - first
      for (let j = from; j <= i; j++) {
        const at = line + places[j]!
        out[at] = out[at]! + a * values[j]!
      }
    }
  }
}

/**
 * Products with a row-major matrix of doubles; see design-matrix.ts for what they write.
 * Four rows at a time: a parameter that is read serves four rows, and the sums do not wait for each other. The arrays are
 * arguments, not captured variables: the compiler keeps those in registers.
 */

/** `width` is one more than `columns` if there is an intercept. */
export interface Shape {
  readonly rows: number
  readonly columns: number
  readonly width: number
}

/** Writes scores = X θᵀ, [row][output], over all values of X. */
export function multiply(
  { rows, columns, width }: Shape,
  data: Float64Array,
  theta: Float64Array,
  outputs: number,
  scores: Float64Array,
): void {
  const blockEnd = rows - (rows % 4)
  for (let row = 0; row < blockEnd; row += 4) {
    const x0 = row * columns
    const x1 = x0 + columns
    const x2 = x1 + columns
    const x3 = x2 + columns
    let k = 0
    // Two outputs at a time read the rows half as often.
    for (; k + 1 < outputs; k += 2) {
      const first = k * width
      const second = first + width
      let a0 = width > columns ? theta[first + columns]! : 0
      let a1 = a0
      let a2 = a0
      let a3 = a0
      let b0 = width > columns ? theta[second + columns]! : 0
      let b1 = b0
      let b2 = b0
      let b3 = b0
      for (let j = 0; j < columns; j++) {
        const ta = theta[first + j]!
        const tb = theta[second + j]!
        const v0 = data[x0 + j]!
        const v1 = data[x1 + j]!
        const v2 = data[x2 + j]!
        const v3 = data[x3 + j]!
        a0 += ta * v0
        b0 += tb * v0
        a1 += ta * v1
        b1 += tb * v1
        a2 += ta * v2
        b2 += tb * v2
        a3 += ta * v3
        b3 += tb * v3
      }
      const at = row * outputs + k
      scores[at] = a0
      scores[at + 1] = b0
      scores[at + outputs] = a1
      scores[at + outputs + 1] = b1
      scores[at + 2 * outputs] = a2
      scores[at + 2 * outputs + 1] = b2
      scores[at + 3 * outputs] = a3
      scores[at + 3 * outputs + 1] = b3
    }
    for (; k < outputs; k++) {
      const first = k * width
      let s0 = width > columns ? theta[first + columns]! : 0
      let s1 = s0
      let s2 = s0
      let s3 = s0
      for (let j = 0; j < columns; j++) {
        const t = theta[first + j]!
        s0 += t * data[x0 + j]!
        s1 += t * data[x1 + j]!
        s2 += t * data[x2 + j]!
        s3 += t * data[x3 + j]!
      }
      const at = row * outputs + k
      scores[at] = s0
      scores[at + outputs] = s1
      scores[at + 2 * outputs] = s2
      scores[at + 3 * outputs] = s3
    }
  }
  for (let row = blockEnd; row < rows; row++) {
    for (let k = 0; k < outputs; k++) {
      const first = k * width
      let sum = width > columns ? theta[first + columns]! : 0
      for (let j = 0; j < columns; j++) sum += theta[first + j]! * data[row * columns + j]!
      scores[row * outputs + k] = sum
    }
  }
}

/** Writes valuesᵀ X, [output][column], over all values of X. */
export function multiplyTransposed(
  { rows, columns, width }: Shape,
  data: Float64Array,
  values: Float64Array,
  outputs: number,
  out: Float64Array,
): void {
  out.fill(0)
  const blockEnd = rows - (rows % 4)
  for (let row = 0; row < blockEnd; row += 4) {
    const x0 = row * columns
    const x1 = x0 + columns
    const x2 = x1 + columns
    const x3 = x2 + columns
    let k = 0
    for (; k + 1 < outputs; k += 2) {
      const at = row * outputs + k
      const a0 = values[at]!
      const b0 = values[at + 1]!
      const a1 = values[at + outputs]!
      const b1 = values[at + outputs + 1]!
      const a2 = values[at + 2 * outputs]!
      const b2 = values[at + 2 * outputs + 1]!
      const a3 = values[at + 3 * outputs]!
      const b3 = values[at + 3 * outputs + 1]!
      const first = k * width
      const second = first + width
      for (let j = 0; j < columns; j++) {
        const v0 = data[x0 + j]!
        const v1 = data[x1 + j]!
        const v2 = data[x2 + j]!
        const v3 = data[x3 + j]!
        out[first + j] = out[first + j]! + (a0 * v0 + a1 * v1 + (a2 * v2 + a3 * v3))
        out[second + j] = out[second + j]! + (b0 * v0 + b1 * v1 + (b2 * v2 + b3 * v3))
      }
      if (width > columns) {
        out[first + columns] = out[first + columns]! + (a0 + a1 + (a2 + a3))
        out[second + columns] = out[second + columns]! + (b0 + b1 + (b2 + b3))
      }
    }
    for (; k < outputs; k++) {
      const at = row * outputs + k
      const r0 = values[at]!
      const r1 = values[at + outputs]!
      const r2 = values[at + 2 * outputs]!
      const r3 = values[at + 3 * outputs]!
      const first = k * width
      for (let j = 0; j < columns; j++) {
        out[first + j] =
          out[first + j]! +
          (r0 * data[x0 + j]! + r1 * data[x1 + j]! + (r2 * data[x2 + j]! + r3 * data[x3 + j]!))
      }
      if (width > columns) out[first + columns] = out[first + columns]! + (r0 + r1 + (r2 + r3))
    }
  }
  for (let row = blockEnd; row < rows; row++) {
    for (let k = 0; k < outputs; k++) {
      const r = values[row * outputs + k]!
      const first = k * width
      for (let j = 0; j < columns; j++)
        out[first + j] = out[first + j]! + r * data[row * columns + j]!
      if (width > columns) out[first + columns] = out[first + columns]! + r
    }
  }
}

/** Writes Σ_i w_i x_ij² for every column over all values of X. */
export function squares(
  { rows, columns, width }: Shape,
  data: Float64Array,
  weights: Float64Array,
  out: Float64Array,
): void {
  out.fill(0)
  const blockEnd = rows - (rows % 2)
  for (let row = 0; row < blockEnd; row += 2) {
    const w0 = weights[row]!
    const w1 = weights[row + 1]!
    const start = row * columns
    for (let j = 0; j < columns; j++) {
      const a = data[start + j]!
      const b = data[start + columns + j]!
      out[j] = out[j]! + (w0 * a * a + w1 * b * b)
    }
    if (width > columns) out[columns] = out[columns]! + (w0 + w1)
  }
  if (blockEnd < rows) {
    const w = weights[blockEnd]!
    for (let j = 0; j < columns; j++) out[j] = out[j]! + w * data[blockEnd * columns + j]! ** 2
    if (width > columns) out[columns] = out[columns]! + w
  }
}

/** Adds Xᵀ diag(w) X, the lower triangle of columns `first` to `end`, over all values of every `stride`-th row. */
export function addGram(
  { rows, columns }: Shape,
  data: Float64Array,
  weights: Float64Array,
  stride: number,
  out: Float64Array,
  first: number,
  end: number,
): void {
  const width = end - first
  const copied = Math.min(end, columns) - first
  // Four rows side by side, the intercept's 1 included; rows beyond the last weigh 0.
  const four = new Float64Array(4 * width)
  if (end > columns) for (let r = 1; r <= 4; r++) four[r * width - 1] = 1
  const fourWeights = new Float64Array(4)
  for (let row = 0; row < rows; row += 4 * stride) {
    for (let r = 0; r < 4; r++) {
      const from = row + r * stride
      fourWeights[r] = from < rows ? weights[from]! : 0
      if (from >= rows) continue
      const start = from * columns + first
      for (let j = 0; j < copied; j++) four[r * width + j] = data[start + j]!
    }
    addOuterProducts(four, fourWeights, width, out)
  }
}

/** Adds Σ w x xᵀ over four vectors that stand one after the other. */
function addOuterProducts(
  four: Float64Array,
  weights: Float64Array,
  width: number,
  out: Float64Array,
): void {
  const second = width
  const third = 2 * width
  const fourth = 3 * width
  for (let a = 0; a < width; a++) {
    const a0 = weights[0]! * four[a]!
    const a1 = weights[1]! * four[second + a]!
    const a2 = weights[2]! * four[third + a]!
    const a3 = weights[3]! * four[fourth + a]!
    const start = a * width
    for (let b = 0; b <= a; b++) {
      out[start + b] =
        out[start + b]! +
        (a0 * four[b]! + a1 * four[second + b]! + (a2 * four[third + b]! + a3 * four[fourth + b]!))
    }
  }
}

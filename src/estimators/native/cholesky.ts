/** Symmetric positive definite matrices, row-major; only the lower triangle is read and written. */

/**
 * Replaces a matrix by its Cholesky factor L, A = L Lᵀ (Golub and Van Loan, Matrix Computations, 4.2).
 * @returns false if the matrix is not positive definite; its content is then of no use
 */
export function factorCholesky(a: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i++) {
    const rowI = i * size
    for (let j = 0; j <= i; j++) {
      const rowJ = j * size
      let sum = a[rowI + j]!
      for (let k = 0; k < j; k++) sum -= a[rowI + k]! * a[rowJ + k]!
      if (i > j) a[rowI + j] = sum / a[rowJ + j]!
      else if (sum > 0 && sum < Number.POSITIVE_INFINITY) a[rowI + i] = Math.sqrt(sum)
      else return false
    }
  }
  return true
}

/** Replaces `size` numbers of `b` from `offset` on by the solution x of L Lᵀ x = b. */
export function solveCholesky(
  factor: Float64Array,
  size: number,
  b: Float64Array,
  offset: number,
): void {
  for (let i = 0; i < size; i++) {
    let sum = b[offset + i]!
    for (let k = 0; k < i; k++) sum -= factor[i * size + k]! * b[offset + k]!
    b[offset + i] = sum / factor[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    const x = b[offset + i]! / factor[i * size + i]!
    b[offset + i] = x
    for (let k = 0; k < i; k++) b[offset + k] = b[offset + k]! - factor[i * size + k]! * x
  }
}

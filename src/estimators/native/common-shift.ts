/**
 * Returns the c for which l1 Σ_k |w_k − c| + l2/2 Σ_k (w_k − c)² is smallest; of several, the one next to 0.
 * Softmax does not see what all classes share, so of the coefficients of one column, only the penalty decides about c.
 * @param w ascending
 */
export function bestShift(w: Float64Array, l1: number, l2: number): number {
  const count = w.length
  const sum = w.reduce((total, value) => total + value, 0)
  for (let i = 0; i < count; i++) {
    const value = w[i]!
    const slope = l2 * (count * value - sum)
    // Beyond w_i, i + 1 of them lie below c.
    if (l1 * (2 * i + 2 - count) + slope < 0) continue
    if (l1 * (2 * i - count) + slope > 0) return sum / count - (l1 * (2 * i - count)) / (l2 * count)
    const isFlat = l2 === 0 && 2 * i + 2 === count
    return isFlat ? Math.min(Math.max(value, 0), w[i + 1]!) : value
  }
  return 0
}

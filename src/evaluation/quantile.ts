/**
 * Returns the quantile of ascending numbers by linear interpolation, as numpy's default method rounds it.
 * @param share in [0, 1]
 */
export function quantile(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share
  const below = Math.floor(at)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  const part = at - below
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part)
}

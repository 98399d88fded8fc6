/** How far two distributions are apart, from the counts of their bins. */

/** The least share that a bin is taken to have: an empty one would be infinitely far. */
const LEAST_SHARE = 1e-4

/**
 * Returns the population stability index Σ (q − p) ln (q / p) over the bins, p and q being their shares, each at least
 * 0.0001 (N. Siddiqi, Credit Risk Scorecards, 2006); 0 where either side has counted nothing.
 */
export function stabilityIndex(reference: ArrayLike<number>, live: ArrayLike<number>): number {
  const shares = sharesOf(reference, live)
  if (!shares) return 0
  let sum = 0
  for (const [p, q] of shares) {
    const [a, b] = [Math.max(p, LEAST_SHARE), Math.max(q, LEAST_SHARE)]
    sum += (b - a) * Math.log(b / a)
  }
  return sum
}

/**
 * Returns the Jensen-Shannon distance, the square root of the divergence with logarithms to base 2: from 0 to 1 (D. M. Endres
 * and J. E. Schindelin, A new metric for probability distributions, 2003); 0 where either side has counted nothing.
 */
export function jensenShannon(reference: ArrayLike<number>, live: ArrayLike<number>): number {
  const shares = sharesOf(reference, live)
  if (!shares) return 0
  let sum = 0
  for (const [p, q] of shares) {
    const middle = (p + q) / 2
    if (p > 0) sum += (p * Math.log2(p / middle)) / 2
    if (q > 0) sum += (q * Math.log2(q / middle)) / 2
  }
  return Math.sqrt(Math.max(0, sum))
}

function sharesOf(reference: ArrayLike<number>, live: ArrayLike<number>) {
  const [n, m] = [sumOf(reference), sumOf(live)]
  if (n === 0 || m === 0) return undefined
  return Array.from(reference, (count, bin) => [count / n, live[bin]! / m] as const)
}

/** Returns the sum of counts. */
export function sumOf(counts: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += counts[i]!
  return sum
}

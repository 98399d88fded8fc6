/** Whether two sets of counts may come from one distribution: tests for bins and for shares. */
import { sumOf } from './distances.ts'

/** A bin is tested if both sides can be expected to have so many rows of it; fewer are put together with the next. */
const LEAST_EXPECTED = 5

/**
 * Returns the p-value of the χ² test of homogeneity over two rows of counts, neighbouring bins put together until each side
 * can expect five of them (Cochran's rule); 1 where nothing is left to compare.
 */
export function homogeneity(reference: ArrayLike<number>, live: ArrayLike<number>): number {
  const [n, m] = [sumOf(reference), sumOf(live)]
  if (n === 0 || m === 0) return 1
  const least = (LEAST_EXPECTED * (n + m)) / Math.min(n, m)
  const merged: [number, number][] = []
  let [a, b] = [0, 0]
  for (let bin = 0; bin < reference.length; bin++) {
    a += reference[bin]!
    b += live[bin]!
    if (a + b < least) continue
    merged.push([a, b])
    a = 0
    b = 0
  }
  const last = merged.at(-1)
  if (!last) return 1
  last[0] += a
  last[1] += b
  const [up, down] = [Math.sqrt(m / n), Math.sqrt(n / m)]
  let statistic = 0
  for (const [x, y] of merged) statistic += (up * x - down * y) ** 2 / (x + y)
  return chiSquaredTail(statistic, merged.length - 1)
}

/** Returns the probability that a χ² variable of so many degrees of freedom is larger than a number. */
export function chiSquaredTail(value: number, freedom: number): number {
  if (freedom < 1 || value <= 0) return 1
  return upperGamma(freedom / 2, value / 2)
}

const TINY = 1e-300
const MOST_TERMS = 100_000

/**
 * Returns the regularised upper incomplete gamma function Q(a, x): the series of P below a + 1, above it the continued
 * fraction by Lentz's method (W. H. Press and others, Numerical Recipes, 6.2).
 */
function upperGamma(a: number, x: number): number {
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < MOST_TERMS && term > sum * Number.EPSILON; n++) {
      term *= x / (a + n)
      sum += term
    }
    return Math.max(0, 1 - scale * sum)
  }
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let product = d
  for (let n = 1; n < MOST_TERMS; n++) {
    const factor = -n * (n - a)
    b += 2
    d = 1 / nonZero(factor * d + b)
    c = nonZero(b + factor / c)
    product *= c * d
    if (Math.abs(c * d - 1) < Number.EPSILON) break
  }
  return scale * product
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}

/** Lanczos' coefficients for g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
]

/** Returns ln Γ(x) of a number of at least ½, by Lanczos' approximation. */
export function logGamma(x: number): number {
  const z = x - 1
  const t = z + 7.5
  const sum = LANCZOS.reduce((total, value, i) => total + (i === 0 ? value : value / (z + i)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** Rows of one side: how many have something, of how many. */
export interface Share {
  readonly count: number
  readonly rows: number
}

/**
 * Returns the p-value of Fisher's exact test that the live share is larger than that of the reference, which may be an
 * expected count and is rounded; 1 where it is not larger.
 */
export function largerShare(reference: Share, live: Share): number {
  const { rows: n } = reference
  const { rows: m, count } = live
  const known = Math.round(reference.count)
  if (n === 0 || m === 0 || count * n <= known * m) return 1
  // The hypergeometric probabilities of `count` and more of all that have it being live; they fall from here on.
  const all = count + known
  let term = Math.exp(logChoose(m, count) + logChoose(n, known) - logChoose(n + m, all))
  let sum = term
  for (let k = count; k < Math.min(m, all) && term > sum * Number.EPSILON; k++) {
    term *= ((m - k) * (all - k)) / ((k + 1) * (n - all + k + 1))
    sum += term
  }
  return Math.min(1, sum)
}

/** Returns the p-value that two shares differ, in either direction: twice the smaller of the one-sided. */
export function otherShare(reference: Share, live: Share): number {
  const rest = ({ count, rows }: Share): Share => ({ count: rows - count, rows })
  const larger = largerShare(reference, live)
  return Math.min(1, 2 * Math.min(larger, largerShare(rest(reference), rest(live))))
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}

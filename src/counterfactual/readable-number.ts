/** Numbers that a person can read. */

/**
 * Returns the number with the fewest decimal places that lies strictly between two numbers, the nearest one of them to
 * `from`, and at most `reach` away from it; `from` itself where there is none.
 */
export function readableNumber(from: number, to: number, reach: number): number {
  const up = to > from
  const low = up ? from : Math.max(to, from - reach)
  const high = up ? Math.min(to, from + reach) : from
  const places = Math.ceil(Math.log10(Math.min(high - low, Number.MAX_VALUE)))
  // A step of a tenth of the width has a multiple inside; finer ones are for what rounding takes away.
  for (let place = places; place > places - 4; place--) {
    // Larger powers of ten are no doubles.
    if (!(Math.abs(place) <= 308)) break
    const scale = 10 ** Math.abs(place)
    const steps = (value: number) => (place < 0 ? value * scale : value / scale)
    const multiple = up ? Math.floor(steps(low)) + 1 : Math.ceil(steps(high)) - 1
    const found = Number(`${multiple}e${place}`) + 0
    if (found > low && found < high) return found
  }
  return from
}

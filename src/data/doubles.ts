/** The doubles in their order: neighbours, and the last one for which a condition holds. */

const view = new DataView(new ArrayBuffer(8))
const MAGNITUDE = 0x7fff_ffff_ffff_ffffn

/** A double's position among all doubles, from −Infinity to Infinity; −0 and 0 share one. */
function positionOf(value: number): bigint {
  view.setFloat64(0, value)
  const bits = view.getBigInt64(0)
  return bits >= 0n ? bits : -(bits & MAGNITUDE)
}

function doubleAt(position: bigint): number {
  view.setBigInt64(0, position < 0n ? -position : position)
  const magnitude = view.getFloat64(0)
  return position < 0n ? -magnitude : magnitude
}

const INFINITY = positionOf(Number.POSITIVE_INFINITY)

/** Returns the next larger double. */
export function nextUp(value: number): number {
  return value === Number.POSITIVE_INFINITY ? value : doubleAt(positionOf(value) + 1n)
}

/** Returns the next smaller double. */
export function nextDown(value: number): number {
  return value === Number.NEGATIVE_INFINITY ? value : doubleAt(positionOf(value) - 1n)
}

/**
 * Returns the largest finite double for which a condition holds; −Infinity where it holds for none.
 * @param holds a condition that, once it fails, fails for all larger doubles
 * @param guess where to begin; the nearer it is, the fewer questions are asked, and never more than about 130
 */
export function lastDouble(holds: (value: number) => boolean, guess: number): number {
  const holdsAt = (position: bigint) =>
    position <= -INFINITY || (position < INFINITY && holds(doubleAt(position)))
  let low = positionOf(guess)
  let high = low
  // In growing steps to one side until the condition changes.
  const isLow = holdsAt(low)
  for (let step = 1n; holdsAt(isLow ? high : low) === isLow; step *= 2n) {
    if (isLow) {
      low = high
      high = high + step > INFINITY ? INFINITY : high + step
    } else {
      high = low
      low = low - step < -INFINITY ? -INFINITY : low - step
    }
  }
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (holdsAt(middle)) low = middle
    else high = middle
  }
  return doubleAt(low)
}

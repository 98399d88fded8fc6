/** Puts a column's rows in ascending order of their values, by radix sort on the bits of the doubles. */

const DIGIT_BITS = 11
const BUCKETS = 1 << DIGIT_BITS
const DIGITS = 6
/** Up to so many rows are put in order one by one: counting buckets would take longer. */
const FEW_ROWS = 64

/**
 * Returns a function that orders the rows 0 … n − 1 of a column by value, equal values by row.
 * It reuses its memory: a result is valid until the next call.
 * @param capacity most rows that a call may have
 */
export function createRadixOrder(capacity: number): (values: Float64Array) => Int32Array {
  let order = new Int32Array(capacity)
  let spare = new Int32Array(capacity)
  const high = new Uint32Array(capacity)
  const low = new Uint32Array(capacity)
  const counts = Array.from({ length: DIGITS }, () => new Int32Array(BUCKETS))
  const pair = new Uint32Array(2)
  const double = new Float64Array(pair.buffer)
  const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
  const highAt = isLittleEndian ? 1 : 0

  return (values) => {
    const n = values.length
    if (n <= FEW_ROWS) return insertRows(values, order).subarray(0, n)
    for (const count of counts) count.fill(0)
    for (let row = 0; row < n; row++) {
      // Adding zero turns −0 into 0, so that equal values have equal bits.
      double[0] = values[row]! + 0
      let h = pair[highAt]!
      let l = pair[1 - highAt]!
      // Bits in the order of the numbers: negative ones inverted, positive ones above them.
      if (h >>> 31 === 1) {
        h = ~h
        l = ~l
      } else h |= 0x80000000
      high[row] = h
      low[row] = l
      order[row] = row
      for (let digit = 0; digit < DIGITS; digit++) {
        const bucket = digitOf(h, l, digit)
        const count = counts[digit] as Int32Array
        count[bucket] = count[bucket]! + 1
      }
    }
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = counts[digit] as Int32Array
      // A digit that all rows share orders nothing.
      if (n > 0 && count[digitOf(high[0]!, low[0]!, digit)] === n) continue
      let sum = 0
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const here = count[bucket]!
        count[bucket] = sum
        sum += here
      }
      for (let i = 0; i < n; i++) {
        const row = order[i]!
        const bucket = digitOf(high[row]!, low[row]!, digit)
        const at = count[bucket]!
        count[bucket] = at + 1
        spare[at] = row
      }
      const sorted = spare
      spare = order
      order = sorted
    }
    return order.subarray(0, n)
  }
}

/** Writes the order of a few rows; missing values come last. */
function insertRows(values: Float64Array, order: Int32Array): Int32Array {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    let at = row
    for (; at > 0; at--) {
      const other = values[order[at - 1]!]!
      if (!(value < other || (Number.isNaN(other) && !Number.isNaN(value)))) break
      order[at] = order[at - 1]!
    }
    order[at] = row
  }
  return order
}

/** Returns 11 of the 64 bits `h l`; digit 0 is the lowest. */
function digitOf(h: number, l: number, digit: number): number {
  switch (digit) {
    case 0:
      return l & 0x7ff
    case 1:
      return (l >>> 11) & 0x7ff
    case 2:
      return (l >>> 22) | ((h & 1) << 10)
    case 3:
      return (h >>> 1) & 0x7ff
    case 4:
      return (h >>> 12) & 0x7ff
    default:
      return h >>> 23
  }
}

/** Decimal numbers read from bytes, without a string in between. */

const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`))
/** Below this a mantissa is exact, and so is one more digit of it. */
const MAX_MANTISSA = 2 ** 53 / 10 - 1
/** Splits a double into two halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1

/**
 * Returns the double nearest to the decimal number that the bytes are, exactly as `Number` of their text; ±Infinity
 * where it is too large for a double, NaN where the bytes are no decimal number.
 */
export function readDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  const negative = bytes[at] === MINUS
  if (negative || bytes[at] === PLUS) at++
  // The digits as high · 10^lowDigits + low: up to 15 digits or so, and 4 more.
  let high = 0
  let low = 0
  let lowDigits = 0
  let dropped = 0
  let digits = 0
  let fraction = -1
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit >= 0 && digit <= 9) {
      digits++
      if (high < MAX_MANTISSA && lowDigits === 0) high = high * 10 + digit
      else if (lowDigits < 4) {
        low = low * 10 + digit
        lowDigits++
      } else dropped++
    } else if (bytes[at] === POINT && fraction < 0) fraction = digits
    else break
  }
  if (digits === 0) return Number.NaN
  let exponent = fraction < 0 ? 0 : fraction - digits
  if (at < end) {
    const written = readExponent(bytes, at, end)
    if (Number.isNaN(written)) return Number.NaN
    exponent += written
  }
  const value = dropped > 0 ? Number.NaN : scale(high, low, lowDigits, exponent)
  // What the quick way cannot be sure of is left to the language.
  if (Number.isNaN(value)) return Number(textOf(bytes, start, end))
  return negative ? -value : value
}

/** Returns the exponent behind an E, NaN if that is not what stands there. */
function readExponent(bytes: Uint8Array, from: number, end: number): number {
  if ((bytes[from]! | 0x20) !== 0x65) return Number.NaN
  let at = from + 1
  const negative = bytes[at] === MINUS
  if (negative || bytes[at] === PLUS) at++
  if (at >= end) return Number.NaN
  let exponent = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    exponent = Math.min(exponent * 10 + digit, 1e9)
  }
  return negative ? -exponent : exponent
}

/**
 * Returns (high · 10^lowDigits + low) · 10^exponent rounded once, NaN where that is not certain. One operation on
 * exact doubles is rounded once (Clinger 1990); otherwise it is done in double-double arithmetic (Dekker 1971) and
 * taken only where its error cannot change the rounding.
 */
function scale(high: number, low: number, lowDigits: number, exponent: number): number {
  if (exponent < -22 || exponent > 22) return high === 0 && low === 0 ? 0 : Number.NaN
  const power = POWERS[exponent < 0 ? -exponent : exponent]!
  if (lowDigits === 0) return exponent < 0 ? high / power : high * power
  const shift = POWERS[lowDigits]!
  const product = high * shift
  const sum = product + low
  // The part of high · shift + low that `sum` has lost.
  const rest = low - (sum - product) + productError(high, shift, product)
  let value: number
  let correction: number
  if (exponent < 0) {
    value = sum / power
    const back = value * power
    correction = (sum - back - productError(value, power, back) + rest) / power
  } else {
    value = sum * power
    correction = productError(sum, power, value) + rest * power
  }
  const least = value + correction * (1 - 2 ** -40)
  return least === value + correction * (1 + 2 ** -40) ? least : Number.NaN
}

/** Returns a · b − product, where product is a · b rounded (Dekker). */
function productError(a: number, b: number, product: number): number {
  const aSplit = SPLITTER * a
  const aHigh = aSplit - (aSplit - a)
  const aLow = a - aHigh
  const bSplit = SPLITTER * b
  const bHigh = bSplit - (bSplit - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** Whether a decimal number has zeros in front that would be lost as a number: a code such as 00501. */
export function beginsWithZero(bytes: Uint8Array, start: number, end: number): boolean {
  const sign = bytes[start] === MINUS || bytes[start] === PLUS ? 1 : 0
  if (bytes[start + sign] !== ZERO || start + sign + 1 >= end) return false
  const next = bytes[start + sign + 1]! - ZERO
  return next >= 0 && next <= 9
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  const part = bytes.subarray(start, end)
  return part.length < 64 ? String.fromCharCode(...part) : new TextDecoder().decode(part)
}

/** Numbers in binary formats that a DataView does not read as doubles. */
import { keepInteger } from './number.ts'

/** Returns an IEEE 754 number of 16 bits. */
export function readFloat16(view: DataView, offset: number, littleEndian: boolean): number {
  const bits = view.getUint16(offset, littleEndian)
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Returns the nearest IEEE 754 number of 16 bits, of two as near the even one; an infinity beyond 65519. */
export function roundFloat16(value: number): number {
  const size = Math.abs(value)
  if (!(size < 65_520))
    return Number.isNaN(value) ? value : Math.sign(value) * Number.POSITIVE_INFINITY
  // Numbers of one exponent are one step apart, the smallest ones have that of the least exponent. Adding and taking
  // away as many steps as fill a double's fraction rounds to one.
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-300)))
  const shift = 2 ** (exponent - 10 + 52)
  const rounded = size + shift - shift
  return value < 0 || Object.is(value, -0) ? -rounded : rounded
}

/** Returns an integer of 64 bits: as a bigint where a double does not keep its digits. */
export function readInt64(
  view: DataView,
  offset: number,
  little: boolean,
  signed: boolean,
): number | bigint {
  const [low, high] = little ? [offset, offset + 4] : [offset + 4, offset]
  const upper = signed ? view.getInt32(high, little) : view.getUint32(high, little)
  const value = upper * 2 ** 32 + view.getUint32(low, little)
  if (Number.isSafeInteger(value)) return value
  return keepInteger(signed ? view.getBigInt64(offset, little) : view.getBigUint64(offset, little))
}

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

/** Numbers in binary formats that a DataView does not read as doubles. */

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

/** Returns the double nearest to an integer of 64 bits: both halves are exact, and their sum is rounded once. */
export function readInt64(
  view: DataView,
  offset: number,
  little: boolean,
  signed: boolean,
): number {
  const [low, high] = little ? [offset, offset + 4] : [offset + 4, offset]
  const upper = signed ? view.getInt32(high, little) : view.getUint32(high, little)
  return upper * 2 ** 32 + view.getUint32(low, little)
}

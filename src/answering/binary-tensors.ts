/** Tensors as bytes: the binary data extension of the Open Inference Protocol, which Triton's clients use by default. */
import { readFloat16, readInt64 } from '../data/binary-number.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'

export const datatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const
export type Datatype = (typeof datatypes)[number]

type Item = { readonly size: number; readonly read: (view: DataView, offset: number) => unknown }

/** Everything is little-endian; a byte that is neither 0 nor 1 is no BOOL and stays the number it is. */
const items: Readonly<Record<Exclude<Datatype, 'BYTES'>, Item>> = {
  BOOL: { size: 1, read: (view, at) => [false, true][view.getUint8(at)] ?? view.getUint8(at) },
  UINT8: { size: 1, read: (view, at) => view.getUint8(at) },
  UINT16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  UINT32: { size: 4, read: (view, at) => view.getUint32(at, true) },
  UINT64: { size: 8, read: (view, at) => readInt64(view, at, true, false) },
  INT8: { size: 1, read: (view, at) => view.getInt8(at) },
  INT16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  INT32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  INT64: { size: 8, read: (view, at) => readInt64(view, at, true, true) },
  FP16: { size: 2, read: (view, at) => readFloat16(view, at, true) },
  FP32: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  FP64: { size: 8, read: (view, at) => view.getFloat64(at, true) },
}

/** Returns a value of a tensor by its position. */
export type ValueAt = (at: number) => unknown

/**
 * Returns what reads the values of a tensor as JSON would have them: NaN as null, which a column must allow, and
 * integers as bigints where a double does not keep their digits. Texts are checked at once, numbers are not copied.
 * @param where names the tensor in messages
 * @throws InputError `invalid_shape`, `invalid_utf8`
 */
export function readBinaryData(
  datatype: Datatype,
  count: number,
  bytes: Uint8Array,
  where: string,
): ValueAt {
  if (datatype === 'BYTES') {
    const texts = readTexts(count, bytes, where)
    return (at) => texts[at]
  }
  const { size, read } = items[datatype]
  if (count * size !== bytes.length) {
    throw new InputError(
      'invalid_shape',
      `${where} has ${bytes.length} bytes, its shape and ${datatype} mean ${count * size}`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (at) => {
    const value = read(view, at * size)
    return Number.isNaN(value) ? null : value
  }
}

/** Texts stand one behind the other, each behind its length in 4 bytes. */
function readTexts(count: number, bytes: Uint8Array, where: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let offset = 0
  while (offset < bytes.length) {
    const start = offset + 4
    const end = start <= bytes.length ? start + view.getUint32(offset, true) : Infinity
    if (end > bytes.length || texts.length === count) break
    texts.push(decodeUtf8(bytes.subarray(start, end)))
    offset = end
  }
  if (offset !== bytes.length || texts.length !== count) {
    throw new InputError(
      'invalid_shape',
      `${where}: its ${bytes.length} bytes are not the ${count} texts of its shape, each behind its length`,
    )
  }
  return texts
}

/** Returns the bytes of a tensor of numbers as FP64, of texts as BYTES. */
export function writeBinaryData(data: readonly (number | string)[]): Uint8Array {
  const encoder = new TextEncoder()
  const parts = data.map((value) => (typeof value === 'string' ? encoder.encode(value) : value))
  const sizeOf = (part: Uint8Array | number) => (typeof part === 'number' ? 8 : 4 + part.length)
  const bytes = new Uint8Array(parts.reduce<number>((sum, part) => sum + sizeOf(part), 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const part of parts) {
    if (typeof part === 'number') view.setFloat64(offset, part, true)
    else {
      view.setUint32(offset, part.length, true)
      bytes.set(part, offset + 4)
    }
    offset += sizeOf(part)
  }
  return bytes
}

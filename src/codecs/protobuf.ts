/** The wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/. Nothing here recurses. */
import { InputError } from '../errors.ts'

/** Part of a message that is still to be read; offsets count from the start of the body. */
export interface ProtobufCursor {
  readonly view: DataView
  readonly end: number
  /** Where the next byte is read. */
  offset: number
}

/** The wire types that are read; the groups of proto2 (3 and 4) are refused. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Number and wire type of a field. */
export interface ProtobufTag {
  readonly field: number
  readonly wireType: number
}

/** Returns the error for bytes that are not a message. */
export function invalidRecord(message: string): InputError {
  return new InputError('invalid_recordio', message)
}

/** Yields the tags of a message's fields; whoever takes one reads or skips its field before the next. */
export function* fieldsOf(cursor: ProtobufCursor): Generator<ProtobufTag> {
  while (cursor.offset < cursor.end) {
    const start = cursor.offset
    const { low, high } = readVarint(cursor)
    const field = low >>> 3
    if (high !== 0 || field === 0) throw invalidRecord(`byte ${start}: no field has this number`)
    yield { field, wireType: low & 7 }
  }
}

/** The halves of an unsigned number of 64 bits. */
export interface Varint {
  readonly low: number
  readonly high: number
}

/** Returns a number of up to ten bytes. */
export function readVarint(cursor: ProtobufCursor): Varint {
  const start = cursor.offset
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (cursor.offset >= cursor.end) throw invalidRecord(`byte ${start}: a number is cut off`)
    const byte = cursor.view.getUint8(cursor.offset++)
    const bits = byte & 0x7f
    if (shift < 32) low |= bits << shift
    if (shift >= 32) high |= bits << (shift - 32)
    else if (shift === 28) high |= bits >> 4
    if (byte < 0x80) {
      if (shift === 63 && bits > 1) break
      return { low: low >>> 0, high: high >>> 0 }
    }
  }
  throw invalidRecord(`byte ${start}: a number has more than 64 bits`)
}

/** Returns an unsigned number, as the nearest double where it is above 2^53. */
export function readUint64(cursor: ProtobufCursor): number {
  const { low, high } = readVarint(cursor)
  return high * 2 ** 32 + low
}

/** Returns a signed number of 32 bits, which is extended to 64 bits where it is negative. */
export function readInt32(cursor: ProtobufCursor): number {
  const start = cursor.offset
  const { low, high } = readVarint(cursor)
  if (high !== 0 && !(high === 0xffffffff && low >= 0x80000000)) {
    throw invalidRecord(`byte ${start}: a number has more than 32 bits`)
  }
  return low | 0
}

/** Returns a number of 4 bytes. */
export function readFloat32(cursor: ProtobufCursor): number {
  return cursor.view.getFloat32(advance(cursor, 4), true)
}

/** Returns a number of 8 bytes. */
export function readFloat64(cursor: ProtobufCursor): number {
  return cursor.view.getFloat64(advance(cursor, 8), true)
}

/** Returns a part with a length of its own: a message, a text or packed numbers. */
export function readPart({ wireType }: ProtobufTag, cursor: ProtobufCursor): ProtobufCursor {
  if (wireType !== wireTypes.bytes) throw unexpectedType(wireType, cursor)
  const length = readUint64(cursor)
  const offset = advance(cursor, length)
  return { view: cursor.view, offset, end: cursor.offset }
}

/**
 * Reads a repeated number, packed or not, and gives every value of it to `take`.
 * @param wireType the type of a value that is not packed
 */
export function readRepeated(
  tag: ProtobufTag,
  cursor: ProtobufCursor,
  wireType: number,
  readValue: (cursor: ProtobufCursor) => number,
  take: (value: number) => void,
): void {
  if (tag.wireType === wireType) {
    take(readValue(cursor))
    return
  }
  const packed = readPart(tag, cursor)
  while (packed.offset < packed.end) take(readValue(packed))
}

/** Moves behind a field that is not known. */
export function skipField(tag: ProtobufTag, cursor: ProtobufCursor): void {
  if (tag.wireType === wireTypes.varint) readVarint(cursor)
  else if (tag.wireType === wireTypes.fixed64) advance(cursor, 8)
  else if (tag.wireType === wireTypes.fixed32) advance(cursor, 4)
  else readPart(tag, cursor)
}

/** Returns what stands before the bytes of a message, text or packed numbers of that length. */
export function writeHead(field: number, length: number): number[] {
  const head = [(field << 3) | wireTypes.bytes]
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80)
  head.push(rest)
  return head
}

/** Moves behind the next bytes and returns where they begin. */
function advance(cursor: ProtobufCursor, length: number): number {
  const start = cursor.offset
  if (length > cursor.end - start) {
    throw invalidRecord(
      `byte ${start}: ${length} bytes are announced, ${cursor.end - start} are left`,
    )
  }
  cursor.offset += length
  return start
}

function unexpectedType(wireType: number, { offset }: ProtobufCursor): InputError {
  const what = wireType === 3 || wireType === 4 ? 'groups are' : `wire type ${wireType} is`
  return invalidRecord(`byte ${offset}: ${what} refused here`)
}

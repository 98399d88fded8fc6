/** Protocol buffers as their fields: a message's values by the field's number, nothing known of their meaning. */
import { invalid } from '../imported-model.ts'

/** Most bytes of a number. */
const MAX_VARINT = 10

/** One value: a whole number, or the bytes of a text, a message, a packed list or a fixed number. */
export type WireValue = number | Uint8Array

/** A message whose fields are read by their number. */
export interface Message {
  has(field: number): boolean
  /** A whole number; 0 where it is missing. */
  whole(field: number): number
  text(field: number): string
  bytes(field: number): Uint8Array | undefined
  texts(field: number): string[]
  message(field: number): Message | undefined
  messages(field: number): Message[]
  /** Whole numbers, packed or one by one. */
  wholes(field: number): number[]
  floats(field: number): Float64Array
  doubles(field: number): Float64Array
}

/** @throws ArtifactError `invalid` for bytes that are no message */
export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, WireValue[]>()
  const input = createInput(bytes)
  while (input.left() > 0) {
    const tag = input.varint()
    const [field, wire] = [Math.floor(tag / 8), tag % 8]
    if (field === 0) throw invalid('it is not a protocol buffer')
    const list = fields.get(field) ?? []
    fields.set(field, list)
    list.push(readValue(input, wire))
  }
  const last = (field: number) => fields.get(field)?.at(-1)
  const blocks = (field: number): Uint8Array[] =>
    (fields.get(field) ?? []).map((value) => {
      if (typeof value === 'number') throw invalid(`field ${field} is a number`)
      return value
    })
  const fixed = (field: number, size: 4 | 8): Float64Array => {
    const all = blocks(field)
    const total = all.reduce((sum, { length }) => sum + length, 0)
    if (all.some(({ length }) => length % size !== 0))
      throw invalid(`field ${field} holds no numbers of ${size} bytes`)
    const values = new Float64Array(total / size)
    let at = 0
    for (const block of all) {
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
      for (let i = 0; i < block.length; i += size)
        values[at++] = size === 4 ? view.getFloat32(i, true) : view.getFloat64(i, true)
    }
    return values
  }
  return {
    has: (field) => fields.has(field),
    whole(field) {
      const value = last(field) ?? 0
      if (typeof value !== 'number') throw invalid(`field ${field} is no number`)
      return value
    },
    text: (field) => decode(blocks(field).at(-1) ?? new Uint8Array()),
    bytes: (field) => blocks(field).at(-1),
    texts: (field) => blocks(field).map(decode),
    message(field) {
      const own = blocks(field).at(-1)
      return own && readMessage(own)
    },
    messages: (field) => blocks(field).map(readMessage),
    wholes(field) {
      const values: number[] = []
      for (const value of fields.get(field) ?? []) {
        if (typeof value === 'number') {
          values.push(value)
          continue
        }
        const packed = createInput(value)
        while (packed.left() > 0) values.push(packed.varint())
      }
      return values
    },
    floats: (field) => fixed(field, 4),
    doubles: (field) => fixed(field, 8),
  }
}

function readValue(input: ReturnType<typeof createInput>, wire: number): WireValue {
  if (wire === 0) return input.varint()
  if (wire === 1) return input.take(8)
  if (wire === 2) return input.take(input.varint())
  if (wire === 5) return input.take(4)
  throw invalid('it is not a protocol buffer')
}

function createInput(bytes: Uint8Array) {
  let at = 0
  return {
    left: () => bytes.length - at,
    take(size: number): Uint8Array {
      if (!(size >= 0 && size <= bytes.length - at))
        throw invalid('it ends before what it announces does')
      at += size
      return bytes.subarray(at - size, at)
    },
    /** A whole number of up to 64 bits with a sign. */
    varint(): number {
      let value = 0n
      for (let i = 0; i < MAX_VARINT; i++) {
        const byte = bytes[at++]
        if (byte === undefined) throw invalid('it ends within a number')
        // Most numbers are small; only long ones need more than a double's bits.
        if (i === 0 && byte < 0x80) return byte
        value |= BigInt(byte & 0x7f) << BigInt(7 * i)
        if (byte < 0x80) return Number(BigInt.asIntN(64, value))
      }
      throw invalid('it holds a number of more than 64 bits')
    },
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes))
  } catch {
    throw invalid('it holds a text that is not UTF-8')
  }
}

/** The message aialgs.data.Record as an answer: label[key] per member. */
import { writeHead } from './protobuf.ts'
import type { Label } from './wire.ts'

/** Returns a record whose labels are these: numbers as float32_tensor, texts as bytes. */
export function labelRecord(
  members: readonly (readonly [key: string, values: readonly Label[]])[],
): Uint8Array {
  return concat(
    members.map(([key, values]) => {
      const isText = values.some((value) => typeof value === 'string')
      const value = isText
        ? field(9, texts(values.map(String)))
        : field(2, floats(values.map(Number)))
      return field(2, concat([field(1, encoder.encode(key)), field(2, value)]))
    }),
  )
}

const encoder = new TextEncoder()

/** Float32Tensor with its values packed. */
function floats(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true)
  })
  return field(1, bytes)
}

/** Bytes with one value per text. */
function texts(values: readonly string[]): Uint8Array {
  return concat(values.map((value) => field(1, encoder.encode(value))))
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.from(writeHead(number, bytes.length)), bytes])
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

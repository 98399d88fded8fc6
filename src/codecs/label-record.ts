/** The message aialgs.data.Record as an answer: label[key] per member. */
import { joinBytes } from '../data/bytes.ts'
import { writeHead } from './protobuf.ts'
import type { Label } from './wire.ts'

/** Returns a record whose labels are these: numbers as float32_tensor, texts as bytes. */
export function labelRecord(
  members: readonly (readonly [key: string, values: readonly Label[]])[],
): Uint8Array {
  return joinBytes(
    members.map(([key, values]) => {
      const isText = values.some((value) => typeof value === 'string')
      const value = isText
        ? field(9, texts(values.map(String)))
        : field(2, floats(values.map(Number)))
      return field(2, joinBytes([field(1, encoder.encode(key)), field(2, value)]))
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
  return joinBytes(values.map((value) => field(1, encoder.encode(value))))
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return joinBytes([Uint8Array.from(writeHead(number, bytes.length)), bytes])
}

/** Protocol buffers of an ONNX file: fields behind each other. Numbers of fields: onnx/onnx `onnx/onnx.proto`. */
import { wireTypes, writeHead } from '../../codecs/protobuf.ts'
import { joinBytes } from '../../data/bytes.ts'

const encoder = new TextEncoder()

/** A message, a text, or a list of numbers without gaps. */
export function bytesField(field: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value
  return joinBytes([Uint8Array.from(writeHead(field, bytes.length)), bytes])
}

/** A whole number, negative ones with all their 64 bits. */
export function wholeField(field: number, value: number): Uint8Array {
  const bytes: number[] = []
  pushVarint(bytes, field * 8 + wireTypes.varint)
  pushVarint(bytes, value)
  return Uint8Array.from(bytes)
}

/** A number in single precision. */
export function floatField(field: number, value: number): Uint8Array {
  return joinBytes([Uint8Array.of(field * 8 + wireTypes.fixed32), floatBytes([value])])
}

/** Whole numbers behind each other, as many bytes each as it takes. */
export function packWholes(values: ArrayLike<number>): Uint8Array {
  const bytes: number[] = []
  for (let i = 0; i < values.length; i++) pushVarint(bytes, values[i]!)
  return Uint8Array.from(bytes)
}

/** Little-endian numbers of 4 bytes. */
export function floatBytes(values: ArrayLike<number>): Uint8Array {
  return writeNumbers(values, 4, (view, at, value) => view.setFloat32(at, value, true))
}

/** Little-endian numbers of 8 bytes. */
export function doubleBytes(values: ArrayLike<number>): Uint8Array {
  return writeNumbers(values, 8, (view, at, value) => view.setFloat64(at, value, true))
}

/** Little-endian whole numbers of 8 bytes. */
export function int64Bytes(values: ArrayLike<number>): Uint8Array {
  return writeNumbers(values, 8, (view, at, value) => view.setBigInt64(at, BigInt(value), true))
}

function writeNumbers(
  values: ArrayLike<number>,
  size: number,
  write: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(values.length * size)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) write(view, i * size, values[i]!)
  return bytes
}

function pushVarint(bytes: number[], value: number): void {
  if (value < 0) {
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      if (rest < 0x80n) {
        bytes.push(Number(rest))
        return
      }
      bytes.push(Number(rest & 0x7fn) | 0x80)
    }
  }
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
}

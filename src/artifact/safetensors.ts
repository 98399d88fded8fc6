/**
 * The public safetensors format: an 8-byte little-endian header length, a JSON header, raw little-endian tensors.
 * Only the three types that models need; no code can be in it.
 */
import { joinBytes } from '../data/bytes.ts'
import type { Tensor, TensorFile } from '../data/tensor.ts'
import { ArtifactError, quote } from '../errors.ts'
import { unshared } from './artifact.ts'

const itemSize = { F64: 8, I32: 4, U8: 1 } as const
type Dtype = Tensor['dtype']

/** Largest header read: the names and shapes of a model fit in far less. */
const MAX_HEADER = 1 << 20

/** Returns the bytes of a file; tensors with larger items first, so that all of them are aligned. */
export function encodeTensors(file: TensorFile): Uint8Array {
  return joinBytes(tensorPieces(file))
}

/** Returns the same bytes in pieces: a head, and the numbers where they are. */
export function tensorPieces(file: TensorFile): Uint8Array[] {
  const entries = [...file.tensors].sort(
    ([nameA, a], [nameB, b]) => itemSize[b.dtype] - itemSize[a.dtype] || (nameA < nameB ? -1 : 1),
  )
  // Entries, not assignments: a tensor may be named __proto__.
  const header: [string, unknown][] = []
  if (file.metadata.size > 0)
    header.push(['__metadata__', Object.fromEntries([...file.metadata].sort())])
  let end = 0
  for (const [name, { dtype, shape, data }] of entries) {
    header.push([name, { dtype, shape, data_offsets: [end, end + data.byteLength] }])
    end += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const padded = Math.ceil(json.length / 8) * 8
  const head = new Uint8Array(8 + padded).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true)
  head.set(json, 8)
  const numbers = entries.map(
    ([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  )
  return [head, ...numbers]
}

/**
 * Returns the tensors of a file; their numbers stay where they are in `bytes`.
 * @throws ArtifactError `invalid` unless header, types, shapes and offsets are right and cover all bytes exactly once
 */
export function decodeTensors(bytes: Uint8Array, name: string): TensorFile {
  const fail = (detail: string) =>
    new ArtifactError('invalid', `${name} is not a safetensors file: ${detail}`)
  if (bytes.length < 8) throw fail('it is shorter than 8 bytes')
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER || length > bytes.length - 8)
    throw fail(`its header would have ${length} bytes`)
  const header = parseHeader(bytes.subarray(8, 8 + length), fail)
  const body = bytes.subarray(8 + length)
  const metadata = new Map<string, string>()
  const tensors = new Map<string, Tensor>()
  const spans: [number, number][] = []
  for (const [key, value] of header) {
    if (key === '__metadata__') {
      for (const [entry, text] of Object.entries(value as object)) {
        if (typeof text !== 'string') throw fail(`its metadata ${quote(entry)} is not a text`)
        metadata.set(entry, text)
      }
      continue
    }
    const tensor = readEntry(key, value, body, fail)
    tensors.set(key, tensor.tensor)
    spans.push(tensor.span)
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let end = 0
  for (const [from, to] of spans) {
    if (from !== end) throw fail('its tensors overlap or leave gaps')
    end = to
  }
  if (end !== body.length) throw fail(`its tensors have ${end} bytes, ${body.length} are there`)
  return { metadata, tensors }
}

function parseHeader(bytes: Uint8Array, fail: (detail: string) => Error): [string, unknown][] {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(unshared(bytes)))
  } catch {
    throw fail('its header is not JSON')
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header))
    throw fail('its header is not an object')
  const entries = Object.entries(header)
  for (const [key, value] of entries) {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw fail(`${quote(key)} is not an object`)
  }
  return entries
}

function readEntry(
  name: string,
  value: unknown,
  body: Uint8Array,
  fail: (detail: string) => Error,
): { tensor: Tensor; span: [number, number] } {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown }
  if (typeof dtype !== 'string' || !Object.hasOwn(itemSize, dtype))
    throw fail(`tensor ${quote(name)} has type ${quote(dtype)}`)
  if (!isCounts(shape)) throw fail(`tensor ${quote(name)} has no valid shape`)
  if (!isCounts(offsets) || offsets.length !== 2)
    throw fail(`tensor ${quote(name)} has no valid offsets`)
  const [from, to] = offsets as [number, number]
  const size = shape.reduce((product, extent) => product * extent, itemSize[dtype as Dtype])
  if (!Number.isSafeInteger(size) || to - from !== size || to > body.length) {
    throw fail(`tensor ${quote(name)} does not fit its shape`)
  }
  return { tensor: viewTensor(dtype as Dtype, shape, body.subarray(from, to)), span: [from, to] }
}

/** Returns a tensor over the bytes, or over a copy where they do not begin at an address that its numbers may have. */
function viewTensor(dtype: Dtype, shape: readonly number[], own: Uint8Array): Tensor {
  const isAligned = own.byteOffset % itemSize[dtype] === 0
  const { buffer, byteOffset, byteLength } = isAligned ? own : new Uint8Array(own)
  const length = byteLength / itemSize[dtype]
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, length) }
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, length) }
    case 'U8':
      return { dtype, shape, data: new Uint8Array(buffer, byteOffset, length) }
  }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

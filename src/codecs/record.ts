/** The message aialgs.data.Record, of which only features["values"] is read. */
import { InputError, placed } from '../errors.ts'
import type { DecodeContext } from './codec.ts'
import {
  fieldsOf,
  type ProtobufCursor,
  readFloat32,
  readFloat64,
  readInt32,
  readPart,
  readRepeated,
  readUint64,
  skipField,
  wireTypes,
} from './protobuf.ts'
import { wrongWidth } from './rows.ts'
import type { SparseRows } from './sparse.ts'

/**
 * Adds the row that a record holds, and returns the names of other features, which are ignored.
 * @throws InputError `invalid_recordio` or `wrong_width`, naming the row or the byte
 */
export function readRecord(
  record: ProtobufCursor,
  rows: SparseRows,
  context: DecodeContext,
): readonly string[] {
  const row = rows.startRow()
  const { value, others } = findValues(record, row)
  const tensor = readValue(value, row, context.inputs.length)
  const { values, keys, size } = tensor
  // A sparse row of zeros has a shape and nothing else.
  const isSparse = keys.count > 0 || (values.count === 0 && size !== undefined)
  if (isSparse) addSparse(rows, row, tensor, context)
  else addDense(rows, row, tensor, context)
  return others
}

function addDense(
  rows: SparseRows,
  row: number,
  { values, size }: Tensor,
  { inputs }: DecodeContext,
): void {
  if (size !== undefined && size !== values.count) {
    throw invalidRow(row, `the shape stands for ${size} values, there are ${values.count}`)
  }
  if (values.count !== inputs.length) throw wrongWidth(inputs, values.count, row)
  values.kept.forEach((value, index) => {
    rows.set(index, value)
  })
}

function addSparse(
  rows: SparseRows,
  row: number,
  { values, keys, size }: Tensor,
  { inputs }: DecodeContext,
): void {
  const width = inputs.length
  if (size !== undefined && size !== width) throw wrongWidth(inputs, size, row)
  if (keys.count !== values.count || keys.count > width) {
    throw invalidRow(row, `${keys.count} keys and ${values.count} values for ${width} columns`)
  }
  const entries = keys.kept.map((key, index) => [key, values.kept[index]!] as const)
  entries.sort(([a], [b]) => a - b)
  let previous = -1
  for (const [key, value] of entries) {
    if (key >= width) throw invalidRow(row, `key ${key} is beyond the ${width} columns, from 0`)
    if (key === previous) throw invalidRow(row, `key ${key} occurs twice`)
    rows.set(key, value)
    previous = key
  }
}

/** Returns the value of features["values"], and the names of the other features. */
function findValues(
  record: ProtobufCursor,
  row: number,
): { value: ProtobufCursor; others: readonly string[] } {
  let found: ProtobufCursor | undefined
  const others: string[] = []
  for (const tag of fieldsOf(record)) {
    if (tag.field !== 1) {
      skipField(tag, record)
      continue
    }
    const { name, value } = readEntry(readPart(tag, record), row)
    if (name !== VALUES) others.push(name)
    // Protobuf would take the last, but two rows in one frame must not become one.
    else if (found) throw invalidRow(row, 'features["values"] occurs twice')
    else found = value
  }
  if (!found) throw invalidRow(row, 'there is no features["values"]')
  return { value: found, others }
}

/** Returns the key and the value of a map's entry; what is absent is empty. */
function readEntry(entry: ProtobufCursor, row: number) {
  let name = ''
  let value: ProtobufCursor | undefined
  for (const tag of fieldsOf(entry)) {
    if (tag.field === 1) name = readName(readPart(tag, entry))
    else if (tag.field === 2) {
      if (value) throw invalidRow(row, 'a feature has two values')
      value = readPart(tag, entry)
    } else skipField(tag, entry)
  }
  return { name, value: value ?? { view: entry.view, offset: entry.end, end: entry.end } }
}

/** Nearly every feature has the one name that is read, which is told from its bytes. */
function readName(name: ProtobufCursor): string {
  if (isText(name, VALUES)) return VALUES
  const { view, offset, end } = name
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset))
}

const VALUES = 'values'
/** Bytes that are no UTF-8 become replacement characters: an ignored name need not be right. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Whether a part is this text, which is ASCII. */
function isText({ view, offset, end }: ProtobufCursor, text: string): boolean {
  if (end - offset !== text.length) return false
  for (let i = 0; i < text.length; i++) {
    if (view.getUint8(offset + i) !== text.charCodeAt(i)) return false
  }
  return true
}

interface TensorType {
  /** The wire type of a number that is not packed. */
  readonly wireType: number
  readonly read: (cursor: ProtobufCursor) => number
}

/** The tensors that a Value can hold, by field number. */
const tensorTypes = new Map<number, TensorType>([
  [2, { wireType: wireTypes.fixed32, read: readFloat32 }],
  [3, { wireType: wireTypes.fixed64, read: readFloat64 }],
  [7, { wireType: wireTypes.varint, read: readInt32 }],
])

/** A list of numbers that keeps no more than a row may have: a byte of it can take eight. */
interface Numbers {
  count: number
  readonly kept: number[]
}

interface Tensor {
  readonly values: Numbers
  readonly keys: Numbers
  /** How many values the shape stands for; undefined without one. */
  readonly size: number | undefined
}

/** Returns the one tensor of a Value. */
function readValue(value: ProtobufCursor, row: number, limit: number): Tensor {
  let tensor: Tensor | undefined
  for (const tag of fieldsOf(value)) {
    const type = tensorTypes.get(tag.field)
    if (!type) {
      skipField(tag, value)
      continue
    }
    if (tensor) throw invalidRow(row, 'features["values"] holds two tensors')
    tensor = readTensor(readPart(tag, value), type, limit)
  }
  if (!tensor) {
    throw invalidRow(row, 'features["values"] holds no tensor of float32, float64 or int32')
  }
  return tensor
}

function readTensor(message: ProtobufCursor, type: TensorType, limit: number): Tensor {
  const values: Numbers = { count: 0, kept: [] }
  const keys: Numbers = { count: 0, kept: [] }
  let size: number | undefined
  const keepIn = (numbers: Numbers) => (number: number) => {
    if (numbers.count++ < limit) numbers.kept.push(number)
  }
  for (const tag of fieldsOf(message)) {
    if (tag.field === 1) readRepeated(tag, message, type.wireType, type.read, keepIn(values))
    else if (tag.field === 2) {
      readRepeated(tag, message, wireTypes.varint, readUint64, keepIn(keys))
    } else if (tag.field === 3) {
      readRepeated(tag, message, wireTypes.varint, readUint64, (length) => {
        size = (size ?? 1) * length
      })
    } else skipField(tag, message)
  }
  return { values, keys, size }
}

function invalidRow(row: number, message: string): InputError {
  return new InputError('invalid_recordio', placed`${{ row }}: ${message}`)
}

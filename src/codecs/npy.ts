/** One NumPy array as np.save writes it; numbers only, read without evaluating or unpickling anything. */
import { readFloat16, readInt64 } from '../data/binary-number.ts'
import { InputError, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import { numberedFrom } from './blocks.ts'
import {
  type BlockPlace,
  type Codec,
  type DecodeContext,
  type Decoded,
  decodedRows,
  type Encoded,
  type PredictionStyle,
} from './codec.ts'
import { frameOfNumbers } from './matrix.ts'
import { type NpyHeader, parseNpyHeader } from './npy-header.ts'
import { checkRowCount } from './rows.ts'
import { selectNumbers } from './selection.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** The limit of np.load for files that are not trusted. */
const MAX_HEADER = 10_000
const ALIGNMENT = 64

/**
 * NumPy: a matrix of one row a line, or one row alone; NaN = missing. Answers are scores, or the members selected one
 * beside the other, as float64.
 */
export const npy = {
  name: 'npy',
  mediaTypes: ['application/x-npy'],
  form: 'binary',

  decode(body, context) {
    const { rows, read } = openArray(body, context)
    return decodedRows(read(0, rows))
  },

  decodeBlocks: (body, context, _mediaParameters, blockBytes) =>
    readBlocks(body, context, blockBytes),

  joinBlocks(block, { isFirst, rows }: BlockPlace): Encoded {
    const bytes = block as Uint8Array
    const { header, end } = readHeader(bytes)
    const data = bytes.subarray(end)
    return isFirst ? writeArray([rows, ...header.shape.slice(1)], data) : data
  },

  encodePredictions(predictions, { selection }: Pick<PredictionStyle, 'selection'> = {}) {
    const { rows } = predictions
    const { width, values } = selection
      ? selectNumbers(predictions, selection, 'application/x-npy')
      : scoresOf(predictions)
    const data = new Uint8Array(values.length * 8)
    const view = viewOf(data)
    values.forEach((value, index) => {
      view.setFloat64(index * 8, value, true)
    })
    return writeArray(width === 1 ? [rows] : [rows, width], data)
  },
} satisfies Codec

/** Returns an array of float64, little-endian, as np.save writes it; without data, what stands before them. */
export function writeArray(extents: readonly number[], data: Uint8Array): Uint8Array {
  const shape = extents.length === 1 ? `(${extents[0]},)` : `(${extents.join(', ')})`
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`
  const prefix = MAGIC.length + 4
  // np.save pads by a whole block where none is needed.
  const space = ALIGNMENT - ((prefix + header.length + 1) % ALIGNMENT)
  const text = `${header}${' '.repeat(space)}\n`
  const bytes = new Uint8Array(prefix + text.length + data.length)
  bytes.set([...MAGIC, 1, 0])
  viewOf(bytes).setUint16(prefix - 2, text.length, true)
  bytes.set(new TextEncoder().encode(text), prefix)
  bytes.set(data, prefix + text.length)
  return bytes
}

/** Returns how many rows an array has, and what reads some of them. */
function openArray(body: Uint8Array, context: DecodeContext) {
  const { header, end } = readHeader(body)
  const { size, read, littleEndian } = findItem(header.descr)
  const [rows, columns] = readShape(header, context.inputs.length)
  const length = rows * columns * size
  // A product of safe integers that is not one itself is never rounded down to one.
  if (!Number.isSafeInteger(length)) {
    throw invalidNpy(`the shape (${header.shape.join(', ')}) is too large`)
  }
  if (length !== body.length - end) {
    throw invalidNpy(
      `the header announces ${length} bytes of data, the body has ${body.length - end}`,
    )
  }
  const view = viewOf(body)
  const [rowStep, columnStep] = header.fortranOrder ? [size, rows * size] : [columns * size, size]
  return {
    rows,
    read: (from: number, count: number) =>
      frameOfNumbers(context, count, columns, (row, column) =>
        read(view, end + (from + row) * rowStep + column * columnStep, littleEndian),
      ),
  }
}

function* readBlocks(
  body: Uint8Array,
  context: DecodeContext,
  blockBytes: number,
): Generator<Decoded> {
  const { rows, read } = openArray(body, context)
  checkRowCount(rows, context)
  const step = Math.max(1, Math.floor(blockBytes / (8 * context.inputs.length)))
  for (let from = 0; from === 0 || from < rows; from += step)
    yield numberedFrom(from, () => decodedRows(read(from, Math.min(step, rows - from))))
}

/** P(positive) of two classes, otherwise the probabilities; [row][number]. */
function scoresOf({ classes, probabilities }: Predictions) {
  return classes.length === 2
    ? { width: 1, values: probabilities.filter((_, index) => index % 2 === 1) }
    : { width: classes.length, values: probabilities }
}

/** A view of exactly these bytes: the buffer below may be a pool that holds others. */
function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function invalidNpy(message: string): InputError {
  return new InputError('invalid_npy', message)
}

/** Returns the header and where the data begins. */
function readHeader(body: Uint8Array): { header: NpyHeader; end: number } {
  if (MAGIC.some((byte, index) => body[index] !== byte)) {
    const isZip = body[0] === 0x50 && body[1] === 0x4b
    // What the body is decides here, not what the Content-Type says.
    if (isZip) {
      throw new InputError(
        'unsupported_media_type',
        'the body is a .npz or another zip archive; send one array as np.save writes it',
      )
    }
    throw invalidNpy('the body is not an .npy file: it does not begin with \\x93NUMPY')
  }
  const [major, minor] = body.subarray(6, 8)
  if (major === undefined || minor === undefined) throw invalidNpy('the body ends in the header')
  if (major < 1 || major > 3 || minor !== 0) {
    throw invalidNpy(`.npy version ${major}.${minor} is not known; send 1.0, 2.0 or 3.0`)
  }
  const start = major === 1 ? 10 : 12
  if (body.length < start) throw invalidNpy('the body ends in the header')
  const view = viewOf(body)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER) {
    throw invalidNpy(`the header has ${length} bytes; at most ${MAX_HEADER} are read`)
  }
  if (length > body.length - start) throw invalidNpy('the body ends in the header')
  // Version 3.0 is UTF-8, but only names of fields can hold what Latin-1 reads differently.
  const text = new TextDecoder('latin1').decode(body.subarray(start, start + length))
  return { header: parseNpyHeader(text), end: start + length }
}

/** Returns rows and columns; one dimension is one row, or one column where the model has one. */
function readShape({ shape }: NpyHeader, width: number): [rows: number, columns: number] {
  const wrong = shape.find((length) => length < 0 || !Number.isSafeInteger(length))
  if (wrong !== undefined) throw invalidNpy(`an array cannot have a dimension of ${wrong}`)
  const [first, second] = shape
  if (first === undefined || shape.length > 2) {
    throw invalidNpy(`the array has ${shape.length} dimensions; send rows × columns`)
  }
  if (second !== undefined) return [first, second]
  return width === 1 ? [first, 1] : [1, first]
}

type ReadItem = (view: DataView, offset: number, littleEndian: boolean) => number | bigint

const items = new Map<string, { size: number; read: ReadItem }>([
  ['f2', { size: 2, read: readFloat16 }],
  ['f4', { size: 4, read: (view, offset, little) => view.getFloat32(offset, little) }],
  ['f8', { size: 8, read: (view, offset, little) => view.getFloat64(offset, little) }],
  ['i1', { size: 1, read: (view, offset) => view.getInt8(offset) }],
  ['i2', { size: 2, read: (view, offset, little) => view.getInt16(offset, little) }],
  ['i4', { size: 4, read: (view, offset, little) => view.getInt32(offset, little) }],
  ['i8', { size: 8, read: (view, offset, little) => readInt64(view, offset, little, true) }],
  ['u1', { size: 1, read: (view, offset) => view.getUint8(offset) }],
  ['u2', { size: 2, read: (view, offset, little) => view.getUint16(offset, little) }],
  ['u4', { size: 4, read: (view, offset, little) => view.getUint32(offset, little) }],
  ['u8', { size: 8, read: (view, offset, little) => readInt64(view, offset, little, false) }],
  ['b1', { size: 1, read: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) }],
])

/** What the letters of other types stand for. */
const refusedKinds = new Map([
  ['O', 'pickled objects'],
  ['c', 'complex numbers'],
  ['U', 'texts'],
  ['S', 'texts'],
  ['V', 'structured values'],
  ['M', 'dates'],
  ['m', 'durations'],
])

/** Returns how the items of a type are read. */
function findItem(descr: string): { size: number; read: ReadItem; littleEndian: boolean } {
  const [, order, type = ''] = /^([<>|])(..)$/.exec(descr) ?? []
  const item = items.get(type)
  // Without an order the bytes would mean what the sender's machine made of them.
  if (item && (order !== '|' || item.size === 1)) return { ...item, littleEndian: order !== '>' }
  const refused =
    refusedKinds.get(descr.replace(/^[<>|=]/, '').slice(0, 1)) ?? 'arrays of this type'
  throw invalidNpy(`dtype ${quote(descr)}: ${refused} are refused; send <f8, <f4, or integers`)
}

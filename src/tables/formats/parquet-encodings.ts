/** Encoded values of a Parquet page, checked before the library takes memory for what they announce. */
import type { Encoding, ParquetType } from 'hyparquet'

/** Values of one page. */
export interface EncodedValues {
  readonly bytes: DataView
  /** Where they begin. */
  readonly from: number
  readonly count: number
  readonly type: ParquetType
  /** Bytes of a value of fixed length. */
  readonly typeLength: number | undefined
  /** Whether the column has a dictionary. */
  readonly hasDictionary: boolean
  /** Whether the page is of the second version. */
  readonly isSecond: boolean
  /** Decodes numbers from a position on, into the array, and returns the position behind them. */
  unpackDeltas(from: number, into: Int32Array): number
  /** Is told of memory beyond the page's own before it is taken. */
  reserve(bytes: number): void
}

/** Bytes that every value of a type takes at least. */
const widths: Readonly<Partial<Record<ParquetType, number>>> = {
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  // Its length.
  BYTE_ARRAY: 4,
}

function widthOf({ type, typeLength }: EncodedValues): number {
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : widths[type]
  if (width === undefined || !Number.isInteger(width) || width < 1)
    throw new RangeError('values of no width')
  return width
}

function checkRoom({ bytes, from }: EncodedValues, length: number): void {
  if (length > bytes.byteLength - from) throw new RangeError('more values than bytes')
}

interface Checked {
  readonly types: readonly ParquetType[]
  check(values: EncodedValues): void
}

const dictionary: Checked = {
  types: ['INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'],
  check({ bytes, from, count, hasDictionary, isSecond }) {
    if (!hasDictionary) throw new RangeError('no dictionary')
    const width = bytes.getUint8(from)
    // In the first version, codes without bits are not written.
    if (width > 0 || isSecond) checkRuns(bytes, from + 1, width, count)
  },
}

const encodings: Readonly<Partial<Record<Encoding, Checked>>> = {
  PLAIN: {
    types: ['BOOLEAN', ...dictionary.types],
    check(values) {
      const { type, count } = values
      checkRoom(values, type === 'BOOLEAN' ? Math.ceil(count / 8) : count * widthOf(values))
    },
  },
  RLE: {
    types: ['BOOLEAN'],
    // Four bytes say how long the runs are.
    check: ({ bytes, from, count }) => void checkRuns(bytes, from + 4, 1, count),
  },
  PLAIN_DICTIONARY: dictionary,
  RLE_DICTIONARY: dictionary,
  BYTE_STREAM_SPLIT: {
    types: ['INT32', 'INT64', 'FLOAT', 'DOUBLE', 'FIXED_LEN_BYTE_ARRAY'],
    check: (values) => checkRoom(values, values.count * widthOf(values)),
  },
  DELTA_BINARY_PACKED: {
    types: ['INT32', 'INT64'],
    check: ({ bytes, from, count }) => checkDeltas(bytes, from, count),
  },
  DELTA_LENGTH_BYTE_ARRAY: {
    types: ['BYTE_ARRAY'],
    check: ({ bytes, from, count }) => checkDeltas(bytes, from, count),
  },
  DELTA_BYTE_ARRAY: {
    types: ['BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'],
    check: checkPrefixes,
  },
}

/**
 * Checks values in an encoding: the type has it, and neither the number of values nor a run among them is larger than
 * what there can be.
 * @throws RangeError
 */
export function checkValues(encoding: Encoding, values: EncodedValues): void {
  const checked = Object.hasOwn(encodings, encoding) ? encodings[encoding] : undefined
  if (!checked?.types.includes(values.type)) throw new RangeError('an encoding that is not read')
  checked.check(values)
}

/** Returns a number of up to 32 bits, and the position behind it. */
function readVarint(bytes: DataView, from: number): [value: number, next: number] {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = bytes.getUint8(from + i)
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return [value, from + i + 1]
  }
  throw new RangeError('a number of too many bytes')
}

/** A bit-packed run ends with a whole byte of values, however few of them count. */
const PADDING = 7

/**
 * Checks the hybrid of runs and packed bits: none of them holds more values than are left.
 * @param width bits of a value
 * @returns how many of the values are 1, where a value is one bit
 * @throws RangeError
 */
export function checkRuns(bytes: DataView, from: number, width: number, count: number): number {
  if (width > 32) throw new RangeError('values of more than 32 bits')
  let at = from
  let left = count
  let ones = 0
  while (left > 0) {
    const [head, next] = readVarint(bytes, at)
    at = next
    if (head % 2 === 1) {
      const groups = (head - 1) / 2
      if (width === 0 && groups * 8 > left + PADDING) throw new RangeError('too long a run')
      // The last bytes may be cut off where no value counts in them.
      if (groups * width > bytes.byteLength - at + width) throw new RangeError('too long a run')
      const used = Math.min(left, groups * 8)
      if (width === 1) for (let i = 0; i < used; i++) ones += bitAt(bytes, at, i)
      at += groups * width
      left -= used
    } else {
      const run = head / 2
      if (run > left) throw new RangeError('too long a run')
      if (width === 1 && run > 0) {
        const value = bytes.getUint8(at)
        if (value > 1) throw new RangeError('no single bit')
        ones += value * run
      }
      at += (width + 7) >> 3
      left -= run
    }
  }
  return ones
}

function bitAt(bytes: DataView, from: number, bit: number): number {
  return (bytes.getUint8(from + (bit >> 3)) >> (bit & 7)) & 1
}

/** Checks the head of numbers that are stored as differences. */
function checkDeltas(bytes: DataView, from: number, count: number): void {
  const [block, afterBlock] = readVarint(bytes, from)
  const [parts, afterParts] = readVarint(bytes, afterBlock)
  const [announced] = readVarint(bytes, afterParts)
  if (announced !== count) throw new RangeError('another number of values')
  const isWhole = parts > 0 && block > 0 && block % parts === 0 && (block / parts) % 8 === 0
  if (!isWhole || parts > bytes.byteLength) throw new RangeError('blocks of no size')
}

/** Texts that share a beginning with the one before can be far longer than what is stored of them. */
function checkPrefixes(values: EncodedValues): void {
  const { bytes, from, count, unpackDeltas, reserve } = values
  checkDeltas(bytes, from, count)
  const prefixes = new Int32Array(count)
  const next = unpackDeltas(from, prefixes)
  checkDeltas(bytes, next, count)
  const suffixes = new Int32Array(count)
  unpackDeltas(next, suffixes)
  let total = 0
  let last = 0
  for (let i = 0; i < count; i++) {
    const [prefix, suffix] = [prefixes[i]!, suffixes[i]!]
    if (prefix < 0 || prefix > last || suffix < 0) throw new RangeError('no length')
    last = prefix + suffix
    total += last
  }
  reserve(total)
}

/** Pages of a Parquet column, checked before the library takes memory for what they announce. */
import type { PageHeader, ParquetType } from 'hyparquet'
import { checkRuns, checkValues, type EncodedValues } from './parquet-encodings.ts'

/** What a page is checked against. */
export interface PageBounds {
  readonly type: ParquetType
  readonly typeLength: number | undefined
  readonly isOptional: boolean
  /** Rows of the group that the pages before do not have. */
  readonly rowsLeft: number
  readonly hasDictionary: boolean
  /** Returns so many bytes, unpacked. */
  unpack(packed: Uint8Array, size: number): Uint8Array
  readonly unpackDeltas: (bytes: DataView, from: number, into: Int32Array) => number
  readonly reserve: (bytes: number) => void
}

/** A page that holds what it announces. */
export interface CheckedPage {
  readonly isDictionary: boolean
  /** Rows, or entries of the dictionary. */
  readonly length: number
  /** Whether its values are positions in the dictionary. */
  readonly isCoded: boolean
  readonly unpacked: Uint8Array
}

/**
 * Checks a page: its length, the values that it announces and every run in it.
 * @param packed the page without its header
 * @throws RangeError for more than there can be
 */
export function checkPage(header: PageHeader, packed: Uint8Array, bounds: PageBounds): CheckedPage {
  const size = checkNumber(Number(header.uncompressed_page_size), MOST_PAGE_BYTES)
  if (header.type === 'DICTIONARY_PAGE') return checkDictionary(header, packed, size, bounds)
  if (header.type === 'DATA_PAGE') return checkFirstVersion(header, packed, size, bounds)
  if (header.type === 'DATA_PAGE_V2') return checkSecondVersion(header, packed, size, bounds)
  throw new RangeError('a page of a kind that is not read')
}

/** A page's sizes are signed 32-bit numbers. */
const MOST_PAGE_BYTES = 2 ** 31 - 1

/** @throws RangeError for what is no whole number between 0 and the greatest */
function checkNumber(value: unknown, greatest: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= greatest)
    return value
  throw new RangeError('a number that cannot be')
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function valuesOf(bytes: DataView, from: number, count: number, bounds: PageBounds): EncodedValues {
  const { type, typeLength, hasDictionary, reserve } = bounds
  const unpackDeltas: EncodedValues['unpackDeltas'] = (start, into) =>
    bounds.unpackDeltas(bytes, start, into)
  const isSecond = false
  return { bytes, from, count, type, typeLength, hasDictionary, isSecond, unpackDeltas, reserve }
}

function checkDictionary(
  { dictionary_page_header: header }: PageHeader,
  packed: Uint8Array,
  size: number,
  bounds: PageBounds,
): CheckedPage {
  if (bounds.hasDictionary) throw new RangeError('a second dictionary')
  const length = checkNumber(header?.num_values, MOST_PAGE_BYTES)
  const unpacked = bounds.unpack(packed, size)
  checkValues('PLAIN', valuesOf(viewOf(unpacked), 0, length, bounds))
  return { isDictionary: true, length, isCoded: false, unpacked }
}

function checkFirstVersion(
  { data_page_header: header }: PageHeader,
  packed: Uint8Array,
  size: number,
  bounds: PageBounds,
): CheckedPage {
  const length = checkNumber(header?.num_values, bounds.rowsLeft)
  const encoding = header!.encoding
  const unpacked = bounds.unpack(packed, size)
  const bytes = viewOf(unpacked)
  let from = 0
  let present = length
  if (bounds.isOptional) {
    // Four bytes say how long the levels are.
    present = checkRuns(bytes, 4, 1, length)
    from = 4 + bytes.getUint32(0, true)
  }
  checkValues(encoding, valuesOf(bytes, from, present, bounds))
  return { isDictionary: false, length, isCoded: isCoded(encoding), unpacked }
}

function checkSecondVersion(
  { data_page_header_v2: header }: PageHeader,
  packed: Uint8Array,
  size: number,
  bounds: PageBounds,
): CheckedPage {
  const length = checkNumber(header?.num_values, bounds.rowsLeft)
  const { encoding, num_nulls, num_rows, is_compressed } = header!
  const repetition = checkNumber(header?.repetition_levels_byte_length, packed.length)
  const levels = checkNumber(header?.definition_levels_byte_length, packed.length - repetition)
  const present = length - checkNumber(num_nulls, length)
  const found = bounds.isOptional
    ? checkRuns(viewOf(packed.subarray(repetition, repetition + levels)), 0, 1, length)
    : length
  if (num_rows !== length || found !== present) throw new RangeError('values beside the levels')
  const rest = packed.subarray(repetition + levels)
  const restSize = checkNumber(size - repetition - levels, size)
  const unpacked = is_compressed === false ? rest : bounds.unpack(rest, restSize)
  const values = valuesOf(viewOf(unpacked), 0, present, bounds)
  checkValues(encoding, { ...values, isSecond: true })
  return { isDictionary: false, length, isCoded: isCoded(encoding), unpacked }
}

function isCoded(encoding: string): boolean {
  return encoding.endsWith('_DICTIONARY')
}

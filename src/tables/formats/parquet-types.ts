/** What the types of Parquet mean as cells; the library gives values as they are stored, and this file reads them. */
import type { SchemaElement } from 'hyparquet'
import { readFloat16 } from '../../data/binary-number.ts'
import { writeMoment, writeTimeOfDay } from '../../data/moment.ts'
import { keepInteger } from '../../data/number.ts'

/** A cell as a typed format has it; a bigint is a whole number that no double is written as. */
export type TypedCell = number | bigint | string | boolean | null

/**
 * Returns the cell of a stored value that is there: a boolean, a number, a bigint or bytes.
 * @throws RangeError for a value that the type does not have, such as a day beyond all calendars
 */
export type ReadCell = (stored: unknown) => TypedCell

/** How a column is read, or what it holds that is not read. */
export type CellType = { readonly read: ReadCell } | { readonly refused: string }

type Element = Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type' | 'scale'>

/**
 * Returns what a leaf of a schema means:
 *
 * | type                                   | cell                                                        |
 * |----------------------------------------|-------------------------------------------------------------|
 * | BOOLEAN                                | true, false                                                 |
 * | INT32, INT64, INTEGER, UINT_*, INT_*   | a number, with all its digits                               |
 * | DOUBLE                                 | a number; NaN is missing                                    |
 * | FLOAT, FLOAT16                         | the shortest decimal that it is nearest to; NaN is missing  |
 * | DECIMAL                                | the number that its digits are nearest to                   |
 * | BYTE_ARRAY, STRING, UTF8, ENUM, UUID   | a text                                                      |
 * | DATE                                   | a text, `2024-02-29`                                        |
 * | TIMESTAMP, TIMESTAMP_*, INT96          | a text, `2024-02-29 12:30:00`, as {@link writeMoment} has it |
 * | TIME, TIME_*                           | a text, `12:30:00`, with a fraction where there is one      |
 * | everything else                        | refused                                                     |
 */
export function cellTypeOf(element: Element): CellType {
  const { type, logical_type: logical, converted_type: converted } = element
  const name = logical?.type ?? converted
  if (name !== undefined) {
    const annotated = Object.hasOwn(annotations, name) ? annotations[name] : undefined
    return annotated?.(element) ?? { refused: `values of the type ${name}` }
  }
  const plain = type !== undefined && Object.hasOwn(physical, type) ? physical[type] : undefined
  return plain ? { read: plain } : { refused: 'bytes of no type' }
}

const physical: Readonly<Record<string, ReadCell>> = {
  BOOLEAN: (stored) => Boolean(stored),
  INT32: (stored) => stored as number,
  INT64: (stored) => keepInteger(stored as bigint),
  INT96: (stored) => writeMoment(stored as bigint, 9),
  FLOAT: (stored) => shortestDecimal(stored as number, Math.fround),
  DOUBLE: (stored) => numberOrMissing(stored as number),
  BYTE_ARRAY: (stored) => decoder.decode(stored as Uint8Array),
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const text: CellType = { read: physical.BYTE_ARRAY as ReadCell }
const signed: CellType = {
  read: (stored) => (typeof stored === 'number' ? stored : keepInteger(stored as bigint)),
}
const unsigned: CellType = {
  read: (stored) =>
    typeof stored === 'number' ? stored >>> 0 : keepInteger(BigInt.asUintN(64, stored as bigint)),
}
const ofUnit = (write: (value: bigint, digits: number) => string, digits: number): CellType => ({
  read: (stored) => write(BigInt(stored as number | bigint), digits),
})
const digitsOf = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const

const annotations: Readonly<Record<string, (element: Element) => CellType>> = {
  STRING: () => text,
  UTF8: () => text,
  ENUM: () => text,
  UUID: () => ({ read: (stored) => uuid(stored as Uint8Array) }),
  DECIMAL: ({ logical_type: logical, scale }) => {
    const digits = (logical?.type === 'DECIMAL' ? logical.scale : scale) ?? 0
    return { read: (stored) => decimal(unscaled(stored), digits) }
  },
  INTEGER: ({ logical_type: logical }) =>
    logical?.type === 'INTEGER' && !logical.isSigned ? unsigned : signed,
  INT_8: () => signed,
  INT_16: () => signed,
  INT_32: () => signed,
  INT_64: () => signed,
  UINT_8: () => unsigned,
  UINT_16: () => unsigned,
  UINT_32: () => unsigned,
  UINT_64: () => unsigned,
  FLOAT16: () => ({ read: (stored) => float16(stored as Uint8Array) }),
  DATE: () => ({ read: (stored) => date(stored as number) }),
  TIMESTAMP: ({ logical_type: logical }) =>
    ofUnit(writeMoment, digitsOf[logical?.type === 'TIMESTAMP' ? logical.unit : 'MILLIS']),
  TIMESTAMP_MILLIS: () => ofUnit(writeMoment, 3),
  TIMESTAMP_MICROS: () => ofUnit(writeMoment, 6),
  TIME: ({ logical_type: logical }) =>
    ofUnit(writeTimeOfDay, digitsOf[logical?.type === 'TIME' ? logical.unit : 'MILLIS']),
  TIME_MILLIS: () => ofUnit(writeTimeOfDay, 3),
  TIME_MICROS: () => ofUnit(writeTimeOfDay, 6),
  NULL: () => ({ read: () => null }),
}

function numberOrMissing(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

function float16(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return shortestDecimal(readFloat16(view, 0, true), roundToHalf)
}

/**
 * Returns the number that a float of less precision is written as: of the decimals nearest to it, the one with the fewest
 * digits that it is the nearest float to. Text formats hold that one.
 * @param round to the float nearest to a number
 */
function shortestDecimal(value: number, round: (value: number) => number): number | null {
  if (Number.isNaN(value)) return null
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < MOST_EXACT))
    return value
  // All decimals of so many digits are told apart by normal floats, so that fewer need not be tried.
  const certain = round === Math.fround && Math.abs(value) > LEAST_NORMAL ? 6 : 1
  for (let digits = certain; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits))
    if (round(decimal) === value) return decimal
  }
  return Number(value.toPrecision(9))
}

/** Whole numbers below it are written with all their digits. */
const MOST_EXACT = 2 ** 24
const LEAST_NORMAL = 2 ** -126

/** Returns the float of 16 bits nearest to a number; ties go to the even one. */
function roundToHalf(value: number): number {
  let exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))))
  if (exponent > -14 && 2 ** exponent > Math.abs(value)) exponent--
  const unit = 2 ** (exponent - 10)
  const scaled = value / unit
  const rounded = Math.round(scaled)
  const isTie = Math.abs(scaled % 1) === 0.5
  return (isTie && rounded % 2 !== 0 ? rounded - 1 : rounded) * unit
}

/** Whole numbers are stored as such, or as bytes in two's complement, the highest first. */
function unscaled(stored: unknown): bigint {
  if (!(stored instanceof Uint8Array)) return BigInt(stored as number | bigint)
  let value = 0n
  for (const byte of stored) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(stored.length * 8, value)
}

/** Returns the double nearest to a decimal; of a whole number all digits. */
function decimal(value: bigint, digits: number): number | bigint {
  return digits === 0 ? keepInteger(value) : Number(`${value}e${-digits}`)
}

function date(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, -14)
}

function uuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What the types of Parquet mean as cells; the library gives values as they are stored, and this file reads them. */
import type { SchemaElement } from 'hyparquet'
import { readFloat16 } from '../../data/binary-number.ts'
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
 * | FLOAT, DOUBLE, FLOAT16                 | a number; NaN is missing                                    |
 * | DECIMAL                                | the number that its digits are nearest to                   |
 * | BYTE_ARRAY, STRING, UTF8, ENUM, UUID   | a text                                                      |
 * | DATE                                   | a text, `2024-02-29`                                        |
 * | TIMESTAMP, TIMESTAMP_*, INT96          | a text, `2024-02-29T12:30:00.000Z`, more digits where there are |
 * | TIME, TIME_*                           | a text, `12:30:00`, with `.000001` where there is a fraction |
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
  INT96: (stored) => timestamp(stored as bigint, 9),
  FLOAT: (stored) => numberOrMissing(stored as number),
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
    ofUnit(timestamp, digitsOf[logical?.type === 'TIMESTAMP' ? logical.unit : 'MILLIS']),
  TIMESTAMP_MILLIS: () => ofUnit(timestamp, 3),
  TIMESTAMP_MICROS: () => ofUnit(timestamp, 6),
  TIME: ({ logical_type: logical }) =>
    ofUnit(timeOfDay, digitsOf[logical?.type === 'TIME' ? logical.unit : 'MILLIS']),
  TIME_MILLIS: () => ofUnit(timeOfDay, 3),
  TIME_MICROS: () => ofUnit(timeOfDay, 6),
  NULL: () => ({ read: () => null }),
}

function numberOrMissing(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

function float16(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return numberOrMissing(readFloat16(view, 0, true))
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

/** Returns a point in time counted from 1970 in units of so many digits behind the second. */
function timestamp(value: bigint, digits: number): string {
  const finer = 10n ** BigInt(digits - 3)
  const rest = ((value % finer) + finer) % finer
  const iso = new Date(Number((value - rest) / finer)).toISOString()
  return rest === 0n ? iso : `${iso.slice(0, -1)}${shorten(rest, digits - 3)}Z`
}

function timeOfDay(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits)
  const seconds = value / unit
  if (value < 0n || seconds >= 86_400n) throw new RangeError('no time of a day')
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(11, 19)
  const rest = value % unit
  return rest === 0n ? whole : `${whole}.${shorten(rest * 10n ** BigInt(9 - digits), 9)}`
}

/** Returns a fraction of so many digits in threes, or as many threes as it takes to be exact. */
function shorten(fraction: bigint, digits: number): string {
  const text = String(fraction).padStart(digits, '0')
  return digits % 3 === 0 ? text.replace(/(?:000)+$/, '') : text
}

function uuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

import { InputError, type Place, placed, quote } from '../errors.ts'

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/
/** Longer texts are no numbers that anybody writes, and an expression that repeats overflows its stack on megabytes. */
const MOST_CHARACTERS = 100_000
const LEADING_ZERO = /^[+-]?0[0-9]/

/**
 * Texts that mean "no value" in CSV and in text columns, in training and in serving alike.
 * "none" and "?" are left out: they are ordinary categories in real tables.
 */
export const MISSING_TEXTS = ['', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null'] as const
const MISSING: ReadonlySet<string> = new Set(MISSING_TEXTS)

/** Whether a trimmed text stands for a missing value. */
export function isMissingText(text: string): boolean {
  return MISSING.has(text)
}

const missingBytes = [...MISSING].map((text) => new TextEncoder().encode(text))
const LONGEST_MISSING = Math.max(...missingBytes.map(({ length }) => length))

/** Whether trimmed bytes stand for a missing value. */
export function isMissingBytes(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length === 0) return true
  // Every marker begins with an N of either size.
  if (length > LONGEST_MISSING || (bytes[start]! | 0x20) !== 0x6e) return false
  return missingBytes.some(
    (marker) => marker.length === length && marker.every((byte, i) => byte === bytes[start + i]),
  )
}

/** Whether trimmed bytes are an infinity as tools write it: inf or Infinity, with or without a sign. */
export function isInfinity(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || end - start > 9) return false
  return /^[+-]?inf(inity)?$/i.test(String.fromCharCode(...bytes.subarray(start, end)))
}

/** Whether a trimmed text is a decimal number as people write one: ASCII digits, point, exponent. */
export function isDecimal(text: string): boolean {
  return text.length <= MOST_CHARACTERS && DECIMAL.test(text)
}

/** Whether a decimal has zeros in front that would be lost as a number: a code such as 00501. */
export function hasLeadingZero(text: string): boolean {
  return LEADING_ZERO.test(text)
}

/**
 * Whether a text is a whole number whose digits a double does not keep, such as 9007199254740993: two of them may be
 * one double. The digits that a double is written with are its own, also those behind the first 17.
 */
export function isInexactInteger(text: string): boolean {
  if (text.length < 16 || text.length > MOST_CHARACTERS || !/^[+-]?[0-9]+$/.test(text)) return false
  const value = Number(text)
  if (Number.isSafeInteger(value) || !Number.isFinite(value)) return false
  const digits = text.replace(/^\+/, '')
  return String(value) !== digits && BigInt(digits) !== BigInt(value)
}

/**
 * Returns a whole number as a double where that is written with the same digits, otherwise as a bigint: a category or
 * a label needs all of them.
 */
export function keepInteger(integer: bigint): number | bigint {
  const value = Number(integer)
  return Number.isSafeInteger(value) || String(value) === String(integer) ? value : integer
}

/**
 * Returns the double nearest to a decimal text (surrounding blanks allowed).
 * @throws InputError `invalid_number` or `non_finite`, naming the place.
 */
export function parseNumber(text: string, place: Place): number {
  const trimmed = text.trim()
  if (!isDecimal(trimmed)) throw notANumber(trimmed, place)
  return checkFinite(Number(trimmed), trimmed, place)
}

/**
 * Returns the value if it is finite.
 * @throws InputError `non_finite`.
 */
export function checkFinite(value: number, written: unknown, place: Place): number {
  if (Number.isFinite(value)) return value
  throw new InputError('non_finite', placed`${place}: ${quote(written)} is not a finite number`)
}

/** Digits, dashes, signs and points beyond ASCII: beside a number they look like its own. */
const LOOK_ALIKE = /(?![ -~])[\p{Nd}\p{Pd}\u2212\uff0b\uff0e]/u

function describeLookAlike(value: string): string {
  const found = /\p{Nd}/u.test(value) ? LOOK_ALIKE.exec(value)?.[0] : undefined
  if (found === undefined) return ''
  return `; ${quote(found)} is U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Returns the error for a cell that should hold a number; knows what people often write instead. */
export function notANumber(value: unknown, place: Place): InputError {
  let hint = ''
  if (typeof value === 'string' && value.length <= MOST_CHARACTERS) {
    if (/^[+-]?[0-9]+,[0-9]+$/.test(value)) hint = '; write decimals with a point'
    else if (/^[+-]?inf(inity)?$/i.test(value)) hint = '; numbers must be finite'
    else if (isDecimal(value.trim())) hint = '; send it without quotes'
    else if (isMissingText(value.trim())) hint = '; send null for a missing value'
    else hint = describeLookAlike(value)
  }
  return new InputError('invalid_number', placed`${place}: ${quote(value)} is not a number${hint}`)
}

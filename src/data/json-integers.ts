/** Whole numbers in JSON with all their digits, also those that a double does not keep. */
import { replaceOutsideStrings } from './json-scan.ts'
import { keepInteger } from './number.ts'

/** Sixteen digits that are not behind a point: nothing shorter is beyond 2^53. Engines skip through a text with it. */
const LONG = /[^.\d]\d{16}/
/** A long whole number outside of strings. Those with more digits are beyond all doubles. */
const INTEGER = /(?<![\w.+-])-?\d{16,400}(?![\d.eE])/g
/** Deeper values are no cells. */
const MAX_DEPTH = 32

/**
 * Returns the value of a JSON text in which whole numbers are bigints whose digits a double does not keep. Text without
 * a long run of digits, which is the rule, is parsed once.
 * @param parse returns the value of a JSON text, or throws
 */
export function parseKeepingIntegers(text: string, parse: (text: string) => unknown): unknown {
  const value = parse(text)
  // A text that is one number has nothing before it.
  if (typeof value !== 'number' && !LONG.test(text)) return value
  let found = false
  const quoteInexact = (digits: string): string => {
    if (typeof keepInteger(BigInt(digits)) === 'number') return digits
    found = true
    return `"${digits}"`
  }
  const quoted = replaceOutsideStrings(text, (part) => part.replace(INTEGER, quoteInexact))
  return found ? merge(value, parse(quoted), MAX_DEPTH) : value
}

/** Puts a bigint where the one value has a number and the other its digits. */
function merge(value: unknown, quoted: unknown, depth: number): unknown {
  if (typeof value === 'number' && typeof quoted === 'string') return BigInt(quoted)
  if (value === null || typeof value !== 'object' || depth === 0) return value
  const [own, other] = [value, quoted] as [Record<string, unknown>, Record<string, unknown>]
  for (const key of Object.keys(own)) {
    const merged = merge(own[key], other[key], depth - 1)
    if (merged !== own[key]) own[key] = merged
  }
  return value
}

/** JSON text as a value: limits before parsing, and the number literals that Python writes. */

import { parse as parseSecure } from 'secure-json-parse'
import { parseKeepingIntegers } from '../data/json-integers.ts'
import { endOfString, scanJson } from '../data/json-scan.ts'
import { withoutPythonLiterals } from '../data/python-json.ts'
import { InputError, quote } from '../errors.ts'
import type { DecodeContext } from './codec.ts'

/**
 * Returns the value of a JSON text, after a cheap look at its depth and keys.
 * Python's literals NaN and Infinity are read where JSON allows a number: NaN as null, an infinity as itself. Whole
 * numbers that no double holds are bigints.
 * @param columns of the model asked; a key that names a prototype is refused unless it is one of them
 * @throws InputError `invalid_json`, `json_too_deep` or `too_many_keys`
 */
export function parseJson(text: string, columns?: ColumnNames): unknown {
  checkJsonLimits(text)
  try {
    const isSafe = !mayNamePrototype(text) || hasPrototypeColumn(columns)
    return parseKeepingIntegers(text, isSafe ? JSON.parse : parseSafely)
  } catch {
    const plain = withoutPythonLiterals(text)
    if (plain !== undefined) return parseJson(plain, columns)
    throw describeInvalid(text)
  }
}

/** Returns the error of a text that {@link parseJson} refuses as `invalid_json`. */
export function invalidJson(text: string): InputError {
  return describeInvalid(withoutPythonLiterals(text) ?? text)
}

/** Whether a text that {@link parseJson} refuses is JSON, and what it refuses is a key that names a prototype. */
export function namesPrototype(text: string): boolean {
  return findSyntaxError(withoutPythonLiterals(text) ?? text) === undefined
}

function describeInvalid(text: string): InputError {
  const at = findSyntaxError(text)
  const what =
    at === undefined
      ? 'it names a prototype'
      : at >= text.length
        ? `it ends too early, at position ${text.length}`
        : `${quote(text.slice(at, at + 16))} at position ${at}`
  return new InputError('invalid_json', `the body is not JSON: ${what}`)
}

function parseSafely(text: string): unknown {
  return parseSecure(text, null, { protoAction: 'error', constructorAction: 'error' })
}

type ColumnNames = Pick<DecodeContext, 'inputs' | 'otherColumns'>

const PROTOTYPE = '__proto__'

/** A key can only be one of these where the text has it, or an escape that may stand for a letter of it. */
function mayNamePrototype(text: string): boolean {
  return text.includes(PROTOTYPE) || text.includes('constructor') || text.includes('\\u')
}

/** JSON.parse makes a plain member of it, and rows are read by members of their own. */
function hasPrototypeColumn(columns: ColumnNames | undefined): boolean {
  if (!columns) return false
  const { inputs, otherColumns } = columns
  return inputs.some(({ name }) => name === PROTOTYPE) || otherColumns.includes(PROTOTYPE)
}

/** @throws InputError `json_too_deep` or `too_many_keys` */
export function checkJsonLimits(text: string): void {
  const limit = scanJson(text)
  if (limit === 'depth') {
    throw new InputError('json_too_deep', 'the JSON is nested deeper than 32 levels')
  }
  if (limit === 'keys') {
    throw new InputError('too_many_keys', 'a JSON object has more than 10000 keys')
  }
}

const BLANKS = ' \t\r\n'

/** What is no string. Numbers may have so many digits; where they have more, they are all that is wrong. */
const TOKEN =
  /(?:([{}[\],:])|(-?(?:0|[1-9][0-9]{0,9999})(?:\.[0-9]{1,9999})?(?:[eE][+-]?[0-9]{1,9999})?(?![\w.])|true(?!\w)|false(?!\w)|null(?!\w)))/y

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings
const CONTROL = /[\u0000-\u001f]/
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** Returns where the string ends that begins at `from`, or undefined where it is none. */
function endOfValidString(text: string, from: number): number | undefined {
  const end = endOfString(text, from)
  if (end - from < 2 || text[end - 1] !== '"' || CONTROL.test(text.slice(from, end)))
    return undefined
  const valid = new RegExp(ESCAPE)
  for (let at = text.indexOf('\\', from); at >= 0 && at < end; at = text.indexOf('\\', at)) {
    valid.lastIndex = at
    if (!valid.test(text)) return undefined
    at = valid.lastIndex
  }
  return end
}

/** What may come next in a JSON text. */
interface Expected {
  readonly value?: true
  readonly key?: true
  readonly colon?: true
  readonly separator?: true
  /** The end of the container that is open. */
  readonly end?: true
}

const expectations = {
  value: { value: true },
  firstValue: { value: true, end: true },
  key: { key: true },
  firstKey: { key: true, end: true },
  colon: { colon: true },
  separator: { separator: true, end: true },
} satisfies Readonly<Record<string, Expected>>

/** Returns where a text stops being JSON, in characters, or undefined if it does not; engines say it only sometimes. */
function findSyntaxError(text: string): number | undefined {
  const open: string[] = []
  let expected: Expected = expectations.value
  const token = new RegExp(TOKEN)
  for (let end = 0; ; ) {
    let at = end
    while (BLANKS.includes(text[at] ?? '-')) at++
    if (at >= text.length) return open.length === 0 && expected.separator ? undefined : at
    const isString = text[at] === '"'
    token.lastIndex = at
    const found = isString ? undefined : token.exec(text)
    const behind = isString ? endOfValidString(text, at) : found && token.lastIndex
    if (!behind || (expected.separator && open.length === 0)) return at
    end = behind
    const [, mark, literal] = found ?? []
    if (mark === '{' || mark === '[') {
      if (!expected.value) return at
      open.push(mark)
      expected = mark === '{' ? expectations.firstKey : expectations.firstValue
    } else if (mark === '}' || mark === ']') {
      const matches = open.pop() === (mark === '}' ? '{' : '[')
      if (!matches || !expected.end) return at
      expected = expectations.separator
    } else if (mark === ',') {
      if (!expected.separator) return at
      expected = open.at(-1) === '{' ? expectations.key : expectations.value
    } else if (mark === ':') {
      if (!expected.colon) return at
      expected = expectations.value
    } else if (isString && expected.key) expected = expectations.colon
    else if ((isString || literal !== undefined) && expected.value)
      expected = expectations.separator
    else return at
  }
}

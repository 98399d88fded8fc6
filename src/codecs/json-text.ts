/** JSON text as a value: limits before parsing, and the number literals that Python writes. */

import { parse as parseSecure } from 'secure-json-parse'
import { scanJson } from '../data/json-scan.ts'
import { InputError, quote } from '../errors.ts'

/**
 * Returns the value of a JSON text, after a cheap look at its depth and keys.
 * Python's literals NaN and Infinity are read where JSON allows a number: NaN as null, an infinity as itself.
 * @throws InputError `invalid_json`, `json_too_deep` or `too_many_keys`
 */
export function parseJson(text: string): unknown {
  checkJsonLimits(text)
  try {
    return mayNamePrototype(text)
      ? (parseSecure(text, null, { protoAction: 'error', constructorAction: 'error' }) as unknown)
      : (JSON.parse(text) as unknown)
  } catch {
    const plain = withoutPythonLiterals(text)
    if (plain !== undefined) return parseJson(plain)
    const at = findSyntaxError(text)
    const what =
      at === undefined
        ? 'it names a prototype'
        : at >= text.length
          ? `it ends too early, at position ${text.length}`
          : `${quote(text.slice(at, at + 16))} at position ${at}`
    throw new InputError('invalid_json', `the body is not JSON: ${what}`)
  }
}

/** A key can only be one of these where the text has it, or an escape that may stand for a letter of it. */
function mayNamePrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('constructor') || text.includes('\\u')
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

/**
 * Returns the text with NaN as null and ±Infinity as a number beyond all doubles (which a cell then refuses by name),
 * or undefined when there is none of them outside strings.
 */
function withoutPythonLiterals(text: string): string | undefined {
  let found = false
  const plain = text.replace(
    /"(?:[^"\\]|\\.)*"|(?<![\w.])(NaN|-?Infinity)(?!\w)/gs,
    (part, literal: string | undefined) => {
      if (literal === undefined) return part
      found = true
      return literal === 'NaN' ? 'null' : literal.startsWith('-') ? '-1e999' : '1e999'
    },
  )
  return found ? plain : undefined
}

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.])|true(?!\w)|false(?!\w)|null(?!\w)))/y

/** Returns where a text stops being JSON, in characters, or undefined if it does not; engines say it only sometimes. */
function findSyntaxError(text: string): number | undefined {
  const open: string[] = []
  /** What may come next: a value, a key, the end of a container, a separator. */
  let expected: 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'separator' = 'value'
  const token = new RegExp(TOKEN)
  for (;;) {
    const start = token.lastIndex
    const found = token.exec(text)
    const at = start + (/^[ \t\r\n]*/.exec(text.slice(start))?.[0].length ?? 0)
    if (!found)
      return open.length === 0 && expected === 'separator' && at >= text.length ? undefined : at
    const [, mark, string, literal] = found
    if (expected === 'separator' && open.length === 0) return at
    if (mark === '{' || mark === '[') {
      if (!expected.startsWith('value')) return at
      open.push(mark)
      expected = mark === '{' ? 'key or end' : 'value or end'
    } else if (mark === '}' || mark === ']') {
      const matches = open.pop() === (mark === '}' ? '{' : '[')
      if (!matches || !(expected === 'separator' || expected.endsWith('or end'))) return at
      expected = 'separator'
    } else if (mark === ',') {
      if (expected !== 'separator') return at
      expected = open.at(-1) === '{' ? 'key' : 'value'
    } else if (mark === ':') {
      if (expected !== 'colon') return at
      expected = 'value'
    } else if (string !== undefined && expected.startsWith('key')) expected = 'colon'
    else if ((string !== undefined || literal !== undefined) && expected.startsWith('value'))
      expected = 'separator'
    else return at
  }
}

/** JSON text as a value: limits before parsing, and the number literals that Python writes. */
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
    return JSON.parse(text) as unknown
  } catch (error) {
    const plain = withoutPythonLiterals(text)
    if (plain !== undefined) return parseJson(plain)
    throw new InputError(
      'invalid_json',
      `the body is not JSON: ${describeSyntaxError(error as Error)}`,
    )
  }
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

/** The engine's message with what it quotes of the body escaped and cut. */
function describeSyntaxError(error: Error): string {
  return quote(error.message, 160).slice(1, -1).replaceAll('\\"', "'")
}

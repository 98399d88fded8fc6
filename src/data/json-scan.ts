/** What makes a JSON text too costly to parse, found before it is parsed. */
export type JsonLimit = 'depth' | 'keys'

/** Deepest nesting that is parsed. */
export const MAX_JSON_DEPTH = 32
/** Most keys in one object. */
export const MAX_JSON_KEYS = 10_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * Returns the limit that a JSON text exceeds, or undefined. One pass without recursion or allocation per character;
 * says nothing about whether the text is JSON.
 */
export function scanJson(text: string): JsonLimit | undefined {
  const keys = new Int32Array(MAX_JSON_DEPTH + 2)
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) inString = false
      continue
    }
    if (code === QUOTE) inString = true
    else if (code === COLON) {
      const count = keys[depth]! + 1
      keys[depth] = count
      if (count > MAX_JSON_KEYS) return 'keys'
    } else if ((code | 0x20) === 0x7b) {
      // "{" and "[" differ in one bit.
      depth++
      if (depth > MAX_JSON_DEPTH) return 'depth'
      keys[depth] = 0
    } else if ((code | 0x20) === 0x7d && depth > 0) depth--
  }
  return undefined
}

/**
 * Returns where the string ends that begins with the quote at `from`: behind its closing quote, or at the end of the text.
 * By hand, as everything here: an expression that repeats overflows its stack on strings of some megabytes.
 */
export function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    at = text.indexOf('"', at)
    if (at < 0) return text.length
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return at + 1
  }
}

/**
 * Returns the text with everything outside of its strings replaced.
 * @param replace gets what stands between two strings, and returns what stands there instead
 */
export function replaceOutsideStrings(text: string, replace: (part: string) => string): string {
  const parts: string[] = []
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at)
    const part = text.slice(at, quote < 0 ? text.length : quote)
    parts.push(part.length > 1 ? replace(part) : part)
    if (quote < 0) return parts.join('')
    at = endOfString(text, quote)
    parts.push(text.slice(quote, at))
  }
}

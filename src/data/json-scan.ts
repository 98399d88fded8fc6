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

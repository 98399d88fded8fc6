/** Columns derived by a pattern; the only file that knows the regular expression library, which matches in linear time. */
import { RE2JS } from 're2js'
import { type NumberColumn, type TextColumn, textColumn } from '../data/frame.ts'
import { isAscii } from '../data/text.ts'
import { InputError, quote } from '../errors.ts'
import type { Derivation } from './derivation.ts'
import type { PatternColumn } from './derived-column.ts'

/** Longest text that the engine of the language looks at: it may take a step for every pair of characters. */
const SHORT = 100
/** Most things in a pattern that may be there or not: each doubles what is tried. */
const MOST_CHOICES = 2

/** What means the same to both engines in ASCII: characters, sets of them, groups, alternatives, repetitions. */
const PLAIN =
  /^\^?(?:[A-Za-z0-9 ,;:_'"&/@#%=<>~!-]|\\[.,()[\]*+?$^|-]|\[\^?[A-Za-z0-9 _.,'-]+\]|\((?:\?:)?|\)|[|?*+])*\$?$/

/**
 * Returns a pattern for the engine of the language, which is several times as fast; undefined where it may match
 * otherwise, or take more than a few steps for every pair of characters: at most one thing repeats without end, which is
 * no group and stands beside no alternatives, and few may be absent.
 */
function plainPattern(pattern: string): RegExp | undefined {
  if (!PLAIN.test(pattern)) return undefined
  const bare = pattern.replace(/\\.|\[[^\]]*\]/g, 'x').replaceAll('(?:', '(')
  const endless = bare.match(/[*+]/g)?.length ?? 0
  if ((bare.match(/[?|]/g)?.length ?? 0) > MOST_CHOICES) return undefined
  const isBounded = endless === 0 || (endless === 1 && !/\)[*+]|\|/.test(bare))
  // Behind an opening bracket, a question mark begins what only RE2 knows; so does a beginning that repeats.
  if (!isBounded || /[(^][?*+]/.test(bare)) return undefined
  try {
    return new RegExp(pattern)
  } catch {
    return undefined
  }
}

/** Texts whose derivation is kept, and how long they may be. */
const KEPT_TEXTS = 4096
const KEPT_LENGTH = 128

/**
 * Returns what makes a derived column from its source: the group of the first match, trimmed and mapped; missing where
 * the source is missing or nothing matches.
 * @throws InputError `invalid_pattern`
 */
export function buildPattern(derived: PatternColumn): Derivation {
  const plain = plainPattern(derived.pattern)
  // Most texts need the language's engine only; RE2 takes longer to begin with than a small model.
  let compiled: RE2JS | undefined
  const linear = () => {
    compiled ??= compilePattern(derived)
    return compiled
  }
  const groups = plain ? countGroups(plain) : linear().groupCount()
  if (derived.group > groups) {
    throw new InputError(
      'invalid_pattern',
      `the pattern of ${quote(derived.column)} has ${groups} groups, group ${derived.group} was asked for`,
    )
  }
  const mapped = new Map(Object.entries(derived.map))
  const find = (text: string): string | null | undefined => {
    if (plain && text.length <= SHORT && isAscii(text)) {
      const match = plain.exec(text)
      return match && (match[derived.group] ?? '')
    }
    const matcher = linear().matcher(text)
    return matcher.find() ? (matcher.group(derived.group) ?? '') : null
  }
  const derive = (text: string) => {
    const match = find(text)
    if (match === null || match === undefined) return null
    const found = match.trim()
    return found === '' ? null : (mapped.get(found) ?? found)
  }
  const kept = new Map<string, string | null>()
  return {
    type: 'text',
    column: (source) =>
      source.kind === 'text' ? deriveTexts(source, derive) : deriveNumbers(source, derive),
    cell(source) {
      if (source === null) return null
      const text = String(source)
      const known = kept.get(text)
      if (known !== undefined) return known
      const made = derive(text)
      // Whoever sends ever new ones pays for matching, not this process with its memory.
      if (kept.size >= KEPT_TEXTS) kept.clear()
      if (text.length <= KEPT_LENGTH) kept.set(text, made)
      return made
    },
  }
}

function compilePattern({ column, pattern }: PatternColumn): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InputError(
      'invalid_pattern',
      `the pattern of ${quote(column)} cannot be used: ${why}`,
    )
  }
}

/** An alternative that is empty always matches, with a place for each group. */
function countGroups({ source }: RegExp): number {
  return new RegExp(`${source}|`).exec('')!.length - 1
}

/** Derives every level once, however many rows have it. */
function deriveTexts(
  { codes, levels }: TextColumn,
  derive: (text: string) => string | null,
): TextColumn {
  const codeOf = new Map<string, number>()
  // -2 = not derived yet
  const made = new Int32Array(levels.length).fill(-2)
  const codeOfLevel = (level: number): number => {
    const text = derive(levels[level]!)
    if (text === null) return -1
    const code = codeOf.get(text) ?? codeOf.size
    codeOf.set(text, code)
    return code
  }
  const result = codes.map((level) => {
    if (level < 0) return -1
    if (made[level] === -2) made[level] = codeOfLevel(level)
    return made[level]!
  })
  return { kind: 'text', codes: result, levels: [...codeOf.keys()] }
}

function deriveNumbers(
  { values }: NumberColumn,
  derive: (text: string) => string | null,
): TextColumn {
  const known = new Map<number, string | null>()
  return textColumn(
    Array.from(values, (value) => {
      if (Number.isNaN(value)) return null
      const found = known.get(value)
      if (found !== undefined) return found
      const text = derive(String(value))
      known.set(value, text)
      return text
    }),
  )
}

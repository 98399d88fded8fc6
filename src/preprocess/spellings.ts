/** Categories that may be one, written in several ways: in other cases, with other blanks, or as a first letter. */
import { type Column, countValues } from '../data/frame.ts'
import { outlineOf } from '../data/text.ts'

/** With more texts than this, that some look alike is no surprise. */
const MOST_LEVELS = 10_000
/** Among more words than this, a letter is no short form of one. */
const MOST_WORDS = 8

/**
 * Returns the texts of a column that may be another one of it, and that one: the most frequent of those that look alike.
 * A single letter may be the one word that begins with it.
 */
export function findSpellings(column: Column): Map<string, string> {
  const found = new Map<string, string>()
  if (column.kind !== 'text' || column.levels.length > MOST_LEVELS) return found
  const groups = new Map<string, [text: string, rows: number][]>()
  for (const [value, rows] of countValues(column)) {
    const outline = outlineOf(String(value)).replace(/\.(?= |$)/g, '')
    const group = groups.get(outline)
    if (group) group.push([String(value), rows])
    else groups.set(outline, [[String(value), rows]])
  }
  const mainOf = new Map<string, string>()
  for (const [outline, group] of groups) {
    // Longer ones first among equals: what was cut off says less.
    const [main] = group.toSorted(([a, m], [b, n]) => n - m || b.length - a.length)
    mainOf.set(outline, main![0])
  }
  const words = [...groups.keys()].filter((outline) => /^(?:\p{L}{3,}|no$)/u.test(outline))
  for (const [outline, group] of groups) {
    const own = mainOf.get(outline) as string
    const isLetter = /^\p{L}$/u.test(outline) && words.length <= MOST_WORDS
    const longer = isLetter ? words.filter((word) => word.startsWith(outline)) : []
    const main = longer.length === 1 ? (mainOf.get(longer[0]!) as string) : own
    for (const [text] of group) if (text !== main) found.set(text, main)
  }
  return found
}

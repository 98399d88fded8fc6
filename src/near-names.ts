/** Names that resemble a mistyped one, found within a bound on work: who sends the names does not choose the cost. */

/** Work that is left: comparing two letters takes 1. Searches that belong together share one. */
export interface Work {
  left: number
}

/** Returns the work that one message or one answer may take: some ten milliseconds. */
export function startWork(): Work {
  return { left: 2e6 }
}

/** Longer names resemble others by their plain form alone, and those beyond all names not at all. */
const MAX_LENGTH = 64
const MAX_PLAIN_LENGTH = 1024

/**
 * Returns a name without what people write in different ways: case, blanks, underscores, hyphens, dots, and characters
 * that cannot be seen.
 */
export function plainName(name: string): string {
  return wordsOf(name).join('')
}

function wordsOf(name: string): string[] {
  if (name.length > MAX_PLAIN_LENGTH) return [name]
  const words = name
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s_.\-\u00ad\u200b-\u200d\u2060\ufeff]+/)
    .filter(Boolean)
  return words.length === 0 ? [name] : words
}

/** A name as it is compared. */
export interface ComparedName {
  readonly name: string
  readonly plain: string
  /** Letters of the words, and one mark between two: more marks, and those around a name, allow no more edits. */
  readonly length: number
}

/** How far names may be apart. */
export interface Nearness {
  /** Returns the most edits between the plain forms of the name asked and another. */
  readonly edits: (asked: ComparedName, other: ComparedName) => number
  /** Whether names that differ in their numbers are different names, as `x1` and `x2` are. */
  readonly sameNumbers?: boolean
}

/** For a hint in a refusal: one letter in three, and in short names one; a single letter resembles no other. */
export const loosely: Nearness = {
  edits: ({ length }) =>
    length < 2 ? 0 : Math.max(1, Math.floor(Math.min(length, MAX_LENGTH) / 3)),
}

/** For what is refused or said because of it: one letter in three, and what is numbered is not taken for each other. */
export const closely: Nearness = {
  edits: (a, b) => Math.floor(Math.max(a.plain.length, b.plain.length) / 3),
  sameNumbers: true,
}

/** Where names of others are as likely as mistyped ones. */
export const byOneEdit: Nearness = { edits: () => 1 }

/** Names that others may resemble, prepared once. */
export interface NameIndex {
  /** Returns the names that resemble the given one, the nearest first; plain forms alone where no work is left. */
  resembling(name: string, work: Work, nearness?: Nearness): string[]
}

interface Entry extends ComparedName {
  readonly letters: number
  readonly numbers: string
}

/** Returns an index of names, in time linear in their length. */
export function indexNames(names: Iterable<string>): NameIndex {
  const entries: Entry[] = []
  const byPlain = new Map<string, Entry[]>()
  for (const name of names) {
    const entry = describe(name)
    entries.push(entry)
    const same = byPlain.get(entry.plain)
    if (same) same.push(entry)
    else byPlain.set(entry.plain, [entry])
  }
  return {
    resembling(name, work, nearness = loosely) {
      const asked = describe(name)
      const same = byPlain.get(asked.plain) ?? []
      const near = asked.plain.length > MAX_LENGTH ? [] : search(asked, entries, work, nearness)
      return [...same, ...near].map((entry) => entry.name)
    },
  }
}

/** Returns the nearest of several names, or undefined where none resembles the given one. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  return indexNames(candidates).resembling(name, startWork())[0]
}

function describe(name: string): Entry {
  const words = wordsOf(name)
  const plain = words.join('')
  let letters = 0
  for (let i = 0; i < plain.length && i < MAX_LENGTH; i++)
    letters |= 1 << (plain.charCodeAt(i) & 31)
  const length = plain.length + words.length - 1
  return { name, plain, length, letters, numbers: plain.match(/\d+/g)?.join() ?? '' }
}

/** Returns the entries within the edits allowed, their plain forms not equal, the nearest first. */
function search(
  asked: Entry,
  entries: readonly Entry[],
  work: Work,
  { edits, sameNumbers }: Nearness,
): Entry[] {
  const found: { entry: Entry; distance: number }[] = []
  for (const entry of entries) {
    if (work.left <= 0) break
    work.left--
    const { length } = entry.plain
    const most = edits(asked, entry)
    if (length > MAX_LENGTH || Math.abs(asked.plain.length - length) > most) continue
    // An edit changes at most two of the letters that a name has.
    if (countBits(asked.letters ^ entry.letters) > 2 * most) continue
    if (sameNumbers && asked.numbers !== '' && entry.numbers !== '') {
      if (asked.numbers !== entry.numbers) continue
    }
    if (asked.plain === entry.plain) continue
    work.left -= (asked.plain.length + 1) * (2 * most + 1)
    const distance = editDistance(asked.plain, entry.plain, most)
    if (distance <= most) found.push({ entry, distance })
  }
  found.sort((a, b) => a.distance - b.distance)
  return found.map(({ entry }) => entry)
}

function countBits(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/**
 * Edits (insert, delete, replace, swap neighbours) from a to b: Damerau's distance in its restricted form, or more
 * than `most` where it is more. Only what lies within `most` of the diagonal can be on the way.
 */
function editDistance(a: string, b: string, most: number): number {
  const far = most + 1
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => Math.min(j, far))
  for (let i = 1; i <= a.length; i++) {
    const current = new Array<number>(b.length + 1).fill(far)
    if (i <= most) current[0] = i
    let least = current[0]!
    const end = Math.min(b.length, i + most)
    for (let j = Math.max(1, i - most); j <= end; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min(replace, previous[j]! + 1, current[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, beforePrevious[j - 2]! + 1)
      current[j] = distance
      least = Math.min(least, distance)
    }
    // A swap reaches back two rows, but gives nothing better than the row between allows.
    if (least > most) return far
    beforePrevious = previous
    previous = current
  }
  return previous[b.length]!
}

/** Text in the cells of a terminal: how wide it is, cut and padded, wrapped, in columns, as bars. */
import { type CutAt, cutApart } from '../../plots/cut-apart.ts'

/** What takes no cell of its own: marks on the character before them, and what is not seen. */
const weightless = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** What takes two cells: East Asian wide and full-width forms, and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u
/** Text of which every character takes one cell: the usual case. */
const narrow = /^[\x20-\x7e]*$/

/** Returns how many cells a text takes. */
export function widthOf(text: string): number {
  if (narrow.test(text)) return text.length
  let cells = 0
  for (const character of text) cells += cellsOf(character)
  return cells
}

function cellsOf(character: string): number {
  return weightless.test(character) ? 0 : wide.test(character) ? 2 : 1
}

/** Returns the first characters that take at most so many cells together. */
function takeCells(text: Iterable<string>, cells: number): string {
  let [taken, used] = ['', 0]
  for (const character of text) {
    used += cellsOf(character)
    if (used > cells) break
    taken += character
  }
  return taken
}

/** Returns a text of at most so many cells: cut, with … at its end. */
export function cut(text: string, cells: number): string {
  return widthOf(text) <= cells ? text : `${takeCells(text, Math.max(0, cells - 1))}…`
}

/** Returns a text of at most so many cells: cut, with … in its middle. */
export function cutMiddle(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text
  const tail = takeCells([...text].reverse(), Math.floor((cells - 1) / 2))
  const ending = [...tail].reverse().join('')
  return `${takeCells(text, Math.max(0, cells - 1 - widthOf(ending)))}…${ending}`
}

/** Returns a text of at most so many cells: cut, with … at a place. */
export function cutAt(text: string, cells: number, at: CutAt): string {
  return (at === 'end' ? cut : cutMiddle)(text, Math.floor(cells))
}

/** Returns texts of at most so many cells each, of which none that was cut looks like another. */
export function cutAll(texts: readonly string[], cells: number): string[] {
  return cutApart(texts, (text, at) => cutAt(text, cells, at))
}

/** Returns a text of exactly so many cells: cut, or padded on one side. */
export function fit(text: string, cells: number, side: 'left' | 'right' = 'left'): string {
  const shown = cut(text, cells)
  const space = ' '.repeat(Math.max(0, cells - widthOf(shown)))
  return side === 'left' ? `${shown}${space}` : `${space}${shown}`
}

/** Cells that a line must have for its words, besides its indent, to be wrapped at all. */
const LEAST_CELLS = 16

/** What belongs together: up to two spaces or a point between two; and the words of that. */
const [groups, words] = [/(?: {2,}| · )?(?:(?! {2,}| · ).)+/gsu, / *[^ ]+/g]

/**
 * Returns a line as lines of at most so many cells, broken where two spaces or a point part what it says, otherwise
 * between words; a word that is longer is broken in itself.
 * @param cells infinite = one line
 * @param indent spaces before every line but the first
 */
export function wrap(line: string, cells: number, indent: number): string[] {
  if (widthOf(line) <= cells || cells < indent + LEAST_CELLS) return [line]
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  let current = ''
  const add = (text: string) => {
    if (widthOf(current) + widthOf(text) <= cells) {
      current += text
      return
    }
    if (current.trim() !== '') lines.push(current)
    current = current === '' ? text : `${margin}${text.trimStart()}`
    while (widthOf(current) > cells) {
      const head = takeCells(current, cells)
      lines.push(head)
      current = `${margin}${current.slice(head.length)}`
    }
  }
  for (const group of line.match(groups) ?? []) {
    const isShort = indent + widthOf(group.trimStart()) <= cells
    for (const text of isShort ? [group] : (group.match(words) ?? [])) add(text)
  }
  return [...lines, current]
}

/** Returns rows of cells as lines in which every column but the last begins at one place. */
export function alignColumns(rows: readonly (readonly string[])[], gap = 2): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, j) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[j] ?? '')), 0),
  )
  return rows.map((row) =>
    row
      .map((text, j) => (j === row.length - 1 ? text : fit(text, widths[j]! + gap)))
      .join('')
      .trimEnd(),
  )
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/**
 * Returns a bar to the eighth of a cell; what is not nothing is seen.
 * @param share from 0 to 1
 * @param cells length of the whole
 */
export function bar(share: number, cells: number): string {
  if (!(share > 0)) return ''
  const eighths = Math.max(1, Math.round(Math.min(1, share) * cells * 8))
  return `${'█'.repeat(eighths >> 3)}${EIGHTHS[eighths & 7]}`
}

/** How wide text is in a plot, and text that keeps to the room it has. */
import { advanceWidths } from './advance-widths.ts'
import { type CutAt, cutApart } from './cut-apart.ts'
import { element, escapeXml } from './svg.ts'

/** Font sizes in pixels. */
export const sizes = { title: 16, text: 13, small: 11.5 } as const

/** Characters that stand on the one before them, or nowhere. */
const weightless = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const EM = 2048

const tables = advanceWidths.map(([first, digits]) => ({
  first,
  widths: Uint16Array.from({ length: digits.length / 3 }, (_, i) =>
    Number.parseInt(digits.slice(3 * i, 3 * i + 3), 36),
  ),
}))

/** Returns the width of text in pixels in DejaVu Sans, which is wider than the usual fonts of screens. */
export function textWidth(text: string, size: number = sizes.text): number {
  let sum = 0
  for (const character of text) sum += advanceOf(character)
  return (sum / EM) * size
}

function advanceOf(character: string): number {
  const code = character.codePointAt(0)!
  for (const { first, widths } of tables) {
    const width = code >= first ? widths[code - first] : undefined
    if (width !== undefined) return width
  }
  return weightless.test(character) ? 0 : EM
}

/** Returns text that is no wider than so many pixels, with … in the place of what had to go. */
export function fitText(
  text: string,
  width: number,
  size: number = sizes.text,
  at: CutAt = 'end',
): string {
  // A text of megabytes is not measured to its end.
  const most = Math.max(1, Math.ceil(width / (size * 0.1)))
  const whole = text.length <= most && textWidth(text, size) <= width
  if (whole) return text
  const room = width - textWidth('…', size)
  if (at === 'end') return `${takeWidth(text.slice(0, most), room, size).trimEnd()}…`
  // What tells names apart is a number at their end more often than how they begin.
  const ending = takeWidth([...text.slice(-most)].reverse(), room / 2, size)
  const tail = [...ending]
    .reverse()
    .join('')
    .replace(/^[\s\p{M}\p{Cf}]+/u, '')
  const head = takeWidth(text.slice(0, most), room - textWidth(tail, size), size).trimEnd()
  return `${head}…${tail}`
}

/** Returns the first characters that take at most so many pixels. */
function takeWidth(characters: Iterable<string>, width: number, size: number): string {
  let used = 0
  let kept = ''
  for (const character of characters) {
    used += (advanceOf(character) / EM) * size
    if (used > width) break
    kept += character
  }
  return kept
}

/** Returns texts that are no wider than so many pixels each, see {@link cutApart}. */
export function fitTexts(
  texts: readonly string[],
  width: number,
  size: number = sizes.text,
): string[] {
  return cutApart(texts, (text, at) => fitText(text, width, size, at))
}

export interface LabelPlace {
  readonly x: number
  readonly y: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly class?: string
  readonly size?: number
  /** Most pixels; what is longer is cut and shown whole by its title. */
  readonly width?: number
  /** The whole text, where it has been cut already. */
  readonly whole?: string
  /** Whether it is read from below, around its place. */
  readonly upright?: boolean
}

/** Returns a text element. */
export function label(text: string, place: LabelPlace): string {
  if (text === '') return ''
  const { x, y, anchor, size = sizes.text, width = Number.POSITIVE_INFINITY } = place
  const shown = width === Number.POSITIVE_INFINITY ? text : fitText(text, width, size)
  const full = place.whole ?? text
  const whole = shown === full ? '' : element('title', {}, escapeXml(full.slice(0, 1000)))
  return element(
    'text',
    {
      class: place.class,
      x,
      y,
      'font-size': size === sizes.text ? undefined : size,
      'text-anchor': anchor === 'start' ? undefined : anchor,
      transform: place.upright ? `rotate(-90 ${round(x)} ${round(y)})` : undefined,
    },
    `${whole}${escapeXml(shown)}`,
  )
}

function round(value: number): number {
  return Number(value.toFixed(2))
}

/**
 * Returns the parts of a sentence as one text that fits: the parts that may be cut share the room that the others leave,
 * short ones leave theirs to the longer.
 */
export function fitParts(
  parts: readonly (string | { readonly cut: string; readonly at?: CutAt })[],
  width: number,
  size: number = sizes.text,
): string {
  const fixed = parts.reduce(
    (sum, part) => sum + (typeof part === 'string' ? textWidth(part, size) : 0),
    0,
  )
  const long = parts.flatMap((part) => (typeof part === 'string' ? [] : [part]))
  const ascending = long
    .map((part) => ({ part, width: textWidth(part.cut.slice(0, 2000), size) }))
    .sort((a, b) => a.width - b.width)
  let room = width - fixed
  const shown = new Map<object, string>()
  ascending.forEach(({ part, width: own }, i) => {
    const share = room / (ascending.length - i)
    shown.set(part, own <= share ? part.cut : fitText(part.cut, share, size, part.at))
    room -= Math.min(own, share)
  })
  return parts.map((part) => (typeof part === 'string' ? part : shown.get(part))).join('')
}

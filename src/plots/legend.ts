/** Legends: what colours stand for, in as many lines as they need. */
import { curveLook } from './curves.ts'
import { cutApart } from './cut-apart.ts'
import { box, element } from './svg.ts'
import { fitText, label, sizes, textWidth } from './text.ts'
import { STEPS } from './theme.ts'

const LINE = 20
const MOST_NAME = 330
/** Widths of a square, and of a piece of a curve that is long enough for its gaps. */
const [SQUARE, STROKE] = [11, 26]

/** What a colour stands for: a name, which may be cut, and what is said of it, which is not. */
export interface Key {
  /** A colour, or the number of a curve. */
  readonly kind: string | number
  readonly name: string
  readonly figure?: string
}

/** Returns a square or a piece of a curve with a name for every colour, side by side, and the height that they take. */
export function legend(
  items: readonly Key[],
  place: { readonly x: number; readonly y: number; readonly width: number },
): { svg: string; height: number } {
  let x = place.x
  let y = place.y
  const names = cutApart(
    items.map(({ name }) => name),
    (name, at, i) => {
      const room = MOST_NAME - textWidth(items[i]!.figure ?? '', sizes.small)
      return fitText(name, room, sizes.small, at)
    },
  )
  const drawn = items.map(({ kind, name, figure = '' }, i) => {
    const whole = `${name}${figure}`
    const shown = `${names[i]}${figure}`
    const isCurve = typeof kind === 'number'
    const sign = (isCurve ? STROKE : SQUARE) + 6
    const width = textWidth(shown, sizes.small)
    if (x > place.x && x + sign + width + 1 > place.x + place.width) {
      x = place.x
      y += LINE
    }
    const svg =
      (isCurve
        ? element('path', { ...curveLook(kind), d: `M${x},${y + 8}h${STROKE}` })
        : box(kind, x, y + 2, SQUARE, SQUARE)) +
      label(shown, { x: x + sign, y: y + 12, size: sizes.small, whole })
    x += sign + width + 20
    return svg
  })
  return { svg: drawn.join(''), height: items.length === 0 ? 0 : y - place.y + LINE }
}

/** Returns the scale from low to high values, from the left to the right, with a text at either end. */
export function colourScale(
  place: { readonly right: number; readonly y: number },
  low = 'low',
  high = 'high',
  notes: readonly string[] = [],
): string {
  const size = sizes.small
  const ends = textWidth(high, size)
  const width = 96
  const x = place.right - ends - 8 - width
  const text = low
  const start = x - 8 - textWidth(text, size)
  let at = start - 16
  const listed = notes.map((note) => {
    at -= textWidth(note, size) + 17
    const svg =
      box('neutral', at, place.y - 10, 11, 11) +
      label(note, { class: 'soft', x: at + 17, y: place.y, size })
    at -= 14
    return svg
  })
  return element(
    'g',
    {},
    ...Array.from({ length: STEPS }, (_, i) =>
      box(`v${i}`, x + (i * width) / STEPS, place.y - 9, width / STEPS + 0.3, 9),
    ),
    label(text, { class: 'soft', x: x - 8, y: place.y, anchor: 'end', size }),
    label(high, { class: 'soft', x: x + width + 8, y: place.y, size }),
    ...listed,
  )
}

/** Axes: ticks that do not touch each other, lines across the plot, and what the axis says. */
import { type ScaleLinear, scaleLinear } from 'd3-scale'
import { line } from './svg.ts'
import { label, sizes, textWidth } from './text.ts'

export type Scale = ScaleLinear<number, number>

/** Smaller numbers are as good as 0. */
export const LEAST = 1e-290

/** Returns a scale over finite numbers with some room at its ends; equal numbers get a range around them. */
export function scaleOver(
  values: Iterable<number>,
  range: readonly [number, number],
  room = 0.04,
): Scale {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low > high) [low, high] = [0, 1]
  // Half of the largest double, so that the width of the range is finite.
  const most = Number.MAX_VALUE / 4
  low = Math.max(-most, low)
  high = Math.min(most, high)
  const largest = Math.max(Math.abs(low), Math.abs(high))
  // What differs in its last digits only has no ticks in between.
  if (high - low <= Math.max(LEAST, largest * 1e-9)) {
    const half = largest > LEAST ? largest / 20 : 0.5
    return scaleLinear([(low + high) / 2 - half, (low + high) / 2 + half], range)
  }
  const pad = (high - low) * room
  return scaleLinear([low - pad, high + pad], range)
}

/**
 * Returns ticks with their texts, as many as stand beside each other.
 * @param room where texts may be; a tick whose text is not within has none
 */
export function ticksOf(
  scale: Scale,
  room: readonly [number, number],
  most = 7,
): { at: number; text: string }[] {
  const [start = 0, end = 0] = scale.domain()
  const largest = Math.max(Math.abs(start), Math.abs(end))
  for (let wanted = most; wanted > 1; wanted--) {
    const values = scale.ticks(wanted)
    const step = Math.abs((values[1] ?? 1) - (values[0] ?? 0))
    const isPlain = largest < 1e6 && step >= 1e-4
    const write = isPlain ? scale.tickFormat(wanted) : scale.tickFormat(wanted, '~e')
    const ticks = values.map((value) => ({ at: scale(value), text: write(value) }))
    const [low, high] = scale.range().toSorted((a, b) => a - b) as [number, number]
    const boxes = ticks
      .map(({ at, text }) => ({ at, half: textWidth(text, sizes.small) / 2 }))
      .sort((a, b) => a.at - b.at)
    const isLoose = boxes.every(
      ({ at, half }, i) => i === 0 || at - half - 10 > boxes[i - 1]!.at + boxes[i - 1]!.half,
    )
    if (isLoose && new Set(ticks.map(({ text }) => text)).size === ticks.length)
      return ticks
        .filter(({ at }) => at >= low - 0.5 && at <= high + 0.5)
        .map(({ at, text }) => {
          const half = textWidth(text, sizes.small) / 2
          return { at, text: at - half >= room[0] && at + half <= room[1] ? text : '' }
        })
  }
  return []
}

/** Least room beside a horizontal axis. */
const MARGIN = 20

/** Returns a horizontal axis below a plot: ticks, lines upwards, and what it shows. */
export function xAxis(
  scale: Scale,
  place: { readonly top: number; readonly bottom: number; readonly title?: string },
): string {
  const { top, bottom, title = '' } = place
  const [left = 0, right = 0] = scale.range()
  const ticks = ticksOf(scale, [0, right + MARGIN]).map(
    ({ at, text }) =>
      line('grid', at, top, at, bottom) +
      label(text, { class: 'soft', x: at, y: bottom + 17, anchor: 'middle', size: sizes.small }),
  )
  const name = label(title, {
    class: 'soft',
    x: (left + right) / 2,
    y: bottom + 37,
    anchor: 'middle',
    width: Math.abs(right - left) + 40,
  })
  return ticks.join('') + (title === '' ? '' : name)
}

/** Least pixels between the lines of two texts. */
const ROW = 15

/** Returns a vertical axis beside a plot; texts end at its left, the name stands above it. */
export function yAxis(
  scale: Scale,
  place: { readonly left: number; readonly right: number },
  most = 6,
): string {
  const { left, right } = place
  const places = scale.ticks(most).map((value) => ({ value, at: scale(value) }))
  // Of a range at the end of what numbers can tell apart, ticks may lie on each other.
  const apart = places.filter(({ at }, i) => i === 0 || Math.abs(at - places[i - 1]!.at) >= ROW)
  return apart
    .map(({ value, at }) => {
      const text = tickText(scale, value, most)
      const fits = textWidth(text, sizes.small) <= left - 10
      const place = { class: 'soft', x: left - 8, y: at + 4, anchor: 'end' } as const
      return (
        line('grid', left, at, right, at) + label(fits ? text : '', { ...place, size: sizes.small })
      )
    })
    .join('')
}

function tickText(scale: Scale, value: number, most: number): string {
  const [start = 0, end = 0] = scale.domain()
  const isPlain =
    Math.max(Math.abs(start), Math.abs(end)) < 1e6 && Math.abs(end - start) >= 1e-4 * most
  return scale.tickFormat(most, isPlain ? undefined : '~e')(value)
}

/** Returns a title with a softer line below it, at the top left of a plot. */
export function heading(title: string, subtitle: string, width: number): string {
  return (
    label(title, { x: 16, y: 27, size: sizes.title, width: width - 32 }) +
    label(subtitle, { class: 'soft', x: 16, y: 47, width: width - 32 })
  )
}

/** Height that a heading takes. */
export const HEADING = 62

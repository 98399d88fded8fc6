/** Points: beside each other instead of on each other, around a line, and written in few bytes. */
import { element } from './svg.ts'

/**
 * Returns how far every point lies from the line, so that points of about the same place stand in a column.
 * @param places pixels along the line
 * @param reach most pixels to either side; where a column has more points than fit, they move closer together
 * @param pitch pixels between two points
 */
export function swarmOffsets(
  places: ArrayLike<number>,
  reach: number,
  pitch: number,
): Float64Array {
  const offsets = new Float64Array(places.length)
  const columns = new Map<number, number[]>()
  for (let i = 0; i < places.length; i++) {
    const column = Math.round(places[i]! / pitch)
    const members = columns.get(column)
    if (members) members.push(i)
    else columns.set(column, [i])
  }
  for (const members of columns.values()) {
    const steps = Math.ceil((members.length - 1) / 2)
    const step = steps > 0 ? Math.min(pitch, reach / steps) : 0
    members.forEach((point, i) => {
      // 0, 1, −1, 2, −2, …
      offsets[point] = (i % 2 === 0 ? -1 : 1) * Math.ceil(i / 2) * step
    })
  }
  return offsets
}

/** A point with its class of colour. */
export interface Dot {
  readonly kind: string
  readonly at: readonly [x: number, y: number]
}

/** Returns points of so many pixels, those of one colour in one path; what has no colour lies below what has one. */
export function dotsByKind(dots: readonly Dot[], size: number): string {
  const byKind = new Map<string, Dot['at'][]>()
  for (const { kind, at } of dots) {
    const places = byKind.get(kind)
    if (places) places.push(at)
    else byKind.set(kind, [at])
  }
  return [...byKind]
    .sort(([a], [b]) => Number(b === 'neutral') - Number(a === 'neutral') || (a < b ? -1 : 1))
    .map(([kind, places]) =>
      element('path', {
        class: `${kind} dots`,
        transform: 'scale(.1)',
        'stroke-width': size * 10,
        d: dotsPath(places),
      }),
    )
    .join('')
}

/** Writes points in tenths of a pixel as dots of a path whose stroke has round ends. */
function dotsPath(points: readonly (readonly [x: number, y: number])[]): string {
  const parts: string[] = []
  let lastX = 0
  let lastY = 0
  for (const [px, py] of points) {
    const x = Math.round(px * 10)
    const y = Math.round(py * 10)
    const dy = y - lastY
    // Relative to the point before: fewer digits.
    parts.push(`m${x - lastX}${dy < 0 ? '' : ' '}${dy}h0`)
    lastX = x
    lastY = y
  }
  return parts.join('')
}

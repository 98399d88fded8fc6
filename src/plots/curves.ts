/** Curves that can be told apart without their colours. */
import { element } from './svg.ts'
import { KINDS } from './theme.ts'

/** Lengths of strokes and gaps in pixels; the first curve has no gaps. */
const dashes = [undefined, '9 3', '2.5 2.5', '10 3 2.5 3', '5 2.5'] as const

interface CurveLook {
  readonly class: string
  readonly 'stroke-dasharray': string | undefined
}

/** Returns how a curve is drawn. @param index its number among those of a picture, from 0 */
export function curveLook(index: number): CurveLook {
  return {
    class: `k${index % KINDS} curve`,
    'stroke-dasharray': dashes[index % dashes.length],
  }
}

/** Returns a curve along a path. */
export function curve(index: number, d: string | null): string {
  return element('path', { ...curveLook(index), d: d ?? '' })
}

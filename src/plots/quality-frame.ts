/** The square from 0 to 1 in which the curves of a model's quality are drawn. */
import { scaleLinear } from 'd3-scale'
import { HEADING, heading, type Scale, xAxis, yAxis } from './axes.ts'
import { type Key, legend } from './legend.ts'
import { drawing } from './svg.ts'
import { fitParts, label, sizes } from './text.ts'
import type { Theme } from './theme.ts'

const WIDTH = 560
const LEFT = 64
const SIDE = 400
const BOTTOM = 54

export interface QualityFrame {
  /** Such as `ROC curve of`; the target follows. */
  readonly what: string
  readonly target: string
  readonly subtitle: string
  readonly x: string
  readonly y: string
  readonly keys: readonly Key[]
  readonly description: string
  readonly theme: Theme
}

/** Returns a drawing of what `draw` draws between the axes. */
export function qualityFrame(
  { what, target, subtitle, x: xTitle, y: yTitle, keys, description, theme }: QualityFrame,
  draw: (x: Scale, y: Scale) => string,
): string {
  const names = legend(keys, { x: 16, y: HEADING - 4, width: WIDTH - 32 })
  const top = HEADING + names.height + 22
  const bottom = top + SIDE
  const x = scaleLinear([0, 1], [LEFT, LEFT + SIDE + 60])
  const y = scaleLinear([0, 1], [bottom, top])
  const right = x(1)
  return drawing(
    {
      width: WIDTH,
      height: bottom + BOTTOM,
      title: `${what} ${target}`,
      description,
      theme,
    },
    heading(fitParts([`${what} `, { cut: target }], WIDTH - 32, sizes.title), subtitle, WIDTH),
    names.svg,
    label(yTitle, { class: 'soft', x: 16, y: top - 12, size: sizes.small }),
    yAxis(y, { left: LEFT, right }),
    xAxis(x, { top, bottom, title: xTitle }),
    draw(x, y),
  )
}

/** Dependence on numbers: a point per row, missing values in a strip of their own. */
import { scaleOver, xAxis, yAxis } from './axes.ts'
import { type Dependence, WIDTH } from './dependence-frame.ts'
import { line } from './svg.ts'
import { dotsByKind, swarmOffsets } from './swarm.ts'
import { label, sizes } from './text.ts'

const HEIGHT = 340
const BOTTOM = 56
const LEFT = 72
/** Width of the strip of missing values. */
const STRIP = 76
const POINT = 5.6

/** Returns the points with their axes, and the height of the whole picture. */
export function drawScatter({ name, cells, pushes, colours, top: start }: Dependence): {
  svg: string
  height: number
} {
  const top = start + 16
  const bottom = top + HEIGHT
  const known = [...cells.keys()].filter((row) => Number.isFinite(pushes[row]))
  const there = known.filter((row) => Number.isFinite(cells[row]))
  const gone = known.filter((row) => !Number.isFinite(cells[row]))
  const left = LEFT + (gone.length > 0 ? STRIP : 0)
  const x = scaleOver(
    there.map((row) => cells[row] as number),
    [left, WIDTH - 24],
  )
  const y = scaleOver([0, ...known.map((row) => pushes[row]!)], [bottom, top])
  const places = gone.map((row) => y(pushes[row]!))
  const offsets = swarmOffsets(places, STRIP / 2 - 12, POINT * 0.8)
  const points = [
    ...there.map((row) => ({
      kind: colours[row]!,
      at: [x(cells[row] as number), y(pushes[row]!)] as const,
    })),
    ...gone.map((row, i) => ({
      kind: colours[row]!,
      at: [LEFT + STRIP / 2 - 6 + offsets[i]!, places[i]!] as const,
    })),
  ]
  const svg = [
    yAxis(y, { left: LEFT, right: WIDTH - 24 }),
    xAxis(x, { top, bottom, title: name }),
    line('line', LEFT, y(0), WIDTH - 24, y(0)),
    gone.length > 0
      ? line('grid', left - 6, top, left - 6, bottom) +
        label('missing', {
          class: 'soft',
          x: LEFT + STRIP / 2 - 6,
          y: bottom + 17,
          anchor: 'middle',
          size: sizes.small,
        })
      : '',
    label('SHAP value', { class: 'soft', x: 16, y: top - 8, size: sizes.small }),
    dotsByKind(points, POINT),
  ].join('')
  return { svg, height: bottom + BOTTOM }
}

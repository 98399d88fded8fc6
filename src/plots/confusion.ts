/** The confusion matrix: which classes rows had, and which they were said to have. */
import { format } from 'd3-format'
import { HEADING, heading } from './axes.ts'
import { percent } from './numbers.ts'
import { definePlot } from './plot.ts'
import { readQuality, type StoredQuality } from './stored-curves.ts'
import { box, drawing, element } from './svg.ts'
import { fitParts, fitTexts, label, sizes, textWidth } from './text.ts'
import type { Theme } from './theme.ts'

export const confusionPlot = definePlot({
  description: 'which classes rows had, and which they were said to have',
  options: {
    max_classes: {
      kind: 'whole',
      description: 'classes shown at most; those with the fewest rows share one place',
      minimum: 2,
      maximum: 50,
      default: 15,
    },
  },
  drawModel: (model, { max_classes, theme }) =>
    confusion(readQuality(model), model.plan.target, max_classes, theme),
})

const MOST_NAME = 170
const TOP = HEADING + 30
const ROOM = 480
/** The strongest colour of a cell: text on it is legible on light and on dark paper. */
const SHADE = 0.55

function confusion(quality: StoredQuality, target: string, most: number, theme: Theme): string {
  const { names, counts } = foldSmallest(quality, most)
  const cell = Math.round(Math.max(46, Math.min(104, ROOM / names.length)))
  const widest = Math.min(MOST_NAME, Math.max(...names.map((name) => textWidth(name))))
  const isUpright = widest > cell - 8
  const left = Math.ceil(widest) + 46
  const [beside, below] = [left - 30, isUpright ? widest + 1 : cell - 4].map((room) =>
    fitTexts(names, room),
  ) as [string[], string[]]
  const grid = cell * names.length
  const bottom = TOP + grid
  const width = Math.max(460, left + grid + 32)
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0)
  const all = counts.flat().reduce((sum, value) => sum + value, 0)
  const total = (i: number) => counts[i]!.reduce((sum, value) => sum + value, 0)
  const height = bottom + (isUpright ? Math.ceil(widest) + 20 : 26) + 26
  return drawing(
    {
      width,
      height,
      title: `Confusion matrix of ${target}`,
      description: names
        .map(
          (name, i) =>
            `was ${name}: ${names.map((said, j) => `${counts[i]![j]} said ${said}`).join(', ')}`,
        )
        .join('; '),
      theme,
    },
    heading(
      fitParts(['Confusion matrix of ', { cut: target }], width - 32, sizes.title),
      `${quality.measuredOn}; ${percent(all > 0 ? right / all : Number.NaN)} right`,
      width,
    ),
    label('was', { class: 'soft', x: left - 14, y: TOP - 10, anchor: 'end', size: sizes.small }),
    label('said', {
      class: 'soft',
      x: left + grid / 2,
      y: height - 12,
      anchor: 'middle',
      size: sizes.small,
    }),
    ...counts.flatMap((row, i) =>
      row.map((value, j) => {
        const share = total(i) > 0 ? value / total(i) : 0
        const x = left + j * cell
        const y = TOP + i * cell
        const middle = y + cell / 2
        return element(
          'g',
          { class: 'cell' },
          element(
            'g',
            { 'fill-opacity': 0.05 + SHADE * share },
            box(i === j ? 'k0' : 'up', x + 1, y + 1, cell - 2, cell - 2),
          ),
          label(format(',')(value), {
            x: x + cell / 2,
            y: middle,
            anchor: 'middle',
            width: cell - 4,
          }),
          label(percent(share), {
            x: x + cell / 2,
            y: middle + 16,
            anchor: 'middle',
            size: sizes.small,
            width: cell - 4,
          }),
        )
      }),
    ),
    ...names.flatMap((name, i) => [
      label(beside[i]!, {
        x: left - 14,
        y: TOP + (i + 0.5) * cell + 5,
        anchor: 'end',
        whole: name,
      }),
      isUpright
        ? label(below[i]!, {
            x: left + (i + 0.5) * cell + 5,
            y: bottom + 10,
            anchor: 'end',
            whole: name,
            upright: true,
          })
        : label(below[i]!, {
            x: left + (i + 0.5) * cell,
            y: bottom + 20,
            anchor: 'middle',
            whole: name,
          }),
    ]),
  )
}

/** Returns the counts of the classes with the most rows; the others are one class. */
function foldSmallest(
  { classes, confusion: counts }: StoredQuality,
  most: number,
): { names: string[]; counts: number[][] } {
  const rows = counts.map((row) => row.reduce((sum, value) => sum + value, 0))
  if (classes.length <= most) return { names: [...classes], counts: counts.map((row) => [...row]) }
  const kept = [...classes.keys()]
    .sort((a, b) => rows[b]! - rows[a]! || a - b)
    .slice(0, most - 1)
    .sort((a, b) => a - b)
  const placeOf = new Map(kept.map((label, place) => [label, place]))
  const folded = Array.from({ length: most }, () => new Array<number>(most).fill(0))
  counts.forEach((row, i) => {
    row.forEach((value, j) => {
      const into = folded[placeOf.get(i) ?? most - 1]!
      const place = placeOf.get(j) ?? most - 1
      into[place] = into[place]! + value
    })
  })
  const others = classes.length - kept.length
  return { names: [...kept.map((label) => classes[label]!), `${others} others`], counts: folded }
}

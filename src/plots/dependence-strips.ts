/** Dependence on texts or few numbers: a strip of points per value. */
import type { Cell } from '../data/frame.ts'
import { scaleOver, xAxis } from './axes.ts'
import { type Dependence, WIDTH } from './dependence-frame.ts'
import { groupValues } from './direction.ts'
import { cellText, signed } from './numbers.ts'
import { element, line } from './svg.ts'
import { dotsByKind, swarmOffsets } from './swarm.ts'
import { fitParts, fitTexts, label, sizes, textWidth } from './text.ts'

const MOST_STRIPS = 12
const ROW = 44
const REACH = 18
const BOTTOM = 56
const POINT = 5.4
const MOST_NAME = 210

interface Strip {
  readonly text: string
  readonly rows: readonly number[]
  readonly mean: number
}

/** Returns the strips with their axis, and the height of the whole picture. */
export function drawStrips(shown: Dependence): { svg: string; height: number } {
  const { pushes, colours, top } = shown
  const strips = stripsOf(shown)
  const notes = strips.map(({ rows, mean }) => `${rows.length}, mean ${signed(mean)}`)
  const names = [
    ...strips.map(({ text }) => textWidth(text)),
    ...notes.map((note) => textWidth(note, sizes.small)),
  ]
  const left = Math.ceil(Math.min(MOST_NAME, Math.max(0, ...names))) + 34
  const bottom = top + strips.length * ROW
  const x = scaleOver(
    [0, ...strips.flatMap(({ rows }) => rows.map((row) => pushes[row]!))],
    [left, WIDTH - 24],
  )
  const fitted = fitTexts(
    strips.map(({ text }) => text),
    left - 30,
  )
  const drawn = strips.map(({ text, rows }, i) => {
    const y = top + (i + 0.5) * ROW
    const places = rows.map((row) => x(pushes[row]!))
    const offsets = swarmOffsets(places, REACH, POINT * 0.8)
    const points = rows.map((row, n) => ({
      kind: colours[row]!,
      at: [places[n]!, y + offsets[n]!] as const,
    }))
    return element(
      'g',
      { class: 'swarm' },
      line('grid', left, y, WIDTH - 24, y),
      label(fitted[i]!, { x: left - 14, y: y - 2, anchor: 'end', whole: text }),
      label(fitParts([notes[i]!], left - 30, sizes.small), {
        class: 'soft',
        x: left - 14,
        y: y + 14,
        anchor: 'end',
        size: sizes.small,
      }),
      dotsByKind(points, POINT),
    )
  })
  const svg = [
    xAxis(x, { top, bottom, title: `SHAP value of ${shown.name}` }),
    line('line', x(0), top, x(0), bottom),
    ...drawn,
  ].join('')
  return { svg, height: bottom + BOTTOM }
}

/** Numbers from the lowest up, texts from the highest mean down, then what is left over, then missing values. */
function stripsOf({ cells, pushes }: Dependence): Strip[] {
  const groups = groupValues(cells, pushes)
  const present = groups.filter(({ cell }) => cell !== null && !Number.isNaN(cell))
  const frequent = present
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, present.length > MOST_STRIPS ? MOST_STRIPS - 1 : MOST_STRIPS)
  const kept = new Set<Cell>(frequent.map(({ cell }) => cell))
  const strip = (text: string, has: (cell: Cell) => boolean): Strip => {
    const rows = [...cells.keys()].filter((row) => has(cells[row]!) && Number.isFinite(pushes[row]))
    return { text, rows, mean: rows.reduce((sum, row) => sum + pushes[row]!, 0) / rows.length }
  }
  const isNumeric = frequent.every(({ cell }) => typeof cell === 'number')
  const ordered = frequent.toSorted((a, b) =>
    isNumeric ? (a.cell as number) - (b.cell as number) : b.mean - a.mean,
  )
  const rest = present.length - frequent.length
  return [
    ...ordered.map(({ cell }) => strip(cellText(cell), (own) => own === cell)),
    strip(
      `${rest} ${rest === 1 ? 'other' : 'others'}`,
      (own) => own !== null && !Number.isNaN(own) && !kept.has(own),
    ),
    strip('missing', (own) => own === null || Number.isNaN(own)),
  ].filter(({ rows }) => rows.length > 0)
}

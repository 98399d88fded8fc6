/** The beeswarm: the SHAP values of many rows, a line of points per column, coloured by the column's values. */
import type { Cell } from '../data/frame.ts'
import { HEADING, heading, type Scale, scaleOver, xAxis } from './axes.ts'
import { extremesOf } from './direction.ts'
import { colourScale } from './legend.ts'
import { cellText, number } from './numbers.ts'
import {
  countRows,
  fullTitle,
  meanAbsolute,
  nameOthers,
  type OutputRows,
  outputTitle,
  rank,
  takeOutput,
} from './output-rows.ts'
import { definePlot } from './plot.ts'
import { drawing, element, line } from './svg.ts'
import { dotsByKind, swarmOffsets } from './swarm.ts'
import { fitParts, fitTexts, label, sizes, textWidth } from './text.ts'
import type { Theme } from './theme.ts'
import { valueColours } from './value-colours.ts'

export const beeswarmPlot = definePlot({
  description: 'the SHAP values of many rows, a point each, coloured by the value of the column',
  rows: 'many',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'columns shown at most; those that push least are added up in the last line',
      minimum: 2,
      maximum: 100,
      default: 20,
    },
    max_rows: {
      kind: 'whole',
      description: 'rows drawn at most, at even distances',
      minimum: 1,
      maximum: 5000,
      default: 1000,
    },
  },
  drawRows: (explanations, { max_bars, max_rows, theme }) =>
    beeswarm(takeOutput(explanations, max_rows), max_bars, theme),
})

const WIDTH = 760
const TOP = HEADING + 22
const BOTTOM = 56
const ROW = 34
const REACH = 14
const POINT = 5.2
const LEAST_NAME = 110
const MOST_NAME = 220

interface Line {
  readonly name: string
  readonly pushes: Float64Array
  readonly cells: readonly Cell[]
}

function beeswarm(about: OutputRows, maxBars: number, theme: Theme): string {
  const lines = linesOf(about, maxBars)
  const names = Math.max(LEAST_NAME, ...lines.map(({ name }) => textWidth(name)))
  const left = Math.ceil(Math.min(MOST_NAME, names)) + 34
  const shown = fitTexts(
    lines.map(({ name }) => name),
    left - 30,
  )
  const bottom = TOP + lines.length * ROW
  const x = scaleOver(
    lines.flatMap(({ pushes }) => [...pushes, 0]),
    [left, WIDTH - 24],
  )
  const colours = lines.map(({ cells }) => valueColours(cells))
  const hasNeutral = colours.some((column) => column.includes('neutral'))
  return drawing(
    {
      width: WIDTH,
      height: bottom + BOTTOM,
      title: fullTitle(about),
      description: `SHAP values of ${countRows(about)}, lowest to highest: ${lines.map((entry) => `${entry.name} ${rangeOf(entry.pushes)}`).join('; ')}`,
      theme,
    },
    heading(outputTitle(about, WIDTH - 32), `a point for each of ${countRows(about)}`, WIDTH),
    colourScale(
      { right: WIDTH - 24, y: TOP - 12 },
      'low value',
      'high value',
      hasNeutral ? ['text or missing'] : [],
    ),
    xAxis(x, { top: TOP, bottom, title: 'SHAP value' }),
    line('line', x(0), TOP, x(0), bottom),
    ...lines.map((entry, i) =>
      drawLine(entry, shown[i]!, colours[i]!, TOP + (i + 0.5) * ROW, left, x),
    ),
  )
}

function linesOf(about: OutputRows, maxBars: number): Line[] {
  const { rows, featureNames } = about
  const { shown, others } = rank(meanAbsolute(about), maxBars)
  const lines = shown.map(
    (j): Line => ({
      name: featureNames[j]!,
      pushes: Float64Array.from(rows, ({ shapValues }) => shapValues[j]!),
      cells: rows.map(({ data }) => data[j]!),
    }),
  )
  if (others.length === 0) return lines
  const sums = Float64Array.from(rows, ({ shapValues }) =>
    others.reduce((sum, j) => sum + shapValues[j]!, 0),
  )
  return [...lines, { name: nameOthers(others), pushes: sums, cells: rows.map(() => null) }]
}

function rangeOf(pushes: Float64Array): string {
  const known = pushes.filter(Number.isFinite)
  if (known.length === 0) return 'not known'
  return `${number(known.reduce((a, b) => Math.min(a, b)))} to ${number(known.reduce((a, b) => Math.max(a, b)))}`
}

function drawLine(
  { name, pushes, cells }: Line,
  shown: string,
  colours: readonly string[],
  y: number,
  left: number,
  x: Scale,
): string {
  const ends = extremesOf(cells, pushes)
  const known = [...pushes.keys()].filter((row) => Number.isFinite(pushes[row]))
  const places = known.map((row) => x(pushes[row]!))
  const offsets = swarmOffsets(places, REACH, POINT * 0.8)
  const dots = known.map((row, i) => ({
    kind: colours[row]!,
    at: [places[i]!, y + offsets[i]!] as const,
  }))
  return element(
    'g',
    { class: 'swarm' },
    label(shown, { x: left - 14, y: ends ? y - 1 : y + 5, anchor: 'end', whole: name }),
    ends ? nameEnds(ends, left, y) : '',
    line('grid', left, y, WIDTH - 24, y),
    dotsByKind(dots, POINT),
  )
}

/** Below a column of texts: which of them push furthest down and up. */
function nameEnds({ low, high }: { low: Cell; high: Cell }, left: number, y: number): string {
  const [down, up] = [cellText(low), cellText(high)]
  const text = fitParts([{ cut: down }, ' ← → ', { cut: up }], left - 30, sizes.small)
  const place = {
    class: 'soft',
    x: left - 14,
    y: y + 12,
    anchor: 'end',
    size: sizes.small,
  } as const
  return label(text, { ...place, whole: `${down} ← → ${up}` })
}

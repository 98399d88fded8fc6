/** The stacked force plot: what pushes many rows up and down, side by side. */
import { area } from 'd3-shape'
import { HEADING, heading, scaleOver, yAxis } from './axes.ts'
import { orderByLikeness } from './likeness.ts'
import { number } from './numbers.ts'
import {
  countRows,
  fullTitle,
  meanAbsolute,
  nameOthers,
  type OutputRow,
  type OutputRows,
  outputTitle,
  rank,
  spaceTitle,
  takeOutput,
} from './output-rows.ts'
import { definePlot } from './plot.ts'
import { box, drawing, element, line, path } from './svg.ts'
import { fitTexts, label, sizes, textWidth } from './text.ts'
import type { Theme } from './theme.ts'

/** How rows stand beside each other, by the names that requests use. */
const orders = {
  output: (rows: readonly OutputRow[]) => rows.toSorted((a, b) => b.output - a.output),
  similarity: orderByLikeness,
  given: (rows: readonly OutputRow[]) => rows,
} as const

const orderTexts: Readonly<Record<keyof typeof orders, string>> = {
  output: 'from the highest to the lowest output',
  similarity: 'rows with similar explanations side by side',
  given: 'in the order that they were sent in',
}

export const stackedForcePlot = definePlot({
  description: 'what pushes many rows up and down, side by side',
  rows: 'many',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'layers shown at most on either side; the last one is of all other columns',
      minimum: 2,
      maximum: 20,
      default: 8,
    },
    max_rows: {
      kind: 'whole',
      description: 'rows drawn at most, at even distances',
      minimum: 1,
      maximum: 2000,
      default: 400,
    },
    order: {
      kind: 'choice',
      description: 'how rows stand beside each other',
      choices: Object.keys(orders) as (keyof typeof orders)[],
      default: 'output',
    },
  },
  drawRows: (explanations, { max_bars, max_rows, order, theme }) =>
    stackedForce(takeOutput(explanations, max_rows), max_bars, order, theme),
})

const WIDTH = 960
const TOP = HEADING + 16
const HEIGHT = 340
const LEFT = 66
const KEY = 21
/** Width of a key beside its name. */
const KEYS = 84
const MOST_NAME = 190

/** What a column adds to every row, upwards or downwards, between two outlines; [row] */
interface Layer {
  readonly kind: 'up' | 'down'
  readonly rank: number
  readonly inner: Float64Array
  readonly outer: Float64Array
}

function stackedForce(
  about: OutputRows,
  maxBars: number,
  order: keyof typeof orders,
  theme: Theme,
): string {
  const { baseValue, featureNames } = about
  const { shown, others } = rank(meanAbsolute(about), maxBars)
  const groups = [...shown.map((j) => [j]), ...(others.length > 0 ? [others] : [])]
  const names = groups.map((features) =>
    features === others ? nameOthers(others) : featureNames[features[0]!]!,
  )
  const rows = orders[order](about.rows.filter(({ output }) => Number.isFinite(output)))
  const layers = layersOf(rows, groups)
  const widest = Math.min(MOST_NAME, Math.max(...names.map((name) => textWidth(name))))
  const keys = Math.ceil(widest) + KEYS
  const right = WIDTH - keys - 20
  const bottom = TOP + HEIGHT
  const y = scaleOver(
    [baseValue, ...layers.flatMap(({ outer }) => [...outer])],
    [bottom, TOP],
    0.03,
  )
  const width = (right - LEFT) / Math.max(1, rows.length)
  const outline = (values: Float64Array) => stepsOf(values, values, LEFT, width, y)
  return drawing(
    {
      width: WIDTH,
      height: Math.max(bottom, TOP + names.length * KEY + 30) + 30,
      title: fullTitle(about),
      description: `${countRows(about)}, ${orderTexts[order]}; base value ${number(baseValue)}; layers from the output outwards: ${names.join(', ')}`,
      theme,
    },
    heading(
      outputTitle(about, WIDTH - 32),
      `${countRows(about)}, ${orderTexts[order]}; pushed up from below, down from above`,
      WIDTH,
    ),
    yAxis(y, { left: LEFT, right }),
    ...layers.map(({ kind, rank: place, inner, outer }) =>
      path(stepsOf(inner, outer, LEFT, width, y), {
        class: `${kind} layer`,
        'fill-opacity': shade(place, groups.length),
      }),
    ),
    line('dash', LEFT, y(baseValue), right, y(baseValue)),
    path(outline(Float64Array.from(rows, ({ output }) => output)), {
      class: 'edge',
      fill: 'none',
      'stroke-width': 1,
    }),
    label(spaceTitle(about.space), { class: 'soft', x: 16, y: TOP - 8, size: sizes.small }),
    label(order === 'given' ? 'rows as they were sent' : 'rows', {
      class: 'soft',
      x: (LEFT + right) / 2,
      y: bottom + 16,
      anchor: 'middle',
    }),
    ...keysOf(names, right + 22),
  )
}

/** The column that pushes most lies next to the output, in the strongest colour. */
function shade(place: number, of: number): number {
  return 1 - (0.72 * place) / Math.max(1, of - 1)
}

function layersOf(rows: readonly OutputRow[], groups: readonly (readonly number[])[]): Layer[] {
  return (['up', 'down'] as const).flatMap((kind) => {
    const edge = Float64Array.from(rows, ({ output }) => output)
    return groups.map((features, place) => {
      const inner = edge.slice()
      rows.forEach(({ shapValues }, row) => {
        for (const j of features) {
          const push = shapValues[j]!
          if (kind === 'up' ? push > 0 : push < 0) edge[row] = edge[row]! - push
        }
      })
      return { kind, rank: place, inner, outer: edge.slice() }
    })
  })
}

/** An area whose outlines are steps, one per row. */
function stepsOf(
  inner: Float64Array,
  outer: Float64Array,
  left: number,
  width: number,
  y: (value: number) => number,
): string {
  const points = Array.from({ length: 2 * inner.length }, (_, i) => i)
  const make = area<number>()
    .x((i) => left + Math.ceil(i / 2) * width)
    .y0((i) => y(inner[i >> 1]!))
    .y1((i) => y(outer[i >> 1]!))
    .defined((i) => Number.isFinite(inner[i >> 1]) && Number.isFinite(outer[i >> 1]))
    .digits(1)
  return make(points) ?? ''
}

function keysOf(names: readonly string[], x: number): string[] {
  const size = sizes.small
  const head = [
    label('up', { class: 'soft', x: x + 7, y: TOP + 6, anchor: 'middle', size }),
    label('down', { class: 'soft', x: x + 39, y: TOP + 6, anchor: 'middle', size }),
  ]
  const fitted = fitTexts(names, WIDTH - x - 66)
  const rows = names.map((name, i) => {
    const y = TOP + 16 + i * KEY
    const opacity = { 'fill-opacity': shade(i, names.length) }
    return element(
      'g',
      {},
      element('g', opacity, box('up', x, y, 14, 14), box('down', x + 32, y, 14, 14)),
      label(fitted[i]!, { x: x + 55, y: y + 12, whole: name }),
    )
  })
  return [...head, ...rows]
}

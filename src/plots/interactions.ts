/** The heat map of interactions: how much pairs of columns do together that neither does alone. */
import { InputError } from '../errors.ts'
import { HEADING, heading } from './axes.ts'
import { number } from './numbers.ts'
import {
  countRows,
  fullTitle,
  nameOthers,
  type OutputRows,
  outputTitle,
  rank,
  takeOutput,
} from './output-rows.ts'
import { definePlot } from './plot.ts'
import { box, drawing, element, escapeXml } from './svg.ts'
import { fitTexts, label, sizes, textWidth } from './text.ts'
import type { Theme } from './theme.ts'

export const interactionsPlot = definePlot({
  description: 'how much pairs of columns do together that neither does alone',
  rows: 'many',
  interactions: true,
  options: {
    max_bars: {
      kind: 'whole',
      description: 'columns shown at most',
      minimum: 2,
      maximum: 64,
      default: 16,
    },
  },
  drawRows: (explanations, { max_bars, theme }) =>
    heatMap(takeOutput(explanations), max_bars, theme),
})

const MOST_NAME = 200
const TOP = HEADING + 34
const size = sizes.small
/** Pixels of the cells together, and the smallest and largest cell. */
const ROOM = 690
const LEAST_CELL = 22
const MOST_CELL = 62
/** The strongest colour of a cell: text on it is legible on light and on dark paper. */
const SHADE = 0.55

function heatMap(about: OutputRows, maxBars: number, theme: Theme): string {
  const { featureNames } = about
  const features = featureNames.length
  const means = meanPairs(about)
  const totals = Float64Array.from({ length: features }, (_, i) =>
    means.subarray(i * features, (i + 1) * features).reduce((sum, value) => sum + value, 0),
  )
  const { shown, others } = rank(totals, Math.min(features, maxBars + 1))
  const names = shown.map((j) => featureNames[j]!)
  const cell = Math.round(Math.min(MOST_CELL, Math.max(LEAST_CELL, ROOM / shown.length)))
  const widest = Math.min(MOST_NAME, Math.max(...names.map((name) => textWidth(name))))
  const left = Math.ceil(widest) + 32
  const fitted = fitTexts(names, widest + 1)
  const grid = cell * shown.length
  const width = Math.max(540, left + grid + 24)
  const bottom = TOP + grid
  const at = (i: number, j: number) => means[shown[i]! * features + shown[j]!]!
  const pairs = shown.flatMap((_, i) =>
    shown.slice(0, i + 1).map((__, j) => ({ i, j, value: at(i, j) })),
  )
  const most = (of: (pair: { i: number; j: number }) => boolean) =>
    pairs.reduce((max, pair) => (of(pair) ? Math.max(max, pair.value) : max), 0)
  const isAlone = ({ i, j }: { i: number; j: number }) => i === j
  const largest = { alone: most(isAlone), together: most((pair) => !isAlone(pair)) }
  const without = others.length > 0 ? `; without ${nameOthers(others)}` : ''
  const isNarrow = (text: string) => cell >= textWidth(text, size) + 6
  // What columns do alone may be so much more that it has no room in a unit of pairs.
  const read = names.length > 1 ? pairs.filter((pair) => !isAlone(pair)) : pairs
  const fits = (write: (value: number) => string) =>
    read.every(({ value }) => isNarrow(write(value)))
  const { write, unit } = shortNumbers(largest.together || largest.alone, fits)
  const strongest = pairs
    .filter((pair) => !isAlone(pair))
    .sort((a, b) => b.value - a.value)
    .slice(0, 20)
  return drawing(
    {
      width,
      height: bottom + Math.ceil(widest) + 30,
      title: fullTitle(about),
      description: `mean |SHAP interaction value| over ${countRows(about)}, both halves of a pair together: ${strongest.map(({ i, j, value }) => `${names[i]} with ${names[j]} ${number(value)}`).join('; ')}`,
      theme,
    },
    heading(
      outputTitle(about, width - 32),
      `mean |SHAP interaction value| over ${countRows(about)}${without}${unit}`,
      width,
    ),
    ...keys(largest, 16, TOP - 26),
    ...pairs.map(({ i, j, value }) => {
      const max = i === j ? largest.alone : largest.together
      const share = max > 0 ? value / max : 0
      const x = left + j * cell
      const y = TOP + i * cell
      return element(
        'g',
        { class: 'cell' },
        element(
          'title',
          {},
          escapeXml(
            i === j
              ? `${names[i]} alone: ${number(value)}`
              : `${names[i]} with ${names[j]}: ${number(value)}`,
          ),
        ),
        element(
          'g',
          { 'fill-opacity': 0.05 + SHADE * share },
          box(i === j ? 'k0' : 'up', x + 1, y + 1, cell - 2, cell - 2),
        ),
        write && isNarrow(write(value))
          ? label(write(value), {
              x: x + cell / 2,
              y: y + cell / 2 + 4,
              anchor: 'middle',
              size,
            })
          : '',
      )
    }),
    ...names.flatMap((name, i) => [
      label(fitted[i]!, {
        x: left - 10,
        y: TOP + (i + 0.5) * cell + 5,
        anchor: 'end',
        whole: name,
      }),
      label(fitted[i]!, {
        x: left + (i + 0.5) * cell + 5,
        y: bottom + 10,
        anchor: 'end',
        whole: name,
        upright: true,
      }),
    ]),
  )
}

/** Returns the mean |value| of every pair, both halves of it together; on the diagonal of what a column does alone. */
function meanPairs({ rows, featureNames }: OutputRows): Float64Array {
  const features = featureNames.length
  const means = new Float64Array(features * features)
  for (const { interactions } of rows) {
    if (!interactions)
      throw new InputError(
        'invalid_option',
        'this plot shows interaction values, without which these rows were explained',
      )
    for (let i = 0; i < features; i++)
      for (let j = 0; j < features; j++) {
        const value = Math.abs(interactions[i * features + j]!) * (i === j ? 1 : 2)
        if (Number.isFinite(value))
          means[i * features + j] = means[i * features + j]! + value / rows.length
      }
  }
  return means
}

/** Units in which numbers may be printed, with what is said of them. */
const units = [
  [1, ''],
  [1e-3, '; numbers in thousandths'],
  [1e-6, '; numbers in millionths'],
] as const

/** Returns a writer that gives the largest number two digits, in the first unit in which all fit; none where none does. */
function shortNumbers(
  largest: number,
  fits: (write: (value: number) => string) => boolean,
): { write?: (value: number) => string; unit: string } {
  for (const [size, unit] of units) {
    const decimals = largest > 0 ? Math.max(0, 1 - Math.floor(Math.log10(largest / size))) : 0
    const write = (value: number) => (value === 0 ? '0' : (value / size).toFixed(decimals))
    if (decimals <= 5 && largest / size < 1e5 && fits(write)) return { write, unit }
  }
  return { unit: '' }
}

function keys(largest: { alone: number; together: number }, x: number, y: number): string[] {
  const texts = [
    ['k0', `a column alone, up to ${number(largest.alone)}`],
    ['up', `a pair together, up to ${number(largest.together)}`],
  ] as const
  let at = x
  return texts.map(([kind, text]) => {
    const start = at
    at += textWidth(text, size) + 42
    return (
      element('g', { 'fill-opacity': SHADE + 0.05 }, box(kind, start, y, 11, 11)) +
      label(text, { x: start + 17, y: y + 10, size })
    )
  })
}

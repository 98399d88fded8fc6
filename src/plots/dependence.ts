/** Dependence: a column's SHAP value against its value, coloured by the column that it works with most. */
import type { Cell } from '../data/frame.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { HEADING } from './axes.ts'
import { WIDTH } from './dependence-frame.ts'
import { drawScatter } from './dependence-scatter.ts'
import { drawStrips } from './dependence-strips.ts'
import { colourScale, legend } from './legend.ts'
import { cellText, number } from './numbers.ts'
import {
  countRows,
  fullTitle,
  meanAbsolute,
  type OutputRows,
  rank,
  takeOutput,
} from './output-rows.ts'
import { definePlot } from './plot.ts'
import { strongestInteraction } from './strongest-interaction.ts'
import { drawing } from './svg.ts'
import { fitParts, label, sizes } from './text.ts'
import { KINDS, type Theme } from './theme.ts'
import { valueColours } from './value-colours.ts'

export const dependencePlot = definePlot({
  description:
    "a column's SHAP value against its value, coloured by the column that it works with most",
  rows: 'many',
  options: {
    column: { kind: 'text', description: 'the column; the one that pushes most by default' },
    color: {
      kind: 'text',
      description:
        'the column that points are coloured by, or none; the one with the strongest interaction by default',
    },
    max_rows: {
      kind: 'whole',
      description: 'rows drawn at most, at even distances',
      minimum: 1,
      maximum: 5000,
      default: 1000,
    },
  },
  drawRows: (explanations, { column, color, max_rows, theme }) =>
    dependence(takeOutput(explanations, max_rows), column, color, theme),
})

/** Numbers of so few values are a strip each, like texts. */
const FEW = 8

function dependence(
  about: OutputRows,
  column: string | undefined,
  color: string | undefined,
  theme: Theme,
): string {
  const { rows, featureNames } = about
  const [most = 0] = rank(meanAbsolute(about), featureNames.length).shown
  const j = column === undefined ? most : findFeature('column', column, featureNames)
  const by =
    color === 'none'
      ? undefined
      : color === undefined
        ? strongestInteraction(rows, j)
        : findFeature('color', color, featureNames, ['none'])
  const name = featureNames[j]!
  const other = by === undefined ? undefined : featureNames[by]!
  const cells = rows.map(({ data }) => data[j]!)
  const paint = paintBy(by === undefined ? [] : rows.map(({ data }) => data[by]!), rows.length)
  const head = drawHead(about, name, other, paint)
  const pushes = Float64Array.from(rows, ({ shapValues }) => shapValues[j]!)
  const shown = { name, cells, pushes, colours: paint.colours, top: head.height }
  const distinct = new Set(cells)
  const isNumeric = cells.every((cell) => cell === null || typeof cell === 'number')
  const { svg, height } = isNumeric && distinct.size > FEW ? drawScatter(shown) : drawStrips(shown)
  const known = pushes.filter(Number.isFinite)
  const range =
    known.length > 0
      ? `${number(Math.min(...known))} to ${number(Math.max(...known))}`
      : 'not known'
  return drawing(
    {
      width: WIDTH,
      height,
      title: `${name}: ${fullTitle(about)}`,
      description: `SHAP values of ${name} over ${countRows(about)}: ${range}${other === undefined ? '' : `; coloured by ${other}`}`,
      theme,
    },
    head.svg,
    svg,
  )
}

function findFeature(
  option: string,
  name: string,
  featureNames: readonly string[],
  others: readonly string[] = [],
): number {
  const found = featureNames.indexOf(name)
  if (found >= 0) return found
  const names = [...featureNames, ...others]
  throw new InputError(
    'invalid_option',
    `${option} is ${quote(name)}, expected ${listNames(names)}${didYouMean(name, names)}`,
  )
}

interface Paint {
  readonly colours: readonly string[]
  /** Ends of the scale, where numbers colour it. */
  readonly ends?: readonly [string, string]
  readonly keys: readonly { readonly kind: string; readonly name: string }[]
}

/** Colours by a scale for numbers, by a colour each for the most frequent texts. */
function paintBy(cells: readonly Cell[], rows: number): Paint {
  if (cells.length === 0) return { colours: new Array(rows).fill('k0'), keys: [] }
  const missing = cells.includes(null) ? [{ kind: 'neutral', name: 'missing' }] : []
  const numbers = cells.filter((cell): cell is number => Number.isFinite(cell))
  if (!cells.some((cell) => typeof cell === 'string')) {
    const ends = [
      numbers.reduce((a, b) => Math.min(a, b), numbers[0] ?? 0),
      numbers.reduce((a, b) => Math.max(a, b), numbers[0] ?? 0),
    ]
    const colours = valueColours(cells)
    return { colours, ends: [cellText(ends[0]), cellText(ends[1])], keys: missing }
  }
  const counts = new Map<string, number>()
  for (const cell of cells)
    if (cell !== null) counts.set(cellText(cell), (counts.get(cellText(cell)) ?? 0) + 1)
  const names = [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([text]) => text)
  const kept = names.length > KINDS ? names.slice(0, KINDS - 1) : names
  const kindOf = new Map(kept.map((text, i) => [text, `k${i}`]))
  const rest = names.length - kept.length
  return {
    colours: cells.map((cell) =>
      cell === null ? 'neutral' : (kindOf.get(cellText(cell)) ?? 'neutral'),
    ),
    keys: [
      ...kept.map((text, i) => ({ kind: `k${i}`, name: text })),
      ...(rest > 0
        ? [{ kind: 'neutral', name: `${rest} others${missing.length > 0 ? ' or missing' : ''}` }]
        : missing),
    ],
  }
}

function drawHead(
  about: OutputRows,
  name: string,
  other: string | undefined,
  { ends, keys }: Paint,
): { svg: string; height: number } {
  const { target, outputName } = about
  const title = fitParts(
    ['What ', { cut: name }, ' does to ', { cut: target }, ' = ', { cut: outputName }],
    WIDTH - 32,
    sizes.title,
  )
  const painted = other === undefined ? [] : [', coloured by ', { cut: other }]
  const under = fitParts([`${countRows(about)}`, ...painted], WIDTH - 32)
  const lines =
    label(title, { x: 16, y: 27, size: sizes.title }) +
    label(under, { class: 'soft', x: 16, y: 47 })
  if (ends) {
    const scale = colourScale(
      { right: WIDTH - 24, y: HEADING + 10 },
      ends[0],
      ends[1],
      keys.map((key) => key.name),
    )
    return { svg: lines + scale, height: HEADING + 26 }
  }
  const { svg, height } = legend(keys, { x: 16, y: HEADING - 2, width: WIDTH - 32 })
  return { svg: lines + svg, height: HEADING + height + 10 }
}

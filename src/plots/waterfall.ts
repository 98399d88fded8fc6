/** The waterfall of one row: how its prediction comes about, column by column. */
import type { Explanation, Explanations } from '../shap/explanation.ts'
import { HEADING, heading, type Scale, scaleOver, xAxis } from './axes.ts'
import { number, placeable, signed, writersLike } from './numbers.ts'
import { fitNamedCells, nameCell, takeRow } from './one-row.ts'
import { fullTitle, nameOthers, outputTitle, rank } from './output-rows.ts'
import { definePlot } from './plot.ts'
import { box, drawing, element, line, pixels } from './svg.ts'
import { label, textWidth } from './text.ts'
import type { Theme } from './theme.ts'

const MAX_BARS = 12

export const waterfallPlot = definePlot({
  description: "one row's prediction, column by column",
  rows: 'one',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'bars shown at most; the smallest values share one of them',
      minimum: 2,
      maximum: 1000,
      default: MAX_BARS,
    },
  },
  drawRows: (explanations, { max_bars, theme }) => waterfall(explanations, max_bars, theme),
})

const WIDTH = 760
const TOP = HEADING + 30
const BOTTOM = 62
const BAR = 30
const ARROW = 6
/** Widest names and values of columns. */
const MOST_NAME = 290

interface Bar {
  readonly text: string
  readonly push: number
  readonly from: number
  readonly to: number
}

/**
 * Returns an SVG of how one row's prediction comes about: from the base value at the bottom, column by column, to
 * the model's output at the top; the largest SHAP value stands highest.
 */
function waterfall(explanations: Explanations, maxBars: number, theme: Theme): string {
  const about = takeRow(explanations)
  const { row, baseValue, output } = about
  const [base, result] = [placeable(baseValue), placeable(output)]
  const bars = buildBars(row, maxBars)
  const bottom = TOP + bars.length * BAR
  const names = Math.max(...bars.map(({ text }) => textWidth(text)))
  const write = writersLike(bars.map(({ push }) => push))
  const captions = Math.max(...bars.map(({ push }) => textWidth(write.signed(push))))
  const left = Math.ceil(Math.min(MOST_NAME, Math.max(90, names))) + 32
  const right = WIDTH - Math.ceil(captions) - 24
  const texts = fitNamedCells(
    bars.map(({ text }) => text),
    () => left - 30,
  )
  const x = scaleOver([base, result, ...bars.flatMap(({ from, to }) => [from, to])], [left, right])
  const title = outputTitle(about, WIDTH - 32)
  return drawing(
    {
      width: WIDTH,
      height: bottom + BOTTOM,
      title: `${fullTitle(about)}: ${number(output)}`,
      description: [
        `base value ${number(baseValue)}`,
        ...bars.map((bar) => `${bar.text} ${signed(bar.push)}`),
        `output ${number(output)}`,
      ].join('; '),
      theme,
    },
    heading(title, 'from the base value at the bottom to the output at the top', WIDTH),
    xAxis(x, { top: TOP, bottom }),
    line('dash', x(base), TOP, x(base), bottom),
    line('dash', x(result), TOP - 6, x(result), bottom),
    mark(`base value ${write.number(baseValue)}`, x(base), bottom + 40, 'soft'),
    mark(`output ${write.number(output)}`, x(result), TOP - 12),
    ...bars.map((bar, i) =>
      drawBar(bar, [texts[i]!, write.signed(bar.push)], TOP + i * BAR, left, x),
    ),
  )
}

/** A text centred at a place of the axis, as far as it stays in the picture. */
function mark(text: string, at: number, y: number, kind?: string): string {
  const half = textWidth(text) / 2
  const x = Math.min(WIDTH - 16 - half, Math.max(16 + half, at))
  return label(text, { class: kind, x, y, anchor: 'middle' })
}

/** Bars from the top down: largest first, what is left over last, each ending where the one above begins. */
function buildBars(explanation: Explanation, maxBars: number): Bar[] {
  const phi = explanation.shapValues[0]!
  const { shown, others } = rank(phi.map(Math.abs), maxBars)
  const rows = shown.map((j) => ({
    text: nameCell(explanation, j),
    push: phi[j]!,
  }))
  const rest = others.reduce((sum, j) => sum + phi[j]!, explanation.others?.[0] ?? 0)
  if (others.length > 0 || explanation.others)
    rows.push({ text: others.length > 0 ? nameOthers(others) : 'others', push: rest })
  let at = placeable(explanation.baseValues[0]!)
  const bars: Bar[] = []
  for (const row of rows.reverse()) {
    const to = at + placeable(row.push)
    bars.push({ ...row, from: at, to })
    at = to
  }
  return bars.reverse()
}

function drawBar(
  bar: Bar,
  [name, text]: readonly [string, string],
  y: number,
  left: number,
  x: Scale,
): string {
  const from = x(bar.from)
  const to = x(bar.to)
  const up = bar.push >= 0
  const top = y + 5
  const bottom = y + BAR - 5
  const tip = Math.min(ARROW, Math.abs(to - from)) * (up ? 1 : -1)
  const points = [
    [from, top],
    [to - tip, top],
    [to, (top + bottom) / 2],
    [to - tip, bottom],
    [from, bottom],
  ].map(([px, py]) => `${pixels(px!)},${pixels(py!)}`)
  const fits = Math.abs(to - from) > textWidth(text) + 2 * ARROW + 4
  return element(
    'g',
    { class: 'bar' },
    label(name, { x: left - 14, y: y + 20, anchor: 'end', whole: bar.text }),
    element('path', {
      class: bar.push === 0 ? 'neutral' : up ? 'up' : 'down',
      d: `M${points.join('L')}Z`,
    }),
    fits
      ? label(text, { class: 'inside', x: (from + to - tip) / 2, y: y + 20, anchor: 'middle' })
      : beside(text, Math.max(from, to) + 6, y + 20),
  )
}

/** A text on a piece of paper, which the lines behind it end at. */
function beside(text: string, x: number, y: number): string {
  return box('paper', x - 2, y - 12, textWidth(text) + 4, 16) + label(text, { x, y })
}

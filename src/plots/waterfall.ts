/** The waterfall of one row: how its prediction comes about, column by column. */
import { extent } from 'd3-array'
import { format } from 'd3-format'
import { scaleLinear } from 'd3-scale'
import type { Cell } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { type Explanation, type Space, spaceLabels } from '../shap/explanation.ts'
import type { Plot } from './plot.ts'
import { colours, drawing, element, label, shorten } from './svg.ts'

/** What the waterfall of one row shows besides its numbers. */
export interface WaterfallOptions {
  readonly space: Space
  /** The column that the model predicts. */
  readonly target: string
  /** Which of the explained outputs to draw. */
  readonly output?: number
  /** Bars shown at most; the smallest values share one of them. */
  readonly maxBars?: number
}

const MAX_BARS = 12

export const waterfallPlot: Plot = {
  description: "one row's prediction, column by column",
  options: {
    max_bars: {
      description: 'bars shown at most; the smallest values share one of them',
      minimum: 2,
      maximum: 1000,
      default: MAX_BARS,
    },
  },
  draw({ rows, space, target }, { max_bars: maxBars }) {
    const [row, ...others] = rows
    if (!row || others.length > 0)
      throw new InputError('one_row', `a picture shows one row, the request has ${rows.length}`)
    if (row.outputNames.length !== 1)
      throw new InputError(
        'invalid_option',
        'a picture shows one output; choose one class with output=',
      )
    return waterfall(row, { space, target, maxBars })
  },
}

const WIDTH = 760
const MARGIN = { top: 64, right: 72, bottom: 56, left: 232 }
const BAR = 30
const ARROW = 6

interface Bar {
  readonly name: string
  readonly value: string
  readonly push: number
  readonly from: number
  readonly to: number
}

/**
 * Returns an SVG of how one row's prediction comes about: from the base value at the bottom, column by column, to
 * the model's output at the top; the largest SHAP value stands highest.
 */
export function waterfall(explanation: Explanation, options: WaterfallOptions): string {
  const k = options.output ?? 0
  const base = explanation.baseValues[k]!
  const result = explanation.outputs[k]!
  const bars = buildBars(explanation, k, options.maxBars ?? MAX_BARS)
  const height = MARGIN.top + bars.length * BAR + MARGIN.bottom
  const [low = 0, high = 1] = extent([base, result, ...bars.flatMap(({ from, to }) => [from, to])])
  const pad = (high - low || 1) * 0.06
  const x = scaleLinear([low - pad, high + pad], [MARGIN.left, WIDTH - MARGIN.right]).nice()
  const unit = spaceLabels[options.space]
  const title = `${unit[0]!.toUpperCase()}${unit.slice(1)} of ${options.target} = ${explanation.outputNames[k]}: ${number(result)}`
  const bottom = height - MARGIN.bottom

  const grid = x.ticks(6).map(
    (tick) =>
      element('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: MARGIN.top, y2: bottom }) +
      label(x.tickFormat(6)(tick), {
        class: 'soft',
        x: x(tick),
        y: bottom + 18,
        'text-anchor': 'middle',
      }),
  )
  const marks = [
    element('line', {
      class: 'line',
      x1: x(base),
      x2: x(base),
      y1: MARGIN.top,
      y2: bottom,
      'stroke-dasharray': '4 3',
    }),
    element('line', {
      class: 'line',
      x1: x(result),
      x2: x(result),
      y1: MARGIN.top - 6,
      y2: bottom,
      'stroke-dasharray': '4 3',
    }),
    label(`base value ${number(base)}`, {
      class: 'soft',
      x: x(base),
      y: bottom + 38,
      'text-anchor': 'middle',
    }),
    label(`${number(result)}`, {
      class: 'strong',
      x: x(result),
      y: MARGIN.top - 12,
      'text-anchor': 'middle',
    }),
  ]
  const rows = bars.map((bar, i) => drawBar(bar, MARGIN.top + i * BAR, x))
  const heading = label(shorten(title, 80), {
    class: 'strong',
    x: 16,
    y: 24,
    'font-size': 15,
  })
  const description = [
    `base value ${number(base)}`,
    ...bars.map((bar) => `${bar.name}${bar.value} ${signed(bar.push)}`),
    `output ${number(result)}`,
  ].join('; ')
  return drawing(
    { width: WIDTH, height },
    title,
    description,
    [heading, ...grid, ...marks, ...rows].join(''),
  )
}

/** Bars from the top down: largest first, what is left over last, each ending where the one above begins. */
function buildBars(explanation: Explanation, k: number, maxBars: number): Bar[] {
  const phi = explanation.shapValues[k] as Float64Array
  const order = explanation.featureNames
    .map((_, j) => j)
    .sort((a, b) => Math.abs(phi[b]!) - Math.abs(phi[a]!) || a - b)
  const shown = order.length > maxBars ? order.slice(0, maxBars - 1) : order
  const hidden = order.slice(shown.length)
  const rows = shown.map((j) => ({
    name: explanation.featureNames[j]!,
    value: ` = ${cellText(explanation.data[j] as Cell)}`,
    push: phi[j]!,
  }))
  const rest = hidden.reduce((sum, j) => sum + phi[j]!, explanation.others?.[k] ?? 0)
  if (hidden.length > 0 || explanation.others) {
    rows.push({
      name: hidden.length > 0 ? `${hidden.length} others` : 'others',
      value: '',
      push: rest,
    })
  }
  let at = explanation.baseValues[k]!
  const bars: Bar[] = []
  for (const row of rows.reverse()) {
    bars.push({ ...row, from: at, to: at + row.push })
    at += row.push
  }
  return bars.reverse()
}

function drawBar(bar: Bar, y: number, x: (value: number) => number): string {
  const from = x(bar.from)
  const to = x(bar.to)
  const up = bar.push >= 0
  const top = y + 5
  const bottom = y + BAR - 5
  const tip = Math.min(ARROW, Math.abs(to - from)) * (up ? 1 : -1)
  const outline = `M${point(from, top)}L${point(to - tip, top)}L${point(to, (top + bottom) / 2)}L${point(to - tip, bottom)}L${point(from, bottom)}Z`
  const text = signed(bar.push)
  const fits = Math.abs(to - from) > text.length * 8 + ARROW
  const caption = fits
    ? label(text, { class: 'inside', x: (from + to) / 2, y: y + 20, 'text-anchor': 'middle' })
    : label(text, { x: Math.max(from, to) + 6, y: y + 20 })
  return element(
    'g',
    { class: 'bar' },
    label(shorten(`${bar.name}${bar.value}`, 30), {
      x: MARGIN.left - 12,
      y: y + 20,
      'text-anchor': 'end',
    }),
    element('path', { d: outline, fill: up ? colours.up : colours.down }),
    caption,
  )
}

function point(x: number, y: number): string {
  return `${Number(x.toFixed(2))},${Number(y.toFixed(2))}`
}

function cellText(cell: Cell): string {
  return cell === null
    ? 'missing'
    : typeof cell === 'number'
      ? format('.6~g')(cell).replace('−', '-')
      : cell
}

/** A number as plots print it: four significant digits, plain where people read plain numbers. */
function number(value: number): string {
  const rounded = Math.abs(value) < 1e-12 ? 0 : value
  return format(
    (Math.abs(rounded) >= 1e-3 && Math.abs(rounded) < 1e6) || rounded === 0 ? '.4~r' : '.3~e',
  )(rounded)
}

function signed(value: number): string {
  return value >= 0 ? `+${number(value)}` : number(value)
}

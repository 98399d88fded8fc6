/** The decision plot: how rows come from the base value to their outputs, column by column, a line each. */
import { HEADING, heading, scaleOver, xAxis } from './axes.ts'
import { number, writersLike } from './numbers.ts'
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
import { drawing, element, line, pixels } from './svg.ts'
import { fitTexts, label, textWidth } from './text.ts'
import type { Theme } from './theme.ts'
import { valueColours } from './value-colours.ts'

export const decisionPlot = definePlot({
  description: 'how rows come from the base value to their outputs, a line each',
  rows: 'many',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'columns shown at most; those that push least are one step at the bottom',
      minimum: 2,
      maximum: 100,
      default: 20,
    },
    max_rows: {
      kind: 'whole',
      description: 'rows drawn at most, at even distances',
      minimum: 1,
      maximum: 2000,
      default: 200,
    },
  },
  drawRows: (explanations, { max_bars, max_rows, theme }) =>
    decision(takeOutput(explanations, max_rows), max_bars, theme),
})

const WIDTH = 760
const TOP = HEADING + 14
const BOTTOM = 56
const STEP = 28
const MOST_NAME = 220

function decision(about: OutputRows, maxBars: number, theme: Theme): string {
  const { rows, baseValue, featureNames } = about
  const { shown, others } = rank(meanAbsolute(about), maxBars)
  // From the bottom up: what pushes least comes first.
  const steps = [...(others.length > 0 ? [others] : []), ...shown.map((j) => [j]).reverse()]
  const names = steps.map((features) =>
    features === others ? nameOthers(others) : featureNames[features[0]!]!,
  )
  const paths = rows.map(({ shapValues }) => {
    let at = baseValue
    return [
      at,
      ...steps.map((features) => (at += features.reduce((sum, j) => sum + shapValues[j]!, 0))),
    ]
  })
  const left =
    Math.ceil(Math.min(MOST_NAME, Math.max(...names.map((name) => textWidth(name))))) + 34
  const fitted = fitTexts(names, left - 30)
  const bottom = TOP + steps.length * STEP
  const only = rows.length === 1 ? rows[0] : undefined
  const x = scaleOver(paths.flat(), [left, WIDTH - (only ? 84 : 24)])
  const y = (step: number) => bottom - step * STEP
  const colours = valueColours(rows.map(({ output }) => output))
  const lines = paths.map((path, row) => {
    const points = path.flatMap((value, step) =>
      Number.isFinite(value) ? [`${pixels(x(value))},${pixels(y(step))}`] : [],
    )
    return element('path', {
      class: `${only ? 'k0' : colours[row]} ${only ? 'curve' : 'thin'}`,
      'stroke-opacity': rows.length > 40 ? 0.6 : undefined,
      d: `M${points.join('L')}`,
    })
  })
  const outputs = rows.map(({ output }) => output).filter(Number.isFinite)
  const ends =
    outputs.length > 0
      ? `${number(Math.min(...outputs))} to ${number(Math.max(...outputs))}`
      : 'not known'
  return drawing(
    {
      width: WIDTH,
      height: bottom + BOTTOM,
      title: fullTitle(about),
      description: `${countRows(about)} from the base value ${number(baseValue)} to outputs of ${ends}; from the bottom up: ${names.join('; ')}`,
      theme,
    },
    heading(
      outputTitle(about, WIDTH - 32),
      `from the base value ${number(baseValue)} at the bottom to the output of ${only ? 'the row' : `each of ${countRows(about)}`} at the top`,
      WIDTH,
    ),
    xAxis(x, { top: TOP, bottom, title: `output so far` }),
    ...names.flatMap((name, i) => [
      line('grid', left, y(i + 1), WIDTH - 24, y(i + 1)),
      label(fitted[i]!, { x: left - 14, y: y(i + 0.5) + 5, anchor: 'end', whole: name }),
    ]),
    line('dash', x(baseValue), TOP, x(baseValue), bottom),
    ...lines,
    ...(only ? nameSteps(only.shapValues, steps, paths[0]!, x, y) : []),
  )
}

/** Beside the line of a single row: by how much it moves. */
function nameSteps(
  phi: Float64Array,
  steps: readonly (readonly number[])[],
  path: readonly number[],
  x: (value: number) => number,
  y: (step: number) => number,
): string[] {
  const pushes = steps.map((features) => features.reduce((sum, j) => sum + phi[j]!, 0))
  const write = writersLike(pushes)
  return pushes.flatMap((push, i) => {
    const at = Math.max(x(path[i]!), x(path[i + 1]!))
    if (!Number.isFinite(at)) return []
    return [label(write.signed(push), { class: 'halo', x: at + 9, y: y(i + 0.5) + 5 })]
  })
}

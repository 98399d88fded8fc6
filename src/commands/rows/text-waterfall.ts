/** One row's explanation as text: from the base value down to the output, column by column. */
import type { Cell } from '../../data/frame.ts'
import { cutNamedCells } from '../../plots/cut-apart.ts'
import { cellText, number, placeable } from '../../plots/numbers.ts'
import { nameOthers, rank } from '../../plots/output-rows.ts'
import { cutAt, fit, widthOf } from '../output/layout.ts'
import { printable } from '../terminal.ts'

/** SHAP values of one row for one output. */
export interface ExplainedOutput {
  readonly baseValue: number
  readonly output: number
  readonly featureNames: readonly string[]
  /** What the row has in them; null = missing. */
  readonly data: readonly Cell[]
  readonly shapValues: readonly number[]
  /** Sum of the values that are not among them. */
  readonly others?: number
}

/** How a bar is coloured by its direction; the sign is printed too. */
export interface BarColours {
  readonly up: (text: string) => string
  readonly down: (text: string) => string
}

const MOST_ROWS = 12
const NUMBER = 10
const GAP = 2
const [LEAST_BARS, MOST_BARS] = [12, 48]
/** Cells of a line where the width is not known. */
const USUAL_WIDTH = 80

interface Step {
  readonly label: string
  readonly push: number
}

/**
 * Returns the lines of a waterfall: the base value, the columns with the largest |SHAP value| first, each bar beginning
 * where the one above ends, and the output.
 * @param cells of a line; infinite = not known
 */
export function describeWaterfall(
  explained: ExplainedOutput,
  cells: number,
  { up, down }: BarColours,
): string[] {
  const width = Number.isFinite(cells) ? cells : USUAL_WIDTH
  const { baseValue, output } = explained
  const steps = stepsOf(explained)
  const [start, end] = ['base value', 'output']
  const widest = Math.max(...[start, end, ...steps.map(({ label }) => label)].map(widthOf))
  const names = Math.max(start.length, Math.min(widest, Math.floor(width * 0.45)))
  const labels = cutNamedCells(
    steps.map(({ label }) => label),
    () => names,
    { widthOf, cut: cutAt, least: { value: 6, name: 1 } },
  )
  const space = Math.min(MOST_BARS, width - names - NUMBER - GAP - 1)
  const marks = [placeable(baseValue)]
  for (const { push } of steps) marks.push(marks.at(-1)! + placeable(push))
  const at = placer([...marks, placeable(output)], space)
  const line = (label: string, value: string, drawn: string) =>
    `${fit(label, names)}${value.padStart(NUMBER)}${' '.repeat(GAP)}${space < LEAST_BARS ? '' : drawn}`.trimEnd()
  const mark = (value: number) => `${' '.repeat(at(placeable(value)))}│`
  return [
    line(start, fixed(baseValue), mark(baseValue)),
    ...steps.map(({ push }, i) => {
      const [from, to] = [at(marks[i]!), at(marks[i + 1]!)]
      const paint = push < 0 ? down : up
      const blocks = from === to ? '▏' : '█'.repeat(Math.abs(to - from))
      const drawn = push === 0 ? '' : `${' '.repeat(Math.min(from, to))}${paint(blocks)}`
      return line(labels[i]!, push > 0 ? `+${fixed(push)}` : fixed(push), drawn)
    }),
    line(end, fixed(output), mark(output)),
  ]
}

/** Four digits behind the point, one below another, where that is enough to see the number. */
function fixed(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e5 || (size < 1e-4 && size > 0) || Number.isNaN(value)) return number(value)
  return value.toFixed(4).replace('-', '−')
}

/** Largest first, what is left over last. */
function stepsOf({ featureNames, data, shapValues, others }: ExplainedOutput): Step[] {
  const most = others === undefined ? MOST_ROWS : shapValues.length
  const { shown, others: left } = rank(shapValues.map(Math.abs), most)
  const steps = shown.map((j) => ({
    label: `${printable(featureNames[j]!)} = ${printable(cellText(data[j]))}`,
    push: shapValues[j]!,
  }))
  if (left.length === 0 && others === undefined) return steps
  const push = left.reduce((sum, j) => sum + shapValues[j]!, others ?? 0)
  return [...steps, { label: left.length > 0 ? nameOthers(left) : 'others', push }]
}

/** Returns what gives the cell of a value, of so many. */
function placer(values: readonly number[], cells: number): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const span = high - low || 1
  return (value) => Math.round(((value - low) / span) * Math.max(0, cells - 1))
}

/** Global bars: how far every column pushes on the whole, and which way. */
import { scaleLinear } from 'd3-scale'
import { InputError } from '../errors.ts'
import type { Explanations } from '../shap/explanation.ts'
import type { GlobalSummary } from '../shap/global-summary.ts'
import { HEADING, heading, LEAST, xAxis } from './axes.ts'
import { type Direction, directionOf, directionOfSummary } from './direction.ts'
import { legend } from './legend.ts'
import { count, placeable, writersLike } from './numbers.ts'
import { fullTitle, nameOthers, outputTitle, rank, spaceTitle } from './output-rows.ts'
import { definePlot } from './plot.ts'
import { box, drawing, element, pixels } from './svg.ts'
import { fitParts, fitTexts, label, sizes, textWidth } from './text.ts'
import { KINDS, type Theme } from './theme.ts'

export const barPlot = definePlot({
  description: 'mean |SHAP value| of every column, and which way it pushes',
  rows: 'many',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'bars shown at most; the columns that push least share one of them',
      minimum: 2,
      maximum: 1000,
      default: 20,
    },
    output: { kind: 'text', description: 'the class to show; all of more than two by default' },
  },
  drawRows: (explanations, { max_bars, theme }) =>
    drawBars(barsOfRows(explanations), max_bars, theme),
  drawModel({ summary, plan }, { max_bars, output, theme }) {
    if (!summary) return undefined
    return drawBars(barsOfSummary(summary, plan.target, output), max_bars, theme)
  },
})

const WIDTH = 760
const BAR = 27
const BOTTOM = 56
const MOST_NAME = 250
const MOST_DIRECTION = 120

interface Bars {
  readonly about: Pick<GlobalSummary, 'space' | 'outputNames'> & { readonly target: string }
  readonly rows: string
  readonly columns: readonly {
    readonly name: string
    /** One per output. */
    readonly sizes: readonly number[]
    readonly direction: Direction
  }[]
}

const noDirection: Direction = { kind: 'neutral', text: '' }

function barsOfRows({ rows, space, target, featureNames, classes }: Explanations): Bars {
  const [first] = rows
  if (!first) throw new InputError('empty_data', 'a plot needs at least one row')
  const { outputNames } = first
  const isShared = rows.every(
    (row) => row.outputNames.join('\n') === outputNames.join('\n') && !row.others,
  )
  if (!isShared)
    throw new InputError(
      'invalid_option',
      `a picture shows the same outputs and all columns of every row; choose all or one of ${classes.join(', ')} as output, and leave out top`,
    )
  return {
    about: { space, target, outputNames },
    rows: count(rows.length, 'row'),
    columns: featureNames.map((name, j) => ({
      name,
      sizes: outputNames.map(
        (_, k) =>
          rows.reduce((sum, row) => sum + Math.abs(row.shapValues[k]![j]!), 0) / rows.length,
      ),
      direction:
        outputNames.length > 1
          ? noDirection
          : directionOf(
              rows.map(({ data }) => data[j]!),
              rows.map(({ shapValues }) => shapValues[0]![j]!),
            ),
    })),
  }
}

function barsOfSummary(summary: GlobalSummary, target: string, output: string | undefined): Bars {
  const { space, rows, columns, outputNames } = summary
  const asked = output === undefined ? outputNames : outputNames.filter((name) => name === output)
  if (asked.length === 0)
    throw new InputError(
      'invalid_option',
      `output is ${JSON.stringify(output)}, the summary is of ${outputNames.join(', ')}`,
    )
  const outputs = asked.map((name) => outputNames.indexOf(name))
  return {
    about: { space, target, outputNames: asked },
    rows: count(rows, 'training row'),
    columns: columns.map((column) => ({
      name: column.column,
      sizes: outputs.map((k) => column.meanAbsolute[k]!),
      direction: outputs.length > 1 ? noDirection : directionOfSummary(column, outputs[0]!),
    })),
  }
}

function drawBars({ about, rows, columns }: Bars, maxBars: number, theme: Theme): string {
  const { space, target, outputNames } = about
  const total = (sizes: readonly number[]) => sizes.reduce((sum, value) => sum + (value || 0), 0)
  const { shown, others } = rank(
    columns.map((column) => total(column.sizes)),
    maxBars,
  )
  const bars = shown.map((j) => columns[j]!)
  if (others.length > 0) {
    const summed = outputNames.map((_, k) =>
      others.reduce((sum, j) => sum + columns[j]!.sizes[k]!, 0),
    )
    bars.push({ name: nameOthers(others), sizes: summed, direction: noDirection })
  }
  const isOne = outputNames.length === 1
  const one = { space, target, outputName: outputNames[0]! }
  const isGrey = bars.some(
    ({ sizes, direction }) => direction.kind === 'neutral' && total(sizes) > 0,
  )
  const greyKey = isGrey ? [{ kind: 'neutral', name: 'no one direction' }] : []
  const keys = legend(
    isOne ? greyKey : outputNames.map((name, k) => ({ kind: `k${k % KINDS}`, name })),
    { x: 16, y: HEADING - 4, width: WIDTH - 32 },
  )
  const top = HEADING + keys.height + 6
  const bottom = top + bars.length * BAR
  // A sum of which a part is not known is not known itself.
  const sums = bars.map(({ sizes }) => sizes.reduce((sum, value) => sum + value, 0))
  const write = writersLike(sums.slice(0, shown.length))
  const numbers = sums.map(write.number)
  const numberWidth = Math.max(...numbers.map((text) => textWidth(text)))
  const told = Math.max(...bars.map(({ direction }) => textWidth(direction.text)))
  const left =
    Math.ceil(Math.min(MOST_NAME, Math.max(...bars.map(({ name }) => textWidth(name))))) + 30
  const names = fitTexts(
    bars.map(({ name }) => name),
    left - 28,
  )
  const right = WIDTH - 30 - numberWidth - Math.min(MOST_DIRECTION, told)
  // The others together may be many times the largest column, which would leave the columns no room.
  const most = Math.max(...shown.map((j) => total(columns[j]!.sizes)))
  const isLong = most > LEAST && total(bars.at(-1)!.sizes) > most
  const x = scaleLinear([0, most > LEAST ? placeable(most) : 1], [left, right])
  const title = isOne
    ? outputTitle(one, WIDTH - 32)
    : fitParts([`${spaceTitle(space)} of `, { cut: target }], WIDTH - 32, sizes.title)
  const hint = isOne && told > 0 ? '; ↑ ↓ what the values named do to it' : ''
  return drawing(
    {
      width: WIDTH,
      height: bottom + BOTTOM,
      title: isOne ? fullTitle(one) : `${spaceTitle(space)} of ${target}`,
      description: `mean |SHAP value| over ${rows}: ${bars.map((bar, i) => `${bar.name} ${numbers[i]}${bar.direction.text === '' ? '' : ` (${bar.direction.text})`}`).join('; ')}`,
      theme,
    },
    heading(
      title,
      `mean |SHAP value| over ${rows}${hint}${isLong ? '; the last bar is cut' : ''}`,
      WIDTH,
    ),
    keys.svg,
    xAxis(x, { top, bottom, title: 'mean |SHAP value|' }),
    ...bars.map(({ name, sizes: values, direction }, i) => {
      const y = top + i * BAR
      const all = total(values)
      const isCut = isLong && i >= shown.length
      let at = 0
      const parts = values.map((value, k) => {
        const from = x(at)
        at = placeable(at + placeable(isCut ? (value / all) * most : value))
        return box(isOne ? direction.kind : `k${k % KINDS}`, from, y + 4, x(at) - from, BAR - 8)
      })
      // Beside a short bar there is room for the whole of it.
      const beside = x(at) + 7 + textWidth(numbers[i]!) + 10
      return element(
        'g',
        { class: 'bar' },
        label(names[i]!, { x: left - 12, y: y + 18, anchor: 'end', whole: name }),
        ...parts,
        isCut ? gap(x(at) - 24, y + 4, BAR - 8) : '',
        label(numbers[i]!, { class: 'halo', x: x(at) + 7, y: y + 18 }),
        label(direction.text, {
          class: 'halo',
          x: beside,
          y: y + 18,
          width: WIDTH - 12 - beside,
        }),
      )
    }),
  )
}

/** Two slanting gaps in a bar that is longer than it is drawn. */
function gap(x: number, y: number, height: number): string {
  return [0, 8]
    .map((shift) => {
      const [from, top, bottom] = [x + shift, y - 1, y + height + 1]
      const d = `M${pixels(from)},${bottom}L${pixels(from + 6)},${top}h3L${pixels(from + 3)},${bottom}Z`
      return element('path', { class: 'paper', d })
    })
    .join('')
}

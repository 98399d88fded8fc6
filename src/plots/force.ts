/** The force plot of one row: what pushes its output up against what pushes it down, on one line. */
import { HEADING, heading, type Scale, scaleOver, ticksOf } from './axes.ts'
import { type NumberWriters, number, placeable, signed, writersLike } from './numbers.ts'
import { fitNamedCells, nameCell, type PlottedRow, takeRow } from './one-row.ts'
import { fullTitle, nameOthers, outputTitle, rank } from './output-rows.ts'
import { definePlot } from './plot.ts'
import { drawing, element, line, pixels } from './svg.ts'
import { label, sizes, textWidth } from './text.ts'
import type { Theme } from './theme.ts'

export const forcePlot = definePlot({
  description: 'what pushes one row up against what pushes it down, on one line',
  rows: 'one',
  options: {
    max_bars: {
      kind: 'whole',
      description: 'columns shown at most; the smallest values share a part on either side',
      minimum: 2,
      maximum: 100,
      default: 12,
    },
  },
  drawRows: (explanations, { max_bars, theme }) => force(takeRow(explanations), max_bars, theme),
})

const WIDTH = 960
const EDGE = 20
const TOP = HEADING + 62
const BAR = 34
const LANE = 21
const NOTCH = 7
/** Widest room for names beside the parts that they name. */
const MOST_NAME = 300

/** A part of the bar: from the end that is nearer to the output outwards. */
interface Part {
  readonly text: string
  readonly push: number
  readonly inner: number
  readonly outer: number
}

/** The parts of one side, the innermost and largest first. */
interface Side {
  readonly kind: 'up' | 'down'
  readonly parts: readonly Part[]
}

function force(about: PlottedRow, maxBars: number, theme: Theme): string {
  const { baseValue, output } = about
  const [base, result] = [placeable(baseValue), placeable(output)]
  const sides = buildSides(about, maxBars)
  const write = writersLike(sides.flatMap(({ parts }) => parts.map(({ push }) => push)))
  const ends = sides.flatMap(({ parts }) => parts.map(({ outer }) => outer))
  const x = placeScale(sides, write, [base, result, ...ends])
  const names = fitNames(sides, write, x)
  const lanes = Math.max(1, ...sides.map(({ parts }) => parts.length))
  const bottom = TOP + BAR
  const height = bottom + 24 + lanes * LANE + 12
  const list = sides.map(
    ({ kind, parts }) =>
      `${kind === 'up' ? 'pushing up' : 'pushing down'}: ${parts.map(({ text, push }) => `${text} ${signed(push)}`).join(', ') || 'nothing'}`,
  )
  return drawing(
    {
      width: WIDTH,
      height,
      title: `${fullTitle(about)}: ${number(output)}`,
      description: [`base value ${number(baseValue)}`, ...list, `output ${number(output)}`].join(
        '; ',
      ),
      theme,
    },
    heading(
      outputTitle(about, WIDTH - 32),
      'pushed up from the left, down from the right; they meet at the output',
      WIDTH,
    ),
    drawMarks(about, write, x, bottom),
    ...sides.map((side) => drawSide(side, { names, write }, x, bottom)),
    sides.every(({ parts }) => parts.length === 0)
      ? label(sayNoPush(about), {
          class: 'soft',
          x: WIDTH / 2,
          y: bottom + 26,
          anchor: 'middle',
        })
      : '',
    line('line', x(result), TOP - 8, x(result), bottom + 8),
  )
}

function sayNoPush({ row }: PlottedRow): string {
  const isKnown = row.shapValues[0]!.every((value) => !Number.isNaN(value))
  return isKnown ? 'nothing pushes it either way' : 'what pushes it is not known'
}

/** Returns the pushes upwards, which end at the output from below, and those downwards, which end there from above. */
function buildSides({ row, output }: PlottedRow, maxBars: number): Side[] {
  const phi = row.shapValues[0]!
  const { shown, others } = rank(phi.map(Math.abs), maxBars)
  return (['up', 'down'] as const).map((kind) => {
    const isUp = kind === 'up'
    const mine = (j: number) => (isUp ? phi[j]! > 0 : phi[j]! < 0)
    const rest = others.filter(mine)
    const pushes = shown.filter(mine).map((j) => ({ text: nameCell(row, j), push: phi[j]! }))
    const hidden = row.others?.[0] ?? 0
    const left =
      rest.reduce((sum, j) => sum + phi[j]!, 0) + (isUp ? Math.max(0, hidden) : Math.min(0, hidden))
    if (left !== 0) pushes.push({ text: rest.length > 0 ? nameOthers(rest) : 'others', push: left })
    let at = placeable(output)
    const parts = pushes.map((part) => {
      const inner = at
      at -= placeable(part.push)
      return { ...part, inner, outer: at }
    })
    return { kind, parts }
  })
}

/** Names stand below their parts, outwards: the scale leaves them the room that the bar does not give. */
function placeScale(
  sides: readonly Side[],
  write: NumberWriters,
  values: readonly number[],
): Scale {
  let room = { up: 0, down: 0 }
  let x = scaleOver(values, [EDGE, WIDTH - EDGE], 0.02)
  for (let i = 0; i < 12; i++) {
    x = scaleOver(values, [EDGE + room.up, WIDTH - EDGE - room.down], 0.02)
    for (const { kind, parts } of sides) {
      // Room for one name is room for those of the other parts, too.
      const lacking = parts.map((part) => {
        const middle = x((part.inner + part.outer) / 2)
        const has = kind === 'up' ? middle - EDGE : WIDTH - EDGE - middle
        return Math.min(MOST_NAME, textWidth(caption(part, write)) + 9) - has
      })
      const more = Math.min(MOST_NAME, room[kind] + Math.max(0, ...lacking))
      room = { ...room, [kind]: more }
    }
  }
  return x
}

/** Returns the names of parts as far as there is room for them. */
function fitNames(
  sides: readonly Side[],
  write: NumberWriters,
  x: Scale,
): ReadonlyMap<Part, string> {
  const all = sides.flatMap(({ kind, parts }) =>
    parts.map((part) => {
      const middle = x((part.inner + part.outer) / 2)
      const width = kind === 'up' ? middle - EDGE : WIDTH - EDGE - middle
      return { part, room: width - 5 - textWidth(pushText(part, write)) }
    }),
  )
  const names = fitNamedCells(
    all.map(({ part }) => part.text),
    (i) => all[i]!.room,
  )
  return new Map(all.map(({ part }, i) => [part, names[i]!]))
}

function caption(part: Part, write: NumberWriters): string {
  return `${part.text}${pushText(part, write)}`
}

/** What a name is never cut for. */
function pushText({ push }: Part, write: NumberWriters): string {
  return `  ${write.signed(push)}`
}

/** The scale above the bar, the base value and the output. */
function drawMarks(
  { baseValue, output }: PlottedRow,
  write: NumberWriters,
  x: Scale,
  bottom: number,
): string {
  const [base, result] = [placeable(baseValue), placeable(output)]
  const texts = [`output ${write.number(output)}`, `base value ${write.number(baseValue)}`]
  const places = [x(result), x(base)].map((at, i) => {
    const half = textWidth(texts[i]!) / 2
    return Math.min(WIDTH - EDGE - half, Math.max(EDGE + half, at))
  })
  const apart = Math.abs(places[0]! - places[1]!)
  const needs = (textWidth(texts[0]!) + textWidth(texts[1]!)) / 2 + 14
  // The two stand side by side where they can, otherwise one above the other.
  const [upper, lower] = apart >= needs ? [TOP - 38, TOP - 38] : [TOP - 38, TOP - 56]
  const ticks = ticksOf(x, [4, WIDTH - 4], 9).map(
    ({ at, text }) =>
      line('grid', at, TOP - 8, at, bottom) +
      label(text, { class: 'soft', x: at, y: TOP - 15, anchor: 'middle', size: sizes.small }),
  )
  return [
    ...ticks,
    line('dash', x(base), TOP - 8, x(base), bottom + 8),
    label(texts[0]!, { x: places[0]!, y: upper!, anchor: 'middle' }),
    label(texts[1]!, { class: 'soft', x: places[1]!, y: lower!, anchor: 'middle' }),
  ].join('')
}

/**
 * The parts of one side and below them their names: the outermost stands highest, so that the lines from the parts
 * further inside pass no name.
 */
function drawSide(
  { kind, parts }: Side,
  { write, names }: { write: NumberWriters; names: ReadonlyMap<Part, string> },
  x: Scale,
  bottom: number,
): string {
  const sign = kind === 'up' ? -1 : 1
  return parts
    .map((part, i) => {
      const middle = x((part.inner + part.outer) / 2)
      const y = bottom + 24 + (parts.length - i) * LANE - 6
      return element(
        'g',
        { class: 'part' },
        element('path', { class: `${kind} edge`, d: arrow(x(part.inner), x(part.outer), sign) }),
        line('lead', middle, bottom, middle, y + 2),
        element(
          'g',
          {},
          label(`${names.get(part)}${pushText(part, write)}`, {
            whole: caption(part, write),
            class: 'halo',
            x: middle + sign * 5,
            y,
            anchor: kind === 'up' ? 'end' : 'start',
          }),
        ),
      )
    })
    .join('')
}

/** A part whose inner end points at the output. */
function arrow(inner: number, outer: number, sign: number): string {
  const notch = NOTCH * -sign
  const [top, bottom, middle] = [TOP, TOP + BAR, TOP + BAR / 2]
  // Both ends are bent alike, so that parts fit into each other whatever their width.
  const points = [
    [outer - notch, top],
    [inner - notch, top],
    [inner, middle],
    [inner - notch, bottom],
    [outer - notch, bottom],
    [outer, middle],
  ]
  return `M${points.map(([px, py]) => `${pixels(px!)},${pixels(py!)}`).join('L')}Z`
}

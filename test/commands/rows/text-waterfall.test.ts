/** One row's explanation as text. */
import fc from 'fast-check'
import t from 'tap'
import { widthOf } from '../../../src/commands/output/layout.ts'
import {
  describeWaterfall,
  type ExplainedOutput,
} from '../../../src/commands/rows/text-waterfall.ts'

const plain = { up: (text: string) => text, down: (text: string) => text }

const row: ExplainedOutput = {
  baseValue: 0.25,
  output: 0.5,
  featureNames: ['island', 'a column with a name that is longer than its place', 'sex'],
  data: ['Dream', 18.75, null],
  shapValues: [0.125, 0.25, -0.125],
}

t.test('from the base value to the output, the largest value first', (t) => {
  t.strictSame(describeWaterfall(row, 60, plain), [
    'base value                     0.2500  │',
    'a column with a na… = 18.75   +0.2500  █████████████',
    'island = Dream                +0.1250               ██████',
    'sex = missing                 −0.1250               ██████',
    'output                         0.5000               │',
  ])
  const alike = ['a_long_name_of_column_1', 'sex', 'a_long_name_of_column_2']
  t.match(describeWaterfall({ ...row, featureNames: alike }, 40, plain), [
    /^base/,
    /^sex = 18/,
    /^a_lon…mn_1 = Dream /,
    /^a_lo…mn_2 = missi… /,
    /^output/,
  ])
  const strange = { ...row, shapValues: [0, 1e-7, -3e6], output: Number.NaN }
  t.strictSame(
    describeWaterfall(strange, 40, plain),
    [
      'base value            0.2500',
      'sex = missing          −3e+6',
      'a column … = 18.75     +1e-7',
      'island = Dream        0.0000',
      'output             not known',
    ],
    'a narrow terminal has no bars; numbers are never cut',
  )
  t.end()
})

t.test('the direction has a colour, and its sign', (t) => {
  const marked = { up: (text: string) => `<${text}>`, down: (text: string) => `>${text}<` }
  const lines = describeWaterfall(row, 60, marked)
  t.match(lines[1], /\+0\.2500 +<█+>$/)
  t.match(lines[3], /−0\.1250 +>█+<$/)
  t.end()
})

t.test('what has no line of its own is summed up', (t) => {
  const many = Array.from({ length: 20 }, (_, j) => j + 1)
  const wide = {
    ...row,
    featureNames: many.map((j) => `f${j}`),
    data: many,
    shapValues: many.map((j) => j / 100),
  }
  const lines = describeWaterfall(wide, 80, plain)
  t.equal(lines.length, 14)
  t.match(lines[12], /^9 others +\+0\.4500 /)
  const top = describeWaterfall({ ...row, others: -0.5 }, 80, plain)
  t.match(top[4], /^others +−0\.5000 /)
  t.end()
})

t.test('every bar begins where the one above ends, within the width', (t) => {
  const value = fc.integer({ min: -1000, max: 1000 }).map((n) => n / 1000)
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 11 }),
      fc.integer({ min: 44, max: 140 }),
      (shapValues, cells) => {
        const output = shapValues.reduce((sum, own) => sum + own, 0.5)
        const featureNames = shapValues.map((_, j) => `列${j}`)
        const lines = describeWaterfall(
          { baseValue: 0.5, output, featureNames, data: shapValues, shapValues },
          cells,
          plain,
        )
        if (lines.some((line) => widthOf(line) > cells)) throw new Error('too wide')
        const [start, end] = [lines[0], lines.at(-1)].map((line) => cellOf(line!, '│'))
        let at = start!
        for (const line of lines.slice(1, -1)) {
          const first = cellOf(line, '█')
          if (first < 0) continue
          const length = line.split('█').length - 1
          const [from, to] = line.includes('−') ? [first + length, first] : [first, first + length]
          if (from !== at) throw new Error(`${lines.join('\n')}`)
          at = to
        }
        if (at !== end) throw new Error(`${lines.join('\n')}`)
      },
    ),
    { seed: 3, numRuns: 500 },
  )
  t.end()
})

/** Where a character stands on a line, in cells. */
function cellOf(line: string, character: string): number {
  const at = line.indexOf(character)
  return at < 0 ? -1 : widthOf(line.slice(0, at))
}

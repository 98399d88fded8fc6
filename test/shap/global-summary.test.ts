/** Sums of SHAP values over rows: groups, parts put together, and plans read back. */
import t from 'tap'
import { numberColumn, textColumn } from '../../src/data/frame.ts'
import {
  buildSummary,
  type GlobalSummary,
  planGroups,
  plansOf,
} from '../../src/shap/global-summary.ts'

const about = {
  space: 'probability',
  method: 'tree_path_dependent',
  outputNames: ['a', 'b'],
  baseValues: [0.5, 0.5],
} as const

t.test('columns are grouped by few values, or by ranges with as many rows in each', (t) => {
  const texts = textColumn(['x', 'y', null, 'x'])
  t.strictSame(planGroups('c', 'c', texts, true).values, ['x', 'y'])
  const numbers = numberColumn(Float64Array.from({ length: 101 }, (_, i) => i))
  const ranges = planGroups('n', 'n', numbers, false)
  t.strictSame(ranges.edges, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
  t.strictSame(planGroups('n', 'n', numbers, true).values?.length, 20, 'categories are values')
  const few = numberColumn(Float64Array.of(3, 1, Number.NaN, 3))
  t.strictSame(planGroups('n', 'n', few, false).values, [1, 3])
  const gaps = numberColumn(Float64Array.of(Number.NaN))
  t.strictSame(planGroups('n', 'n', gaps, false).values, [], 'nothing but gaps')
  t.end()
})

const plans = [
  { column: 'n', by: 'n', edges: [0, 10, 20] },
  { column: 'c', by: 'c', values: ['x'] },
]
const numbers = numberColumn(Float64Array.of(-5, 10, 20, 99, Number.NaN))
const texts = textColumn(['x', 'z', null, 'x', 'x'])
// [row][output][column]
const phi = Float64Array.from({ length: 5 * 2 * 2 }, (_, i) => (i % 2 === 0 ? i : -i))

t.test('every row counts once in every column, whatever its value', (t) => {
  const builder = buildSummary(plans, 2)
  builder.add([numbers, texts], 5, phi)
  const summary = builder.finish(about)
  const [n, c] = summary.columns
  // Numbers beyond the ranges are groups of their own.
  t.strictSame(
    n?.groups.map(({ mean: _, ...group }) => group),
    [
      { to: 0, rows: 1 },
      { from: 10, to: 20, rows: 2 },
      { from: 20, rows: 1 },
      { value: null, rows: 1 },
    ],
  )
  t.strictSame(
    c?.groups.map(({ mean: _, ...group }) => group),
    [
      { value: 'x', rows: 3 },
      { others: true, rows: 1 },
      { value: null, rows: 1 },
    ],
  )
  t.strictSame(n?.groups[1]?.mean, [(4 + 8) / 2, (6 + 10) / 2])
  t.strictSame(n?.mean, [8, 10])
  t.strictSame(c?.mean, [-9, -11])
  t.strictSame(c?.meanAbsolute, [9, 11])
  t.end()
})

t.test('parts put together are the whole', (t) => {
  const whole = buildSummary(plans, 2)
  whole.add([numbers, texts], 5, phi)
  const total = buildSummary(plans, 2)
  for (const [from, to] of [
    [0, 2],
    [2, 5],
  ] as const) {
    const part = buildSummary(plans, 2)
    const rows = [
      numberColumn(numbers.values.slice(from, to)),
      { ...texts, codes: texts.codes.slice(from, to) },
    ]
    part.add(rows, to - from, phi.slice(from * 4, to * 4))
    total.merge(part.sums)
  }
  t.strictSame(total.finish(about), whole.finish(about))
  t.end()
})

t.test('the groups of a summary make the groups of the next', (t) => {
  const builder = buildSummary(plans, 2)
  const beyond = numberColumn(Float64Array.of(5, 10, -5, 99, Number.NaN))
  builder.add([beyond, texts], 5, phi)
  t.strictSame(plansOf(builder.finish(about) as GlobalSummary), plans)
  t.end()
})

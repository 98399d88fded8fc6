/** Interventional SHAP values, by all plans, against the definition. */
import t, { type Test } from 'tap'
import { type Matrix, rowOf } from '../../src/data/matrix.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { compileInterventional, type InterventionalOptions } from '../../src/shap/interventional.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { ensembleOutput } from '../trees/plain-trees.ts'
import {
  asShares,
  chain,
  distance,
  flatten,
  forest,
  leaf,
  passing,
  randomRow,
  randomRows,
  value,
} from '../trees/random-trees.ts'
import { mixedOutput, shapleyValues } from './brute-force.ts'

const TOLERANCE = 1e-12
const FEATURES = 6

const plans: Record<string, InterventionalOptions> = {
  tables: {},
  sets: { tableBytes: 0 },
  reference: { engine: 'reference' },
}

t.test('random ensembles agree with the definition', (t) => {
  const cases: [string, (random: Random) => TreeEnsemble, number?][] = [
    ['one tree', (r) => flatten(forest(r, { count: 1 }))],
    ['a forest', (r) => flatten(forest(r, { features: FEATURES }))],
    ['features that repeat on a path', (r) => flatten(forest(r, { features: 2, depth: 8 }))],
    ['one feature only', (r) => flatten(forest(r, { features: 1 }))],
    ['three outputs', (r) => flatten(forest(r, { features: FEATURES, outputs: 3 }))],
    [
      'outputs that sum to one',
      (r) => asShares(flatten(forest(r, { features: FEATURES, outputs: 1 }))),
    ],
    [
      'single leaves among others',
      (r) => flatten([leaf(r, 2, 3), ...forest(r, { features: FEATURES })]),
    ],
    [
      'a sum with a base',
      (r) =>
        flatten(forest(r, { features: FEATURES }), {
          aggregation: 'sum',
          base: Float64Array.of(1, -2),
        }),
    ],
    [
      'single precision and <',
      (r) => flatten(forest(r, { features: FEATURES }), { precision: 'float32', comparison: '<' }),
    ],
    ['one background row', (r) => flatten(forest(r, { features: FEATURES })), 1],
    [
      'more background rows than bits of a word',
      (r) => flatten(forest(r, { features: FEATURES, count: 1 })),
      150,
    ],
  ]
  for (const [name, grow, rows = 7] of cases) {
    const random = createRandom(
      cases.findIndex((entry) => entry[0] === name),
      200,
    )
    const trees = grow(random)
    const background = randomRows(random, rows, FEATURES)
    compareWithDefinition(
      t,
      name,
      trees,
      background,
      [0, 1].map(() => randomRow(random, FEATURES)),
    )
  }
  t.end()
})

t.test('chains of depth 1 to 24 agree with the definition', (t) => {
  const random = createRandom(1, 201)
  for (let depth = 1; depth <= 24; depth++) {
    const distinct = Math.min(depth, 8)
    const order = Array.from({ length: depth }, (_, level) =>
      level < distinct ? level : random.below(distinct),
    )
    const trees = flatten([chain(random, order)])
    const background = randomRows(random, 3, distinct)
    compareWithDefinition(t, `depth ${depth}`, trees, background, [passing(distinct)])
  }
  t.end()
})

t.test('the memory that tables may take decides', (t) => {
  const random = createRandom(2, 202)
  const trees = flatten(forest(random, { features: FEATURES }))
  const background = randomRows(random, 5, FEATURES)
  t.equal(compileInterventional(trees, FEATURES, background).plan, 'tables')
  t.equal(compileInterventional(trees, FEATURES, background, { tableBytes: 100 }).plan, 'sets')
  // 2^18 entries and more for each of the last leaves.
  const deep = flatten([chain(random, [...Array(24).keys()])])
  t.equal(compileInterventional(deep, 24, randomRows(random, 5, 24)).plan, 'sets')
  t.end()
})

t.test('features without an effect have exactly 0, not −0', (t) => {
  const trees = flatten([value(3, 1), chain(createRandom(4, 204), [0, 1])])
  const background = randomRows(createRandom(5, 205), 4, 4)
  for (const [plan, options] of Object.entries(plans)) {
    const phi = new Float64Array(4).fill(Number.NaN)
    compileInterventional(trees, 4, background, options).explain(passing(4), [0], phi)
    for (const j of [2, 3]) t.ok(Object.is(phi[j], 0), `${plan}: feature ${j}`)
  }
  t.end()
})

/** Checks all plans, one row and in a batch of more rows than are taken at a time. */
function compareWithDefinition(
  t: Test,
  name: string,
  trees: TreeEnsemble,
  background: Matrix,
  rows: readonly Float64Array[],
): void {
  const features = background.columns
  // Backwards, and the first one twice.
  const outputs = [...Array(trees.outputs).keys(), 0].reverse()
  const expected = rows.map((x) =>
    outputs.flatMap((k) =>
      shapleyValues(features, (mask) =>
        meanOver(background, (b) => mixedOutput(trees, x, b, mask, k)),
      ),
    ),
  )
  for (const [plan, options] of Object.entries(plans)) {
    const shap = compileInterventional(trees, features, background, options)
    t.equal(shap.plan, plan === 'tables' ? 'tables' : 'sets')
    const repeats = plan === 'tables' ? 300 : 1
    const data = Float64Array.from(
      Array.from({ length: repeats }, () => rows.map((x) => [...x])).flat(2),
    )
    const X = { rows: rows.length * repeats, columns: features, data }
    const size = outputs.length * features
    const batch = new Float64Array(X.rows * size).fill(Number.NaN)
    shap.explainRows(X, outputs, batch)
    let [worst, additivity] = [0, 0]
    const scores = new Float64Array(trees.outputs)
    for (let row = 0; row < X.rows; row++) {
      const x = rowOf(X, row)
      const phi = batch.subarray(row * size, (row + 1) * size)
      if (row < rows.length) {
        const single = new Float64Array(size).fill(Number.NaN)
        shap.explain(x, outputs, single)
        t.same(single, phi, `${name}: ${plan}: one row`)
      }
      worst = Math.max(worst, distance(phi, expected[row % rows.length] as number[]))
      ensembleOutput(trees, x, scores)
      outputs.forEach((k, i) => {
        const base = shap.baseValues[k] as number
        const total = phi
          .subarray(i * features, (i + 1) * features)
          .reduce((sum, part) => sum + part, base)
        additivity = Math.max(additivity, Math.abs(total - (scores[k] as number)))
      })
    }
    t.ok(worst <= TOLERANCE, `${name}: ${plan}`, { worst })
    t.ok(additivity <= TOLERANCE, `${name}: ${plan}: adds up`, { additivity })
  }
}

function meanOver(background: Matrix, value: (b: Float64Array) => number): number {
  let sum = 0
  for (let row = 0; row < background.rows; row++) sum += value(rowOf(background, row))
  return sum / background.rows
}

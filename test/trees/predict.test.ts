/** The prediction kernel against the plain walk, and all kernels where there is no WebAssembly. */
import t from 'tap'
import { rowOf } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { compileInterventional } from '../../src/shap/interventional.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { instantiateKernels } from '../../src/trees/kernels.ts'
import { compileTreePredictor } from '../../src/trees/predict.ts'
import { ensembleOutput } from './plain-trees.ts'
import { generalities, randomEnsemble, randomTable } from './random-ensembles.ts'
import { chain, flatten, forest, leaf, randomRows, row, split, value } from './random-trees.ts'

const random = createRandom(1, 300)
const ensembles: [string, TreeEnsemble][] = [
  ['a forest', flatten(forest(random, { count: 19, outputs: 2 }))],
  ['one output', flatten(forest(random, { count: 3, outputs: 1 }))],
  ['five outputs', flatten(forest(random, { count: 9, outputs: 5 }))],
  ['single leaves', flatten([leaf(random, 2, 1), leaf(random, 2, 1)])],
  [
    'a deep chain',
    flatten([
      chain(
        random,
        [...Array(60).keys()].map((level) => level % 6),
      ),
    ]),
  ],
  [
    'groups of shallow trees beside one with a deep tree',
    flatten([
      ...forest(random, { count: 35, outputs: 1, depth: 4 }),
      chain(
        random,
        [...Array(30).keys()].map((level) => level % 6),
      ),
      ...forest(random, { count: 4, outputs: 1, depth: 9 }),
    ]),
  ],
  [
    'a sum with a base, single precision, <',
    flatten(forest(random, { outputs: 2, count: 8 }), {
      aggregation: 'sum',
      base: Float64Array.of(0.1, -3),
      precision: 'float32',
      comparison: '<',
    }),
  ],
]

t.test('predictions are bit for bit those of the plain walk', (t) => {
  for (const [name, trees] of ensembles) {
    for (const rows of [0, 1, 7, 8, 300]) {
      const X = randomRows(random, rows, 6)
      const expected = new Float64Array(rows * trees.outputs)
      const plain = new Float64Array(trees.outputs)
      for (let i = 0; i < rows; i++) {
        ensembleOutput(trees, rowOf(X, i), plain)
        expected.set(plain, i * trees.outputs)
      }
      for (const engine of ['wasm', 'reference'] as const) {
        const predictor = compileTreePredictor(trees, { engine })
        const batch = new Float64Array(rows * trees.outputs).fill(Number.NaN)
        predictor.predictRows(X, batch)
        t.same(batch, expected, `${name}, ${rows} rows, ${engine}`)
        const single = new Float64Array(trees.outputs)
        for (let i = 0; i < Math.min(rows, 8); i++) {
          predictor.predict(rowOf(X, i), single)
          const own = expected.subarray(i * trees.outputs, (i + 1) * trees.outputs)
          t.same(single, own, `${name}, row ${i}, ${engine}`)
        }
      }
    }
  }
  t.end()
})

t.test('so are those of ensembles of the whole generality', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const own = createRandom(i, 301)
    for (let repeat = 0; repeat < 5; repeat++) {
      const trees = randomEnsemble(own, generality)
      const X = randomTable(own, 300, 6)
      const expected = new Float64Array(300 * trees.outputs)
      for (let row = 0; row < 300; row++) {
        const at = row * trees.outputs
        ensembleOutput(trees, rowOf(X, row), expected.subarray(at, at + trees.outputs))
      }
      for (const engine of ['wasm', 'reference'] as const) {
        const predictor = compileTreePredictor(trees, { engine })
        const batch = new Float64Array(expected.length).fill(Number.NaN)
        predictor.predictRows(X, batch)
        t.same(batch, expected, `${generality.name}, ${engine}`)
        const single = new Float64Array(trees.outputs).fill(Number.NaN)
        predictor.predict(rowOf(X, 0), single)
        t.same(
          single,
          expected.subarray(0, trees.outputs),
          `${generality.name}, one row, ${engine}`,
        )
      }
    }
  }
  t.end()
})

t.test('rows of very many numbers are predicted a few at a time', (t) => {
  const own = createRandom(1, 302)
  const features = 30_000
  const trees = flatten(forest(own, { count: 3, features, outputs: 2 }))
  const X = randomRows(own, 40, features)
  const batch = new Float64Array(80)
  compileTreePredictor(trees).predictRows(X, batch)
  const plain = new Float64Array(2)
  for (let row = 0; row < 40; row++) {
    ensembleOutput(trees, rowOf(X, row), plain)
    t.same(batch.subarray(2 * row, 2 * row + 2), plain)
  }
  t.end()
})

t.test('extreme values and thresholds', (t) => {
  const { MAX_VALUE, MIN_VALUE, NEGATIVE_INFINITY, POSITIVE_INFINITY, NaN: missing } = Number
  const numbers = [
    0,
    -0,
    MIN_VALUE,
    -MIN_VALUE,
    MAX_VALUE,
    -MAX_VALUE,
    1,
    NEGATIVE_INFINITY,
    POSITIVE_INFINITY,
    missing,
  ]
  for (const comparison of ['<', '<='] as const) {
    for (const precision of ['float32', 'float64'] as const) {
      for (const threshold of numbers.filter(Number.isFinite)) {
        for (const missingLeft of [false, true]) {
          const trees = flatten([split(0, threshold, value(1, 1), value(2, 1), missingLeft)], {
            comparison,
            precision,
          })
          const predictor = compileTreePredictor(trees)
          const [plain, fast] = [new Float64Array(1), new Float64Array(1)]
          const wrong = numbers.filter((x) => {
            ensembleOutput(trees, row(x), plain)
            predictor.predict(row(x), fast)
            return plain[0] !== fast[0]
          })
          t.same(wrong, [], `${comparison} ${threshold} ${precision}, missing left: ${missingLeft}`)
        }
      }
    }
  }
  t.end()
})

t.test('without WebAssembly the reference answers', (t) => {
  const [, trees] = ensembles[0] as [string, TreeEnsemble]
  const X = randomRows(random, 5, 6)
  const answers = () => {
    const size = 2 * 6
    const phi = new Float64Array(5 * size)
    const against = new Float64Array(5 * size)
    const scores = new Float64Array(5 * 2)
    const pairs = new Float64Array(2 * 36)
    const shap = compileTreeShap(trees, 6)
    shap.explainRows(X, [0, 1], phi)
    shap.interactions(rowOf(X, 0), [0, 1], pairs)
    const interventional = compileInterventional(trees, 6, X)
    interventional.explainRows(X, [0, 1], against)
    compileTreePredictor(trees).predictRows(X, scores)
    return { plan: interventional.plan, numbers: [...phi, ...against, ...scores, ...pairs] }
  }
  const { WebAssembly } = globalThis
  t.ok(instantiateKernels(), 'kernels')
  const fast = answers()
  t.equal(fast.plan, 'tables')
  Reflect.deleteProperty(globalThis, 'WebAssembly')
  try {
    t.equal(instantiateKernels(), undefined, 'no kernels')
    const slow = answers()
    t.equal(slow.plan, 'sets')
    const worst = slow.numbers.reduce(
      (most, number, i) => Math.max(most, Math.abs(number - (fast.numbers[i] as number))),
      0,
    )
    t.ok(worst <= 1e-12, 'the same numbers', { worst })
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', {
      value: WebAssembly,
      configurable: true,
      writable: true,
    })
  }
  t.end()
})

/** All SHAP methods on ensembles of the whole generality, and on trees as deep as are accepted, against the definition. */
import t from 'tap'
import { rowOf } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { compileInterventional, type InterventionalOptions } from '../../src/shap/interventional.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import { expectedOutput, type TreeEnsemble } from '../../src/trees/ensemble.ts'
import { ensembleOutput } from '../trees/plain-trees.ts'
import {
  generalities,
  randomCells,
  randomEnsemble,
  randomTable,
} from '../trees/random-ensembles.ts'
import { chain, distance, failing, flatten, passing } from '../trees/random-trees.ts'
import { conditionalOutput, interactionValues, mixedOutput, shapleyValues } from './brute-force.ts'

const TOLERANCE = 1e-12
const FEATURES = 6
const engines = ['wasm', 'reference'] as const
const plans: Record<string, InterventionalOptions> = {
  tables: {},
  sets: { tableBytes: 0 },
  reference: { engine: 'reference' },
}

/** Returns the outputs of an ensemble, backwards and the first one twice. */
const outputsOf = (trees: TreeEnsemble) => [...Array(trees.outputs).keys(), 0].reverse()

t.test('path-dependent values and interactions', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const random = createRandom(i, 500)
    const worst = { phi: 0, base: 0, pairs: 0, batch: 0 }
    for (let repeat = 0; repeat < 4; repeat++) {
      const trees = randomEnsemble(random, { features: FEATURES, ...generality })
      const outputs = outputsOf(trees)
      const x = randomCells(random, FEATURES)
      const expected = outputs.map((k) => {
        const value = (mask: number) => conditionalOutput(trees, x, mask, k)
        return {
          base: value(0),
          phi: shapleyValues(FEATURES, value),
          pairs: interactionValues(FEATURES, value),
        }
      })
      for (const engine of engines) {
        const shap = compileTreeShap(trees, FEATURES, { engine })
        const phi = new Float64Array(outputs.length * FEATURES).fill(Number.NaN)
        shap.explain(x, outputs, phi)
        const pairs = new Float64Array(outputs.length * FEATURES ** 2).fill(Number.NaN)
        shap.interactions(x, outputs, pairs)
        const X = randomTable(random, 9, FEATURES)
        X.data.set(x, 4 * FEATURES)
        const batch = new Float64Array(9 * phi.length).fill(Number.NaN)
        shap.explainRows(X, outputs, batch)
        const bases = outputs.map((k) => shap.baseValues[k] as number)
        const of = <K extends 'phi' | 'pairs'>(key: K) => expected.flatMap((own) => own[key])
        worst.phi = Math.max(worst.phi, distance(phi, of('phi')))
        worst.pairs = Math.max(worst.pairs, distance(pairs, of('pairs')))
        const own = batch.subarray(4 * phi.length, 5 * phi.length)
        worst.batch = Math.max(worst.batch, distance(own, of('phi')))
        worst.base = Math.max(
          worst.base,
          distance(
            bases,
            expected.map(({ base }) => base),
          ),
        )
      }
    }
    for (const [what, difference] of Object.entries(worst))
      t.ok(difference <= TOLERANCE, `${generality.name}: ${what}`, { difference })
  }
  t.end()
})

t.test('interventional values by all plans, with and without covers', (t) => {
  for (const [i, generality] of generalities.entries()) {
    const random = createRandom(i, 501)
    const { cover: _, ...trees } = randomEnsemble(random, { features: FEATURES, ...generality })
    const outputs = outputsOf(trees)
    const background = randomTable(random, 7, FEATURES)
    const X = randomTable(random, 3, FEATURES)
    const expected = [0, 1, 2].flatMap((row) =>
      outputs.flatMap((k) =>
        shapleyValues(FEATURES, (mask) => {
          let sum = 0
          for (let b = 0; b < background.rows; b++)
            sum += mixedOutput(trees, rowOf(X, row), rowOf(background, b), mask, k)
          return sum / background.rows
        }),
      ),
    )
    for (const [plan, options] of Object.entries(plans)) {
      const shap = compileInterventional(trees, FEATURES, background, options)
      t.equal(shap.plan, plan === 'tables' ? 'tables' : 'sets')
      const size = outputs.length * FEATURES
      const batch = new Float64Array(3 * size).fill(Number.NaN)
      shap.explainRows(X, outputs, batch)
      const single = new Float64Array(3 * size).fill(Number.NaN)
      for (let row = 0; row < 3; row++)
        shap.explain(rowOf(X, row), outputs, single.subarray(row * size, (row + 1) * size))
      t.same(single, batch, `${generality.name}: ${plan}: rows are those of a batch`)
      const difference = distance(batch, expected)
      t.ok(difference <= TOLERANCE, `${generality.name}: ${plan}`, { difference })
    }
  }
  t.end()
})

t.test('one output asked is the same as among all', (t) => {
  const random = createRandom(1, 502)
  const general = { name: '', outputs: 5, count: 12, isByOutput: true }
  const trees = randomEnsemble(random, { features: FEATURES, ...general })
  const x = randomCells(random, FEATURES)
  const background = randomTable(random, 5, FEATURES)
  for (const shap of [
    compileTreeShap(trees, FEATURES),
    ...Object.values(plans).map((plan) => compileInterventional(trees, FEATURES, background, plan)),
  ]) {
    const all = new Float64Array(5 * FEATURES)
    shap.explain(x, [0, 1, 2, 3, 4], all)
    for (let k = 0; k < 5; k++) {
      const own = new Float64Array(FEATURES)
      shap.explain(x, [k], own)
      t.same(own, all.subarray(k * FEATURES, (k + 1) * FEATURES), `output ${k}`)
    }
  }
  t.end()
})

t.test('an output without a tree is its base, and nothing has an effect on it', (t) => {
  const random = createRandom(2, 503)
  const general = { name: '', outputs: 3, count: 4, isByOutput: true }
  for (const aggregation of ['mean', 'sum'] as const) {
    const grown = randomEnsemble(random, { features: FEATURES, ...general })
    const trees = { ...grown, aggregation, output: new Int32Array(4).fill(1) }
    const x = randomCells(random, FEATURES)
    for (const engine of engines) {
      const shap = compileTreeShap(trees, FEATURES, { engine })
      const phi = new Float64Array(2 * FEATURES).fill(Number.NaN)
      shap.explain(x, [0, 2], phi)
      t.same([...phi], new Array(2 * FEATURES).fill(0), `${aggregation}, ${engine}`)
      t.equal(shap.baseValues[2], trees.base[2])
    }
  }
  t.end()
})

t.test('without covers there is no path-dependent value', (t) => {
  const { cover: _, ...trees } = randomEnsemble(createRandom(3, 504), { name: '' })
  for (const engine of engines)
    t.throws(() => compileTreeShap(trees, FEATURES, { engine }), { name: 'RangeError' }, engine)
  t.end()
})

t.test('chains of 256 splits over few features agree with the definition', (t) => {
  const random = createRandom(4, 505)
  for (const distinct of [1, 3, 9]) {
    const order = Array.from({ length: 256 }, (_, level) =>
      level < distinct ? level : random.below(distinct),
    )
    const trees = flatten([chain(random, order)])
    const background = {
      rows: 2,
      columns: distinct,
      data: Float64Array.of(...failing(distinct), ...passing(distinct)),
    }
    for (const x of [passing(distinct), failing(distinct)]) {
      const value = (mask: number) => conditionalOutput(trees, x, mask, 0)
      const expected = shapleyValues(distinct, value)
      const pairs = interactionValues(distinct, value)
      for (const engine of engines) {
        const shap = compileTreeShap(trees, distinct, { engine })
        const phi = new Float64Array(distinct)
        shap.explain(x, [0], phi)
        t.ok(distance(phi, expected) <= TOLERANCE, `${distinct} features, ${engine}`)
        const found = new Float64Array(distinct ** 2)
        shap.interactions(x, [0], found)
        t.ok(distance(found, pairs) <= TOLERANCE, `${distinct} features, ${engine}: interactions`)
      }
      const mixed = shapleyValues(
        distinct,
        (mask) =>
          (mixedOutput(trees, x, rowOf(background, 0), mask, 0) +
            mixedOutput(trees, x, rowOf(background, 1), mask, 0)) /
          2,
      )
      for (const [plan, options] of Object.entries(plans)) {
        const phi = new Float64Array(distinct)
        compileInterventional(trees, distinct, background, options).explain(x, [0], phi)
        t.ok(distance(phi, mixed) <= TOLERANCE, `${distinct} features, ${plan}`)
      }
    }
  }
  t.end()
})

/**
 * SHAP values of a chain by the Bernstein form of the integrand, whose coefficients are sums of positive numbers: with
 * the factors R_i (1 − p) + s_i p of a leaf's other features, the integral is the mean of the coefficients.
 */
function chainValues(trees: TreeEnsemble, x: Float64Array): Float64Array {
  const phi = new Float64Array(x.length)
  const cover = trees.cover as Float64Array
  const visit = (node: number, path: readonly (Factor & { j: number })[]) => {
    const j = trees.feature[node] as number
    if (j < 0) {
      withoutEach(path).forEach((integral, at) => {
        const own = path[at]!
        phi[own.j] =
          (phi[own.j] as number) + (trees.value[node] as number) * (own.s - own.R) * integral
      })
      return
    }
    const [left, right] = [trees.left[node] as number, trees.right[node] as number]
    const share = (cover[left] as number) / ((cover[left] as number) + (cover[right] as number))
    const isLeft = (x[j] as number) <= (trees.threshold[node] as number)
    visit(left, [...path, { j, R: share, s: Number(isLeft) }])
    visit(right, [...path, { j, R: 1 - share, s: Number(!isLeft) }])
  }
  visit(0, [])
  return phi
}

interface Factor {
  readonly R: number
  readonly s: number
}

/** Returns the integral of the product of all factors but one, for each: halves share what the other half gives. */
function withoutEach(factors: readonly Factor[], others = Float64Array.of(1)): number[] {
  if (factors.length < 2)
    return factors.map(() => others.reduce((sum, own) => sum + own, 0) / others.length)
  const half = factors.length >> 1
  const [first, second] = [factors.slice(0, half), factors.slice(half)]
  return [
    ...withoutEach(first, second.reduce(timesFactor, others)),
    ...withoutEach(second, first.reduce(timesFactor, others)),
  ]
}

/** Returns the Bernstein coefficients of a product with one factor more. */
function timesFactor(coefficients: Float64Array, { R, s }: Factor): Float64Array<ArrayBuffer> {
  const degree = coefficients.length
  const product = new Float64Array(degree + 1)
  for (let k = 0; k < degree; k++) {
    const own = coefficients[k] as number
    product[k] = (product[k] as number) + (1 - k / degree) * R * own
    product[k + 1] = ((k + 1) / degree) * s * own
  }
  return product
}

t.test('256 different features on a path', (t) => {
  const random = createRandom(5, 506)
  const features = 256
  const trees = flatten([chain(random, [...Array(features).keys()])])
  // One row goes to the end; the other has left the path at every third feature from some point on.
  const rows = [passing(features), passing(features)]
  for (let j = 100; j < features; j += 3) rows[1]?.set([0 - (rows[1][j] as number)], j)
  const background = {
    rows: 2,
    columns: features,
    data: Float64Array.of(...failing(features), ...failing(features)),
  }
  const output = new Float64Array(1)
  for (const [i, x] of rows.entries()) {
    const expected = chainValues(trees, x)
    ensembleOutput(trees, x, output)
    const sum = expected.reduce((total, own) => total + own, expectedOutput(trees)[0] as number)
    t.ok(Math.abs(sum - (output[0] as number)) <= TOLERANCE, `row ${i}: the oracle adds up`)
    const values = engines.map((engine) => {
      const phi = new Float64Array(features)
      const shap = compileTreeShap(trees, features, { engine })
      shap.explain(x, [0], phi)
      t.ok(distance(phi, expected) <= TOLERANCE, `row ${i}, ${engine}`, {
        distance: distance(phi, expected),
      })
      const pairs = new Float64Array(features ** 2)
      shap.interactions(x, [0], pairs)
      const worst = phi.reduce((most, own, j) => {
        const row = pairs.subarray(j * features, (j + 1) * features)
        return Math.max(most, Math.abs(own - row.reduce((total, part) => total + part, 0)))
      }, 0)
      t.ok(worst <= TOLERANCE, `row ${i}, ${engine}: interactions add up`, { worst })
      return pairs
    }) as [Float64Array, Float64Array]
    t.ok(distance(...values) <= TOLERANCE, `row ${i}: interactions`)
    // All features part at once: the row's own count reaches 256.
    const [sets, plain] = [{ tableBytes: 0 }, { engine: 'reference' } as const].map((options) => {
      const phi = new Float64Array(features)
      compileInterventional(trees, features, background, options).explain(x, [0], phi)
      return phi
    }) as [Float64Array, Float64Array]
    t.ok(distance(sets, plain) <= TOLERANCE, `row ${i}: sets`, { distance: distance(sets, plain) })
    const base = compileInterventional(trees, features, background).baseValues[0] as number
    const total = sets.reduce((all, own) => all + own, base)
    t.ok(Math.abs(total - (output[0] as number)) <= TOLERANCE, `row ${i}: sets add up`)
  }
  t.end()
})

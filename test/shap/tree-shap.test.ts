/** Quadrature TreeSHAP against the definition of Shapley values, on trees made by a seeded generator. */
import assert from 'node:assert/strict'
import t, { type Test } from 'tap'
import { createRandom, type Random } from '../../src/data/random.ts'
import { gaussLegendre } from '../../src/shap/gauss-legendre.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import { goesLeft, type TreeEnsemble } from '../../src/trees/ensemble.ts'
import { coversOf, defaultExplainer } from '../models/ask-model.ts'
import { ensembleOutput } from '../trees/plain-trees.ts'
import {
  asShares,
  chain,
  distance,
  failing,
  flatten,
  forest,
  grow,
  leaf,
  type Options,
  passing,
  randomRow,
  randomRows,
  row,
  split,
  type Tree,
  value,
} from '../trees/random-trees.ts'
import { conditionalOutput, interactionValues, shapleyValues } from './brute-force.ts'

const TOLERANCE = 1e-12
/** What another order of additions may change, relative to values of a few units. */
const ROUNDING = 2e-14

t.test('random ensembles agree with the definition', (t) => {
  const cases: { name: string; options?: Options; grow: (random: Random) => Tree[] }[] = [
    { name: 'one tree', grow: (random) => forest(random, { count: 1 }) },
    { name: 'a forest', grow: (random) => forest(random, {}) },
    { name: 'features that repeat on a path', grow: (random) => forest(random, { features: 2 }) },
    { name: 'one feature only', grow: (random) => forest(random, { features: 1 }) },
    { name: 'three outputs', grow: (random) => forest(random, { outputs: 3 }) },
    { name: 'leaves that no row reached', grow: (random) => forest(random, { emptyLeaves: 0.5 }) },
    { name: 'covers that are all zero', grow: (random) => forest(random, { emptyLeaves: 1 }) },
    {
      name: 'covers of very different size',
      grow: (random) => forest(random, { coverRange: 12 }),
    },
    {
      name: 'trees of a single leaf among others',
      grow: (random) => [leaf(random, 2, 3), ...forest(random, {}), leaf(random, 2, 0)],
    },
    {
      name: 'a sum with a base',
      options: { aggregation: 'sum', base: Float64Array.of(-1.5, 0.25) },
      grow: (random) => forest(random, {}),
    },
    { name: 'rows that go left below', options: { comparison: '<' }, grow: (r) => forest(r, {}) },
    {
      name: 'inputs rounded to single precision',
      options: { precision: 'float32', comparison: '<' },
      grow: (random) => forest(random, {}),
    },
  ]
  for (const { name, options, grow } of cases) {
    t.test(name, (t) => {
      const random = createRandom(
        cases.findIndex((entry) => entry.name === name),
        100,
      )
      const worst = { phi: 0, base: 0, additivity: 0 }
      for (let repeat = 0; repeat < 6; repeat++) {
        const trees = flatten(grow(random), options)
        for (let row = 0; row < 4; row++) {
          const found = compareWithDefinition(trees, 6, randomRow(random, 6))
          for (const key of ['phi', 'base', 'additivity'] as const)
            worst[key] = Math.max(worst[key], found[key])
        }
      }
      isWithin(t, worst.phi, 'SHAP values are the Shapley values')
      isWithin(t, worst.base, 'base values are the expectation')
      isWithin(t, worst.additivity, 'they add up to the output')
      t.end()
    })
  }
  t.end()
})

t.test(
  'chains of depth 1 to 24 with up to 10 different features agree with the definition',
  (t) => {
    const random = createRandom(1, 101)
    for (let depth = 1; depth <= 24; depth++) {
      const distinct = Math.min(depth, 10)
      // Every feature at least once, then any of them again.
      const order = Array.from({ length: depth }, (_, level) =>
        level < distinct ? level : random.below(distinct),
      )
      const trees = flatten([chain(random, order)])
      const rows = [passing(distinct), failing(distinct), randomRow(random, distinct)]
      const found = rows.map((x) => compareWithDefinition(trees, distinct, x))
      isWithin(t, Math.max(...found.map(({ phi }) => phi)), `depth ${depth}`)
      isWithin(t, Math.max(...found.map(({ additivity }) => additivity)), `depth ${depth} adds up`)
    }
    t.end()
  },
)

t.test('the quadrature has enough points for every number of features on a path', (t) => {
  const random = createRandom(2, 102)
  for (let features = 1; features <= 20; features++) {
    const order = Array.from({ length: features }, (_, level) => level)
    const trees = flatten([chain(random, order)])
    // A row that satisfies every split makes the integrand's highest power the largest.
    for (const x of [passing(features), failing(features), randomRow(random, features)]) {
      const expected =
        features <= 12
          ? shapleyValues(features, (mask) => conditionalOutput(trees, x, mask, 0))
          : enumeratePaths(trees, features, x)
      const phi = explain(trees, features, x, [0])
      isWithin(t, distance(phi, expected), `${features} features`)
    }
  }
  t.end()
})

t.test('the oracle for long paths agrees with the definition where both can run', (t) => {
  const random = createRandom(3, 103)
  for (let features = 1; features <= 10; features++) {
    const order = Array.from({ length: 14 }, (_, level) => (level * 7) % features)
    const trees = flatten([chain(random, order), grow(random, { features, depth: 5 })])
    const x = randomRow(random, features)
    const expected = shapleyValues(features, (mask) => conditionalOutput(trees, x, mask, 0))
    isWithin(t, distance(enumeratePaths(trees, features, x), expected), `${features} features`)
  }
  t.end()
})

t.test('features without an effect have exactly 0, not −0', (t) => {
  const trees = flatten([
    // Feature 0 has an effect; both children of the split on 1 hold the same; no row ever failed the split on 2.
    split(0, 0.5, split(1, 0.5, value(-2, 3), value(-2, 4)), value(1, 5)),
    split(2, 9, value(-1, 7), value(4, 0)),
    value(-3, 6),
  ])
  for (const x of [row(0, 0, 0, 0), row(1, 1, 1, 1), row(0, 1, 8, -1)]) {
    const phi = explain(trees, 4, x, [0])
    t.not(phi[0], 0, 'the used feature has a value')
    for (const j of [1, 2, 3]) t.ok(Object.is(phi[j], 0), `feature ${j} of ${x.join(' ')}`)
  }
  const logit = { ...trees, kind: 'trees', link: 'logit', vote: 'soft' } as const
  const explainer = defaultExplainer(logit, { features: 4, classes: 2 })
  const phi = new Float64Array(8)
  explainer.explain(row(0, 0, 0, 0), [0, 1], phi)
  for (const j of [1, 2, 3, 5, 6, 7]) t.ok(Object.is(phi[j], 0), `class ${j < 4 ? 0 : 1}`)
  t.equal(phi[0], -(phi[4] as number), 'the other class has the opposite value')
  t.end()
})

t.test('a single leaf explains nothing and is the base value', (t) => {
  const trees = flatten([value(0.75, 10)])
  const shap = compileTreeShap(trees, 3)
  t.same([...shap.baseValues], [0.75])
  t.same([...explain(trees, 3, row(1, 2, 3), [0])], [0, 0, 0])
  t.ok(shap.cost < 100, 'nothing but what the features take')
  t.end()
})

t.test('a split shared half and half where no row came by', (t) => {
  const trees = flatten([split(0, 0, value(1, 0), value(0, 0))])
  t.same([...compileTreeShap(trees, 1).baseValues], [0.5])
  t.same([...explain(trees, 1, row(-1), [0])], [0.5])
  t.same([...explain(trees, 1, row(1), [0])], [-0.5])
  t.end()
})

t.test('a split worked out by hand', (t) => {
  // E = 0.25 · 4 + 0.75 · (0.5 · 0 + 0.5 · 8) = 4; the row reaches the 8.
  const trees = flatten([split(0, 0, value(4, 1), split(1, 0, value(0, 1.5), value(8, 1.5)))])
  t.same([...compileTreeShap(trees, 2).baseValues], [4])
  // v(0) = 4, v(1) = 0.25 · 4 + 0.75 · 8 = 7, v(01) = 8: mean of 0 and 1 for feature 0, of 3 and 4 for feature 1.
  isWithin(t, distance(explain(trees, 2, row(1, 1), [0]), [0.5, 3.5]), 'SHAP values')
  t.end()
})

t.test('two trees are averaged, or added to a base', (t) => {
  const pair = [split(0, 0, value(2, 1), value(6, 3)), split(0, 0, value(-4, 1), value(10, 1))]
  for (const [aggregation, base, output, expected] of [
    ['mean', 0, 8, 4],
    ['sum', 0.5, 16.5, 8.5],
  ] as const) {
    const trees = flatten(pair, { aggregation, base: Float64Array.of(base) })
    const answer = new Float64Array(1)
    ensembleOutput(trees, row(1), answer)
    t.same([...answer], [output], aggregation)
    t.same([...compileTreeShap(trees, 1).baseValues], [expected], `${aggregation}: base value`)
    const phi = explain(trees, 1, row(1), [0])
    isWithin(t, distance(phi, [output - expected]), `${aggregation}: SHAP value`)
  }
  t.end()
})

t.test(
  'outputs are explained in the order asked, and the memory of one row leaves no trace',
  (t) => {
    const random = createRandom(4, 104)
    const trees = flatten(forest(random, { outputs: 3 }))
    const shap = compileTreeShap(trees, 6)
    const [a, b] = [randomRow(random, 6), randomRow(random, 6)]
    const single = [0, 1, 2].map((output) => explain(trees, 6, a, [output]))
    const phi = new Float64Array(12).fill(Number.NaN)
    shap.explain(b, [0, 1], phi)
    shap.explain(a, [2, 0], phi)
    t.same([...phi], [...(single[2] ?? []), ...(single[0] ?? [])])
    t.end()
  },
)

t.test('a row goes left', (t) => {
  const third = Math.fround(1 / 3)
  const cases: [string, Options, number, number, boolean, boolean][] = [
    // name, options, threshold, x, missing goes left, expected
    ['below the threshold', {}, 1, 0.5, false, true],
    ['at the threshold with ≤', { comparison: '<=' }, 1, 1, false, true],
    ['not at the threshold with <', { comparison: '<' }, 1, 1, false, false],
    ['not above the threshold', {}, 1, 1.5, false, false],
    ['when its value is missing and missing values go left', {}, 1, Number.NaN, true, true],
    ['not when its value is missing and they go right', {}, 1, Number.NaN, false, false],
    ['missing with <, too', { comparison: '<' }, 1, Number.NaN, true, true],
    ['at a double between two floats', { precision: 'float64' }, 0.1, 0.1, false, true],
    [
      'not where rounding to a float lifts it above',
      { precision: 'float32' },
      0.1,
      0.1,
      false,
      false,
    ],
    [
      'where rounding brings it to the threshold',
      { precision: 'float32' },
      third,
      third + 1e-9,
      false,
      true,
    ],
    [
      'not with the same numbers unrounded',
      { precision: 'float64' },
      third,
      third + 1e-9,
      false,
      false,
    ],
    [
      'at the float threshold with <: no',
      { precision: 'float32', comparison: '<' },
      third,
      third - 1e-9,
      false,
      false,
    ],
    ['by its sign at zero: no', { comparison: '<' }, 0, -0, false, false],
    ['with −∞', { comparison: '<' }, 0, Number.NEGATIVE_INFINITY, false, true],
  ]
  for (const [name, options, threshold, x, missingLeft, expected] of cases) {
    const trees = flatten([split(0, threshold, value(1, 1), value(0, 1), missingLeft)], options)
    t.equal(goesLeft(trees, 0, row(x)), expected, name)
    isWithin(t, compareWithDefinition(trees, 1, row(x)).phi, `${name}: SHAP value`)
  }
  t.end()
})

t.test('interactions of random ensembles agree with the definition', (t) => {
  const random = createRandom(5, 105)
  const cases: [string, Parameters<typeof forest>[1], Options?][] = [
    ['a forest', {}],
    ['features that repeat on a path', { features: 3, depth: 7 }],
    ['covers that are all zero', { emptyLeaves: 1 }],
    ['one feature only', { features: 1 }],
    ['a sum of three outputs', { outputs: 3 }, { aggregation: 'sum', base: new Float64Array(3) }],
  ]
  for (const [name, growth, options] of cases) {
    const features = 6
    const trees = flatten(forest(random, growth), options)
    const x = randomRow(random, features)
    const outputs = Array.from({ length: trees.outputs }, (_, k) => k)
    for (const engine of ['wasm', 'reference'] as const) {
      const out = new Float64Array(trees.outputs * features ** 2).fill(Number.NaN)
      compileTreeShap(trees, features, { engine }).interactions(x, outputs, out)
      for (const k of outputs) {
        const expected = interactionValues(features, (mask) => conditionalOutput(trees, x, mask, k))
        const own = out.subarray(k * features ** 2, (k + 1) * features ** 2)
        isWithin(t, distance(own, expected), `${name}, output ${k}, ${engine}`)
      }
    }
  }
  t.end()
})

t.test(
  'interactions on chains of 1 to 20 features: both engines, and rows sum to the SHAP values',
  (t) => {
    const random = createRandom(6, 106)
    for (let features = 1; features <= 20; features++) {
      const order = Array.from({ length: features + 2 }, (_, level) => level % features)
      const trees = flatten([chain(random, order)])
      const x = passing(features)
      const [fast, slow] = (['wasm', 'reference'] as const).map((engine) => {
        const out = new Float64Array(features ** 2)
        compileTreeShap(trees, features, { engine }).interactions(x, [0], out)
        return out
      }) as [Float64Array, Float64Array]
      isWithin(t, distance(fast, slow), `${features} features`)
      const sums = Array.from({ length: features }, (_, j) =>
        fast.subarray(j * features, (j + 1) * features).reduce((sum, part) => sum + part, 0),
      )
      isWithin(t, distance(sums, explain(trees, features, x, [0])), `${features} features: sums`)
    }
    t.end()
  },
)

t.test(
  'splits over two forks, of new and of repeated features, below paths of 1 to 20 features',
  (t) => {
    const random = createRandom(9, 109)
    const fork = (feature: number, outputs: number) => {
      const ends = [1, 2].map(() => leaf(random, outputs, 0.5 + random.uniform())) as [Tree, Tree]
      return split(feature, random.uniform() - 0.5, ...ends)
    }
    for (let features = 1; features <= 20; features++) {
      for (const outputs of [1, 3]) {
        // All that a path may do: the split and its forks ask features of the path, of each other, or new ones.
        const quartets = Array.from({ length: 12 }, () => {
          const [own, left, right] = [0, 1, 2].map(() => random.below(features)) as [
            number,
            number,
            number,
          ]
          const quartet = split(own, 0.1, fork(left, outputs), fork(right, outputs))
          return Array.from(
            { length: random.below(features + 1) },
            (_, level) => level,
          ).reduceRight<Tree>(
            (below, feature) =>
              random.below(2) === 0
                ? split(feature, 0, below, leaf(random, outputs, 1))
                : split(feature, 0, leaf(random, outputs, 1), below),
            quartet,
          )
        })
        const trees = flatten(quartets)
        const asked = [2, 0].slice(0, outputs).map((output) => Math.min(output, outputs - 1))
        for (const x of [passing(features), failing(features), randomRow(random, features)])
          explain(trees, features, x, asked)
      }
    }
    t.end()
  },
)

t.test('a batch is its rows, whatever its length', (t) => {
  const random = createRandom(7, 107)
  const shares = flatten(forest(random, { outputs: 1, depth: 8, count: 5 }))
  const cases: [string, TreeEnsemble, readonly number[]][] = [
    ['one output', shares, [0]],
    ['outputs that sum to one, all asked', asShares(shares), [0, 1]],
    ['outputs that sum to one, the last asked twice', asShares(shares), [1, 1]],
    ['three outputs', flatten(forest(random, { outputs: 3 })), [2, 0, 1]],
    ['single leaves only', flatten([value(1, 1)]), [0]],
    [
      'nine points',
      flatten([
        chain(
          random,
          [...Array(18).keys()].map((j) => j % 6),
        ),
        chain(random, [...Array(6).keys()]),
      ]),
      [0],
    ],
  ]
  for (const [name, trees, outputs] of cases) {
    const shap = compileTreeShap(trees, 6)
    for (const rows of [0, 1, 3, 4, 5, 1030]) {
      const X = randomRows(random, rows, 6)
      const size = outputs.length * 6
      const batch = new Float64Array(rows * size)
      shap.explainRows(X, outputs, batch)
      const single = new Float64Array(rows * size)
      for (let i = 0; i < rows; i++)
        shap.explain(
          X.data.subarray(i * 6, (i + 1) * 6),
          outputs,
          single.subarray(i * size, (i + 1) * size),
        )
      t.ok(distance(batch, single) <= ROUNDING, `${name}, ${rows} rows`)
    }
  }
  t.end()
})

t.test('an output that there is not is refused', (t) => {
  const shap = compileTreeShap(flatten([split(0, 0, value(1, 1), value(2, 1))]), 1)
  for (const output of [1, -1, Number.NaN])
    t.throws(() => shap.explain(row(0), [output], new Float64Array(1)), RangeError, `${output}`)
  t.end()
})

t.test('the Gauss-Legendre rule', (t) => {
  for (let n = 1; n <= 16; n++) {
    const { nodes, weights } = gaussLegendre(n)
    let worst = 0
    for (let degree = 0; degree <= 2 * n - 1; degree++)
      worst = Math.max(worst, Math.abs(integrate(n, degree) - 1 / (degree + 1)))
    t.ok(worst <= 4e-15, `${n} points are exact to degree ${2 * n - 1}`, { worst })
    // The first power that n points miss: ∫ P_n² / (leading coefficient)² on (0, 1).
    const missed = 1 / (2 * n + 1) / binomial(2 * n, n) ** 2
    const miss = 1 / (2 * n + 1) - integrate(n, 2 * n)
    if (n <= 7)
      t.ok(Math.abs(miss / missed - 1) < 1e-3, `${n} points miss degree ${2 * n}`, { miss })
    t.ok(
      nodes.every((node, i) => node > (nodes[i - 1] ?? 0) && node < 1),
      'nodes ascend inside (0, 1)',
    )
    t.ok(
      weights.every((weight) => weight > 0),
      'weights are positive',
    )
    t.equal(gaussLegendre(n), gaussLegendre(n), 'a rule is made once')
  }
  t.end()
})

/** Largest differences of an explanation from the definition, over all outputs. */
function compareWithDefinition(trees: TreeEnsemble, features: number, x: Float64Array) {
  const outputs = Array.from({ length: trees.outputs }, (_, k) => k)
  const phi = explain(trees, features, x, outputs)
  const { baseValues } = compileTreeShap(trees, features)
  const answer = new Float64Array(trees.outputs)
  ensembleOutput(trees, x, answer)
  const worst = { phi: 0, base: 0, additivity: 0 }
  for (const k of outputs) {
    const value = (mask: number) => conditionalOutput(trees, x, mask, k)
    const own = phi.subarray(k * features, (k + 1) * features)
    const base = baseValues[k] as number
    const total = own.reduce((sum, part) => sum + part, base)
    worst.phi = Math.max(worst.phi, distance(own, shapleyValues(features, value)))
    worst.base = Math.max(worst.base, distance([base], [value(0)]))
    worst.additivity = Math.max(worst.additivity, distance([total], [answer[k] as number]))
  }
  return worst
}

/** Explains a row by the kernels, and makes sure that the reference and a batch say the same. */
function explain(
  trees: TreeEnsemble,
  features: number,
  x: Float64Array,
  outputs: readonly number[],
): Float64Array {
  const make = () => new Float64Array(features * outputs.length).fill(Number.NaN)
  const [phi, reference, batch] = [make(), make(), make()]
  const shap = compileTreeShap(trees, features)
  shap.explain(x, outputs, phi)
  shap.explainRows({ rows: 1, columns: features, data: x }, outputs, batch)
  compileTreeShap(trees, features, { engine: 'reference' }).explain(x, outputs, reference)
  assert(
    distance(phi, reference) <= TOLERANCE,
    `the reference differs by ${distance(phi, reference)}`,
  )
  assert(distance(phi, batch) <= ROUNDING, `a batch differs by ${distance(phi, batch)}`)
  return phi
}

/**
 * Shapley values of output 0 leaf by leaf, without quadrature: with d features on a leaf's path,
 * phi_j = v (s_j − R_j) Σ_k k! (d − 1 − k)! / d! · [z^k] Π_{i ≠ j} (R_i + s_i z).
 */
function enumeratePaths(trees: TreeEnsemble, features: number, x: Float64Array): Float64Array {
  const phi = new Float64Array(features)
  const weight = trees.aggregation === 'mean' ? 1 / trees.roots.length : 1
  const visit = (node: number, path: ReadonlyMap<number, { R: number; s: number }>) => {
    const feature = trees.feature[node] as number
    if (feature < 0) {
      const value = (trees.value[node * trees.outputs] as number) * weight
      for (const [j, { R, s }] of path) {
        const others = [...path].filter(([i]) => i !== j).map(([, factor]) => factor)
        phi[j] = (phi[j] as number) + value * (s - R) * averageOverOrders(others)
      }
      return
    }
    const children = [trees.left[node] as number, trees.right[node] as number]
    const covers = children.map((child) => coversOf(trees)[child] as number)
    const total = covers.reduce((sum, cover) => sum + cover, 0)
    children.forEach((child, side) => {
      const before = path.get(feature) ?? { R: 1, s: 1 }
      const taken = goesLeft(trees, node, x) === (side === 0) ? 1 : 0
      const share = total > 0 ? (covers[side] as number) / total : 0.5
      visit(child, new Map(path).set(feature, { R: before.R * share, s: before.s * taken }))
    })
  }
  for (const root of trees.roots) visit(root, new Map())
  return phi
}

function averageOverOrders(others: readonly { R: number; s: number }[]): number {
  let polynomial = [1]
  for (const { R, s } of others) {
    polynomial = Array.from(
      { length: polynomial.length + 1 },
      (_, k) => R * (polynomial[k] ?? 0) + s * (polynomial[k - 1] ?? 0),
    )
  }
  const d = others.length + 1
  return polynomial.reduce((sum, part, k) => sum + part / (d * binomial(d - 1, k)), 0)
}

function integrate(points: number, degree: number): number {
  const { nodes, weights } = gaussLegendre(points)
  return weights.reduce((sum, weight, q) => sum + weight * (nodes[q] as number) ** degree, 0)
}

function binomial(n: number, k: number): number {
  let result = 1
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
  return result
}

function isWithin(t: Test, difference: number, name: string): void {
  t.ok(difference <= TOLERANCE, name, { difference })
}

/** Distances, tests and the order of attributions against SciPy 1.x, scikit-learn and their plain definitions. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { attributionNdcg, driftOfAttribution } from '../../../src/evaluation/drift/attribution.ts'
import { jensenShannon, stabilityIndex } from '../../../src/evaluation/drift/distances.ts'
import {
  chiSquaredTail,
  homogeneity,
  largerShare,
  otherShare,
} from '../../../src/evaluation/drift/significance.ts'

function near(t: Test, found: number, wanted: number, name: string): void {
  t.ok(Math.abs(found - wanted) <= 1e-9 * Math.abs(wanted), `${name}: ${found}, not ${wanted}`)
}

t.test('tests of significance equal those of SciPy', (t) => {
  for (const [value, freedom, wanted] of [
    [0.5, 1, 0.47950012218695337],
    [3.84, 1, 0.05004352124870519],
    [20, 7, 0.005569683072945574],
    [100, 80, 0.064570368921133],
    [400, 9, 1.3699125019662825e-80],
  ] as const)
    near(t, chiSquaredTail(value, freedom), wanted, `chi2.sf(${value}, ${freedom})`)
  for (const [count, rows, known, of, wanted] of [
    [7, 100, 2, 200, 0.007443362848289248],
    [3, 20, 0, 200, 0.0006512276211911753],
    [520, 100_000, 450, 100_000, 0.013155420071232615],
    [20, 20, 190, 200, 0.3774955869169357],
  ] as const) {
    const p = largerShare({ count: known, rows: of }, { count, rows })
    near(t, p, wanted, `fisher_exact ${count} of ${rows}, ${known} of ${of}`)
  }
  near(t, homogeneity([30, 50, 20], [10, 60, 30]), 0.0015733542800576339, 'chi2_contingency')
  t.end()
})

t.test('distances equal those of SciPy and the definition', (t) => {
  near(t, jensenShannon([30, 50, 20], [10, 60, 30]), 0.21975010849185064, 'jensenshannon, base 2')
  near(
    t,
    stabilityIndex([30, 50, 20], [10, 60, 30]),
    0.27850112422383383,
    'population stability index',
  )
  const counts = fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(counts, counts, (a, b) => {
      const psi = stabilityIndex(a, b)
      const distance = jensenShannon(a, b)
      t.ok(psi >= 0 && distance >= 0 && distance <= 1)
      t.ok(Math.abs(psi - stabilityIndex(b, a)) < 1e-12, 'either way')
      t.equal(stabilityIndex(a, a), 0)
      const p = homogeneity(a, b)
      t.ok(p >= 0 && p <= 1)
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('shares that are not larger, and empty sides, are no news', (t) => {
  const [none, some] = [
    { count: 0, rows: 0 },
    { count: 3, rows: 10 },
  ]
  t.equal(largerShare(none, some), 1)
  t.equal(largerShare(some, none), 1)
  t.equal(largerShare(some, some), 1)
  t.equal(otherShare(some, { count: 3, rows: 10 }), 1)
  t.equal(homogeneity([0, 0], [5, 5]), 1)
  t.equal(homogeneity([500], [500]), 1, 'a single bin')
  t.equal(homogeneity([3, 2], [2, 3]), 1, 'too few rows for two bins')
  t.ok(otherShare({ count: 500, rows: 1000 }, { count: 300, rows: 1000 }) < 1e-9, 'fewer is other')
  t.end()
})

/** The formula as it stands in Clarify's documentation, without ties. */
function plainNdcg(training: readonly number[], live: readonly number[]): number {
  const gain = (scores: readonly number[]) =>
    training
      .map((_, column) => column)
      .sort((a, b) => scores[b]! - scores[a]!)
      .reduce((sum, column, place) => sum + training[column]! / Math.log2(place + 2), 0)
  return gain(live) / gain(training)
}

t.test(
  'the order of attributions equals scikit-learn and a plain evaluation of its formula',
  (t) => {
    near(
      t,
      attributionNdcg([0.7, 0.5, 0.05], [0.1, 0.2, 0.7]),
      0.687639624122622,
      "the documentation's example",
    )
    near(t, attributionNdcg([0.7, 0.5, 0.05, 0], [0.1, 0.1, 0.7, 0.1]), 0.6484049002615921, 'ties')
    const value = fc.double({ min: 1e-6, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(value, value), {
          minLength: 1,
          maxLength: 40,
          comparator: (a, b) => a[1] === b[1] || a[0] === b[0],
        }),
        (columns) => {
          const [training, live] = [columns.map(([a]) => a), columns.map(([, b]) => b)]
          const found = attributionNdcg(training, live)
          t.ok(Math.abs(found - plainNdcg(training, live)) < 1e-12, `${found}`)
          t.ok(attributionNdcg(training, training) === 1 && found <= 1 + 1e-12)
        },
      ),
      { numRuns: 500 },
    )
    t.equal(attributionNdcg([0, 0], [1, 2]), 1, 'a model that looks at nothing has no order')
    t.end()
  },
)

t.test('resamples say how high the score may be by chance', (t) => {
  // Every row turns the order round, or half of them do.
  const rows = (turned: (row: number) => boolean) => ({
    rows: 400,
    outputs: 1,
    columns: 2,
    absolute: Float64Array.from({ length: 800 }, (_, i) =>
      turned(i >> 1) === (i % 2 === 1) ? 1 : 0.1,
    ),
  })
  const training = [1, 0.01]
  const turned = driftOfAttribution(
    training,
    rows(() => true),
    0,
    0,
  )
  t.ok(turned.ndcg < 0.7 && turned.highest === turned.ndcg)
  const undecided = driftOfAttribution(
    training,
    rows((row) => row % 2 === 0),
    0,
    0,
  )
  t.equal(undecided.highest, 1, 'among the resamples are some in the old order')
  t.same(
    driftOfAttribution(
      training,
      rows((row) => row % 2 === 0),
      0,
      0,
    ),
    undecided,
    'a seed',
  )
  t.end()
})

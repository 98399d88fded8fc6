/** What the kernels see of a row: copies for missing values, one number per different view; and where codes change sides. */
import t from 'tap'
import { createRandom } from '../../src/data/random.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { leftComparison } from '../../src/trees/ensemble.ts'
import { planRows } from '../../src/trees/row-layout.ts'
import { type ColumnView, codeCuts, hasCode } from '../../src/trees/views.ts'
import { bytesOfCodes, isLeftOf } from './plain-trees.ts'
import { generalities, randomCells, randomEnsemble } from './random-ensembles.ts'
import { flatten, split, value } from './random-trees.ts'

/** The ensemble on every 40th of many columns, which are picked out of a row. */
function spread(trees: TreeEnsemble): TreeEnsemble {
  return {
    ...trees,
    feature: trees.feature.map((feature) => (feature < 0 ? feature : 40 * feature)),
    views: trees.views?.map((view) => ({ ...view, feature: 40 * view.feature })),
  }
}

t.test('what a node compares goes the way that the definition says', (t) => {
  for (const [i, { generality, isWide }] of generalities
    .flatMap((generality) => [false, true].map((isWide) => ({ generality, isWide })))
    .entries()) {
    const random = createRandom(i, 510)
    const narrow = randomEnsemble(random, generality)
    const [trees, columns] = isWide ? [spread(narrow), 240] : [narrow, 6]
    const layout = planRows(trees, columns)
    if (isWide) t.ok(layout.length < columns, 'few columns are picked')
    for (let repeat = 0; repeat < 100; repeat++) {
      const x = randomCells(random, columns)
      const row = new Float64Array(3 * layout.length + 1).fill(Number.POSITIVE_INFINITY)
      layout.put(Float64Array.of(9, ...x), 1, row, 1, 3)
      const wrong = [...trees.feature.keys()].filter((node) => {
        if (trees.feature[node] === -1) return false
        const seen = row[1 + (3 * layout.offsetOf(node)) / 8] as number
        return seen <= leftComparison(trees, node) !== isLeftOf(trees, node, x)
      })
      t.strictSame(wrong, [], `${generality.name}: ${x.join(' ')}`)
    }
  }
  t.end()
})

/** A chain of nodes on features, through views. */
function looking(views: readonly ColumnView[], nodes: readonly [number, boolean][]): TreeEnsemble {
  const chain = nodes.reduceRight(
    (below, [, missingLeft], i) => split(i % 2, 0.5, value(i, 1), below, missingLeft),
    value(-1, 1),
  )
  const trees = flatten([chain])
  let next = 0
  const view = trees.feature.map((own) => (own < 0 ? -1 : (nodes[next++]?.[0] ?? -1)))
  const feature = trees.feature.map((own, node) => {
    const number = view[node] as number
    return own < 0 || number < 0 ? own : (views[number]?.feature ?? own)
  })
  return { ...trees, feature, view, views }
}

t.test('equal views share one number, whichever nodes look through them', (t) => {
  const codes = bytesOfCodes([1, 3, 40])
  const views: ColumnView[] = [
    { kind: 'codes_left', feature: 0, codes },
    { kind: 'codes_left', feature: 0, codes: codes.slice() },
    { kind: 'codes_right', feature: 0, codes },
    { kind: 'codes_left', feature: 1, codes },
    { kind: 'codes_left', feature: 0, codes: bytesOfCodes([1, 3]) },
    { kind: 'missing_as_zero', feature: 0, codes: new Uint8Array(0) },
    { kind: 'zero_as_missing', feature: 0, codes: new Uint8Array(0) },
    { kind: 'codes_right', feature: 5, codes },
  ]
  for (const [what, nodes, expected] of [
    ['plain numbers', [[-1, false]], 0],
    ['one copy for missing values that go left', [[-1, true]], 2],
    [
      'the same view twice',
      [
        [0, false],
        [0, false],
      ],
      1,
    ],
    [
      'the same content in two views',
      [
        [0, false],
        [1, false],
      ],
      1,
    ],
    [
      'another side for missing values',
      [
        [0, false],
        [0, true],
      ],
      2,
    ],
    [
      'missing zeros need no side',
      [
        [5, false],
        [5, true],
      ],
      1,
    ],
    [
      'zeros that are missing do',
      [
        [6, false],
        [6, true],
      ],
      2,
    ],
    [
      'others',
      [
        [0, false],
        [2, false],
        [3, false],
        [4, false],
        [5, false],
        [6, false],
      ],
      6,
    ],
  ] as [string, [number, boolean][], number][])
    t.equal(planRows(looking(views, nodes), 2).length - 2, expected, what)
  t.end()
})

t.test('codes change sides exactly at the cuts', (t) => {
  const random = createRandom(1, 511)
  for (let repeat = 0; repeat < 200; repeat++) {
    const set = Array.from({ length: random.below(6) }, () => random.below(20))
    const view: ColumnView = { kind: 'codes_left', feature: 0, codes: bytesOfCodes(set) }
    const cuts = codeCuts(view)
    // The side of a number by the cuts below it.
    const isIn = (x: number) => cuts.filter((cut) => x > cut).length % 2 === 1
    const numbers = [-2, -1, -0.999, -0.5, -0, 0, 0.5, 0.999, 25, 1e9]
    for (let code = 0; code < 22; code++) numbers.push(code, code + 0.5, code - 1e-12)
    const wrong = numbers.filter((x) => isIn(x) !== hasCode(view.codes, x))
    t.strictSame(wrong, [], set.join(' '))
  }
  t.end()
})

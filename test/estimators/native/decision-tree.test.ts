/** Native trees: scikit-learn's trees, the definition of a best split, limits and missing values. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { type Column, findColumn } from '../../../src/data/frame.ts'
import { type Matrix, rowOf, zeros } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import { decisionTree } from '../../../src/estimators/native/decision-tree.ts'
import { createRadixOrder } from '../../../src/estimators/native/radix-order.ts'
import { randomForest } from '../../../src/estimators/native/random-forest.ts'
import type { TreesSpec } from '../../../src/models/model.ts'
import { readCsvTable } from '../../../src/tables/formats/read-text.ts'
import { findLeaf } from '../../../src/trees/ensemble.ts'
import type { Labelled } from '../../contract.ts'
import { coversOf } from '../../models/ask-model.ts'
import { compareTrees, gainOf, leftOf, type SklearnTree } from '../../training/compare-trees.ts'
import { fitTrees, type Given, noisy } from './fit-trees.ts'

// ---- scikit-learn's trees ----------------------------------------------------------------------------------------

interface FixtureTree extends SklearnTree {
  readonly data: string
  readonly weighted: boolean
  readonly columns: readonly string[]
}

const targets: Readonly<Record<string, string>> = {
  titanic: 'Survived',
  penguins: 'species',
  'credit-g': 'class',
}

t.test('trees are those of scikit-learn', async (t) => {
  const path = new URL('../../fixtures/decision-trees.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: FixtureTree[] }
  for (const expected of cases) {
    const { names, ...data } = readData(expected)
    const title = `${expected.data} ${JSON.stringify(expected.params)}${expected.weighted ? ' weighted' : ''}`
    const weight = (row: number) => (expected.weighted ? (row % 4) / 2 : 1)
    const sampleWeight = Float64Array.from(data.y, (_, row) => weight(row))
    const spec = await fitTrees(decisionTree, data, expected.params, {
      classNames: names,
      ...(expected.weighted ? { sampleWeight } : {}),
    })
    const { differences, same, ties } = compareTrees(spec, expected, data, weight)
    t.strictSame(differences, [], title)
    t.ok(ties <= 0.2 * expected.feature.length, `${title}: few ties`, { same, ties })
  }
  t.equal(cases.length, 13)
})

function readData({ data, columns }: FixtureTree): Labelled & { names: string[] } {
  const path = new URL(`../../../data/${data}.csv`, import.meta.url)
  const frame = readCsvTable(readFileSync(path, 'utf8'))
  const X = zeros(frame.length, columns.length)
  columns.forEach((name, j) => {
    const numbers = toNumbers(findColumn(frame, name) as Column)
    numbers.forEach((value, row) => {
      X.data[row * columns.length + j] = value
    })
  })
  const target = findColumn(frame, targets[data] as string) as Column
  const names = target.kind === 'text' ? [...target.levels].sort() : ['0', '1']
  const y = Int32Array.from(toNumbers(target))
  return { X, y, classes: names.length, names }
}

function toNumbers(column: Column): Float64Array {
  if (column.kind === 'number') return column.values
  const sorted = [...column.levels].sort()
  return Float64Array.from(column.codes, (code) =>
    code < 0 ? Number.NaN : sorted.indexOf(column.levels[code] as string),
  )
}

// ---- The definition of a best split ------------------------------------------------------------------------------

const criteria = ['gini', 'entropy'] as const

interface Drawn extends Labelled {
  readonly sampleWeight: Float64Array | undefined
  readonly params: Given
}

/** Small tables with ties, missing values, constant and binary columns, and weights of all kinds. */
const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    rows: fc.integer({ min: 2, max: 40 }),
    columns: fc.integer({ min: 1, max: 5 }),
    classes: fc.integer({ min: 2, max: 4 }),
    levels: fc.constantFrom(1, 2, 3, 40),
    missing: fc.constantFrom(0, 0, 0.2),
    weights: fc.constantFrom('none', 'whole', 'shares'),
    seed: fc.nat(),
    criterion: fc.constantFrom(...criteria),
    min_samples_leaf: fc.constantFrom(1, 1, 3),
    max_depth: fc.constantFrom(null, 3),
  })
  .map(({ rows, columns, classes, levels, missing, weights, seed, ...params }) => {
    const random = createRandom(seed, 300)
    const X = zeros(rows, columns)
    for (let i = 0; i < X.data.length; i++) {
      const level = 1 + random.below(levels)
      X.data[i] = random.uniform() < missing ? Number.NaN : level * 1.25 - 3
    }
    const y = Int32Array.from({ length: rows }, (_, row) =>
      row < classes ? row % classes : random.below(classes),
    )
    const sampleWeight =
      weights === 'none'
        ? undefined
        : Float64Array.from({ length: rows }, (_, row) =>
            row === 0 ? 1 : weights === 'whole' ? random.below(4) : random.uniform(),
          )
    return { X, y, classes, sampleWeight, params }
  })

t.test('every split is a best one, and every leaf has a reason', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(drawn, async (data) => {
        const { sampleWeight, params } = data
        const spec = await fitTrees(
          decisionTree,
          data,
          params,
          sampleWeight ? { sampleWeight } : {},
        )
        checkNodes(spec, data)
      }),
      { numRuns: 400, seed: 5 },
    ),
  )
})

/** Throws where a node is not as the definition has it. */
function checkNodes(spec: TreesSpec, { X, y, classes, sampleWeight, params }: Drawn): void {
  const weight = (row: number) => (sampleWeight ? (sampleWeight[row] as number) : 1)
  const leastRows = (params.min_samples_leaf as number | undefined) ?? 1
  const criterion = params.criterion as string
  const rowsOf = new Map<number, number[]>()
  const all = Array.from(y.keys()).filter((row) => weight(row) > 0)
  const visits = [{ node: spec.roots[0] as number, rows: all, depth: 0 }]
  for (let visit = visits.pop(); visit; visit = visits.pop()) {
    const { node, rows, depth } = visit
    rowsOf.set(node, rows)
    const best = bestGain(X, rows, y, classes, weight, criterion, leastRows)
    if ((spec.feature[node] as number) < 0) {
      const isPure = new Set(rows.map((row) => y[row])).size === 1
      const isDeep = depth === params.max_depth
      const isSmall = rows.length < 2 * leastRows
      if (!isPure && !isDeep && !isSmall && best !== undefined)
        throw new Error(`node ${node} of ${rows.length} rows is a leaf without a reason`)
      const total = rows.reduce((sum, row) => sum + weight(row), 0)
      for (let k = 0; k < classes; k++) {
        const own = rows.reduce((sum, row) => sum + (y[row] === k ? weight(row) : 0), 0)
        const share = spec.value[node * classes + k] as number
        if (Math.abs(share - own / total) > 1e-12) throw new Error(`node ${node}: share ${share}`)
      }
      continue
    }
    const isLeft = (row: number) => leftOf(spec, node, rowOf(X, row))
    const gain = gainOf(rows, isLeft, y, classes, weight, criterion)
    if (best === undefined || gain < best - 1e-12)
      throw new Error(`node ${node} gains ${gain}, the best split ${best}`)
    const left = rows.filter(isLeft)
    const right = rows.filter((row) => !isLeft(row))
    if (left.length < leastRows || right.length < leastRows) throw new Error('a leaf is too small')
    visits.push({ node: spec.left[node] as number, rows: left, depth: depth + 1 })
    visits.push({ node: spec.right[node] as number, rows: right, depth: depth + 1 })
  }
}

/** Largest gain of all splits by the definition; undefined when there is no split. */
function bestGain(
  X: Matrix,
  rows: readonly number[],
  y: Int32Array,
  classes: number,
  weight: (row: number) => number,
  criterion: string,
  leastRows: number,
): number | undefined {
  let best: number | undefined
  for (let j = 0; j < X.columns; j++) {
    const numberOf = (row: number) => X.data[row * X.columns + j] as number
    const present = rows.map(numberOf).filter((value) => !Number.isNaN(value))
    for (const cut of new Set(present)) {
      for (const missingLeft of [false, true]) {
        const isLeft = (row: number) =>
          Number.isNaN(numberOf(row)) ? missingLeft : numberOf(row) <= cut
        const left = rows.filter(isLeft).length
        if (left < leastRows || rows.length - left < leastRows || left === rows.length) continue
        const gain = gainOf(rows, isLeft, y, classes, weight, criterion)
        if (best === undefined || gain > best) best = gain
      }
    }
  }
  return best
}

t.test('rows that weigh next to nothing make no split the best', async (t) => {
  for (const criterion of criteria) {
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(seed, 302)
      const X = zeros(40, 1)
      X.data.forEach((_, row) => {
        X.data[row] = random.uniform()
      })
      const y = Int32Array.from(X.data, (_, row) => (row < 2 ? row : random.below(2)))
      const sampleWeight = X.data.map((x) => (x > 0.9 ? 1e-18 : 1) * (0.1 + random.uniform()))
      const params = { max_depth: 1, criterion }
      const data = { X, y, classes: 2, sampleWeight, params }
      const spec = await fitTrees(decisionTree, data, params, { sampleWeight })
      t.doesNotThrow(() => checkNodes(spec, data), `${criterion} ${seed}`)
    }
  }
})

t.test('a column of many values, most of them the same, is split at its best place', async (t) => {
  const random = createRandom(4)
  const X = zeros(640, 2)
  const y = Int32Array.from({ length: X.rows }, (_, row) => {
    // Not in order, so that sorting has something to do.
    X.data[2 * row] = row % 2 === 0 ? 0 : random.uniform() - 0.3
    X.data[2 * row + 1] = random.uniform()
    const chance = (X.data[2 * row] as number) > 0.2 ? 0.8 : 0.3
    return random.uniform() < chance ? 1 : 0
  })
  const data = { X, y, classes: 2, sampleWeight: undefined, params: { max_depth: 3 } }
  const spec = await fitTrees(decisionTree, data, data.params)
  t.doesNotThrow(() => checkNodes(spec, { ...data, params: { ...data.params, criterion: 'gini' } }))
  t.ok(spec.feature.includes(0))
})

t.test('of equal splits the lower column wins, then the lower value', async (t) => {
  // Both columns and both cuts of each part off one row of four, of the same class.
  const X = { rows: 4, columns: 2, data: Float64Array.of(1, 1, 2, 2, 2, 2, 3, 3) }
  const y = Int32Array.of(0, 1, 1, 0)
  for (let seed = 0; seed < 8; seed++) {
    const spec = await fitTrees(decisionTree, { X, y, classes: 2 }, {}, { seed })
    t.equal(spec.feature[0], 0)
    t.equal(spec.threshold[0], 1.5)
  }
})

t.test('tables larger than bins are split between values that nodes have', async (t) => {
  const data = noisy(6000, 4)
  const spec = await fitTrees(decisionTree, data, { min_samples_leaf: 20 })
  const at = new Map<number, number[]>()
  for (let row = 0; row < data.X.rows; row++) {
    let node = spec.roots[0] as number
    while ((spec.feature[node] as number) >= 0) {
      at.set(node, [...(at.get(node) ?? []), row])
      node = (leftOf(spec, node, rowOf(data.X, row)) ? spec.left[node] : spec.right[node]) as number
    }
  }
  let wrong = 0
  for (const [node, rows] of at) {
    const feature = spec.feature[node] as number
    const values = rows.map((row) => data.X.data[row * data.X.columns + feature] as number)
    const threshold = spec.threshold[node] as number
    const below = Math.max(...values.filter((value) => value <= threshold))
    const above = Math.min(...values.filter((value) => value > threshold))
    if (threshold !== below / 2 + above / 2) wrong++
  }
  t.equal(wrong, 0, 'thresholds lie halfway')
  t.ok(at.size > 50)
})

t.test('packed sums and sums of doubles give the same trees', async (t) => {
  for (const levels of [2, 5, 1000]) {
    const data = noisy(3000, 70, levels)
    const params = { n_estimators: 4, max_features: 'sqrt' }
    const packed = await fitTrees(randomForest, data, params)
    // Weights of one half are not whole numbers; they double every sum of the other exactly.
    const halves = { sampleWeight: new Float64Array(data.X.rows).fill(0.5) }
    const doubles = await fitTrees(randomForest, data, params, halves)
    t.strictSame(doubles.feature, packed.feature, `${levels} levels`)
    t.strictSame(doubles.threshold, packed.threshold)
    t.strictSame(doubles.value, packed.value)
    t.strictSame(
      coversOf(doubles).map((cover) => 2 * cover),
      packed.cover,
    )
  }
})

// ---- Limits ------------------------------------------------------------------------------------------------------

t.test('limits hold', async (t) => {
  const data = noisy(2500, 6)
  const leaves = (spec: TreesSpec) => spec.feature.filter((feature) => feature < 0).length
  for (const limit of [2, 3, 27])
    t.equal(leaves(await fitTrees(decisionTree, data, { max_leaf_nodes: limit })), limit)
  t.equal(leaves(await fitTrees(decisionTree, data, { max_depth: 1 })), 2)
  const pruned = await Promise.all(
    [0, 0.0005, 0.002, 1].map((ccp_alpha) => fitTrees(decisionTree, data, { ccp_alpha })),
  )
  const sizes = pruned.map(leaves)
  t.strictSame(
    [...sizes].sort((a, b) => b - a),
    sizes,
    'more pruning leaves less',
  )
  t.ok((sizes[1] as number) < (sizes[0] as number))
  t.equal(sizes[3], 1)
})

t.test('a value seen only without missing ones sends them to the larger side', async (t) => {
  const X = { rows: 5, columns: 1, data: Float64Array.of(1, 2, 3, 4, 5) }
  const spec = await fitTrees(decisionTree, { X, y: Int32Array.of(0, 0, 0, 1, 1), classes: 2 })
  t.equal(spec.missingLeft[0], 1)
  t.equal(spec.threshold[0], 3.5)
})

t.test('only missing values go right where that is the best split', async (t) => {
  const X = { rows: 4, columns: 1, data: Float64Array.of(1, 2, Number.NaN, Number.NaN) }
  const spec = await fitTrees(decisionTree, { X, y: Int32Array.of(0, 0, 1, 1), classes: 2 })
  t.equal(spec.feature.length, 3)
  t.equal(spec.missingLeft[0], 0)
  t.equal(findLeaf(spec, 0, Float64Array.of(1e300)), spec.left[0])
  t.equal(findLeaf(spec, 0, Float64Array.of(Number.NaN)), spec.right[0])
})

t.test('only missing values go right in a node of too many rows to see every value', async (t) => {
  const rows = 5000
  const data = Float64Array.from({ length: rows }, (_, row) => (row % 3 === 1 ? Number.NaN : row))
  const y = Int32Array.from({ length: rows }, (_, row) => (row % 3 === 1 ? 1 : 0))
  for (const sampleWeight of [undefined, new Float64Array(rows).fill(0.3)]) {
    const X = { rows, columns: 1, data }
    const context = sampleWeight ? { sampleWeight } : {}
    const spec = await fitTrees(decisionTree, { X, y, classes: 2 }, {}, context)
    t.equal(spec.feature.length, 3)
    t.equal(findLeaf(spec, 0, Float64Array.of(1e300)), spec.left[0])
    t.equal(findLeaf(spec, 0, Float64Array.of(Number.NaN)), spec.right[0])
  }
})

t.test('numbers next to each other and at the ends of the doubles are told apart', async (t) => {
  const next = 1 + Number.EPSILON
  for (const [a, b] of [
    [1, next],
    [-Number.MAX_VALUE, Number.MAX_VALUE],
    [0, Number.MIN_VALUE],
    [-next, -1],
  ] as const) {
    const X = { rows: 4, columns: 1, data: Float64Array.of(a, b, a, b) }
    const spec = await fitTrees(decisionTree, { X, y: Int32Array.of(0, 1, 0, 1), classes: 2 })
    t.equal(spec.feature.length, 3, `${a} and ${b}`)
  }
  const X = { rows: 4, columns: 1, data: Float64Array.of(0, -0, 0, -0) }
  const spec = await fitTrees(decisionTree, { X, y: Int32Array.of(0, 1, 0, 1), classes: 2 })
  t.equal(spec.feature.length, 1, '0 and −0 are equal')
})

t.test('columns are ordered by value, equal ones by row', (t) => {
  // Few rows are put in order by another method than many.
  const isOrdered = (minLength: number, maxLength: number) =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1, -1)), {
          minLength,
          maxLength,
        }),
        (values) => {
          const order = [...createRadixOrder(values.length)(Float64Array.from(values))]
          const expected = values
            .map((value, row) => ({ value, row }))
            .sort((a, b) => a.value - b.value || a.row - b.row)
            .map(({ row }) => row)
          if (order.join() !== expected.join()) throw new Error(`${order}`)
        },
      ),
      { seed: 3 },
    )
  t.doesNotThrow(() => isOrdered(1, 64))
  t.doesNotThrow(() => isOrdered(65, 120))
  t.end()
})

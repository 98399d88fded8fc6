/** Native trees and forests: the battery, scikit-learn's trees, the definition of a best split, draws and threads. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { type Column, findColumn } from '../../../src/data/frame.ts'
import { type Matrix, rowOf, zeros } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import type { FitContext, OutOfBag } from '../../../src/estimators/estimator.ts'
import { decisionTree } from '../../../src/estimators/native/decision-tree.ts'
import { createForestJob, type ForestSetup } from '../../../src/estimators/native/forest-job.ts'
import { createRadixOrder } from '../../../src/estimators/native/radix-order.ts'
import { randomForest } from '../../../src/estimators/native/random-forest.ts'
import { buildTrainingColumns } from '../../../src/estimators/native/training-columns.ts'
import { roomForGrowers } from '../../../src/estimators/native/tree-grower.ts'
import type { TreesSpec } from '../../../src/models/model.ts'
import { readCsvTable } from '../../../src/tables/formats/read-text.ts'
import { createTrainingThreads } from '../../../src/training/threads.ts'
import { findLeaf } from '../../../src/trees/ensemble.ts'
import { blobs, bytesOf, fit, type Labelled } from '../../contract.ts'
import { compareTrees, gainOf, leftOf, type SklearnTree } from '../../training/compare-trees.ts'

type Given = Readonly<Record<string, unknown>>

async function fitTrees(
  estimator: typeof decisionTree,
  data: Labelled,
  params: Given = {},
  context: Partial<FitContext> = {},
): Promise<TreesSpec> {
  const spec = await fit(estimator, data, context, params)
  if (spec.kind !== 'trees') throw new Error(`it made a ${spec.kind} model`)
  return spec
}

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
      doubles.cover.map((cover) => 2 * cover),
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

// ---- Forests -----------------------------------------------------------------------------------------------------

t.test('a tree of a forest sees what it has drawn', async (t) => {
  const data = noisy(400, 3)
  for (const [params, weight] of [
    [{ max_samples: 50 }, 50],
    [{ max_samples: 0.5 }, 200],
    [{ max_samples: 0.249 }, 99],
    [{}, 400],
    [{ bootstrap: false }, 400],
  ] as const) {
    const spec = await fitTrees(randomForest, data, { n_estimators: 5, ...params })
    t.strictSame(
      [...spec.roots].map((root) => spec.cover[root]),
      new Array(5).fill(weight),
    )
  }
  const balanced = await fitTrees(randomForest, data, {
    n_estimators: 5,
    class_weight: 'balanced_subsample',
  })
  t.ok(
    [...balanced.roots].every((root) => Math.abs((balanced.cover[root] as number) - 400) < 1e-9),
    'balanced draws weigh as much as the rows drawn',
  )
})

t.test('all features are drawn at all places about equally often', async (t) => {
  const data = noisy(300, 8)
  const counts = new Array<number>(8).fill(0)
  const labels = createRandom(3)
  const y = data.y.map(() => labels.below(2))
  const spec = await fitTrees(
    randomForest,
    { ...data, y },
    { n_estimators: 400, max_features: 1, max_depth: 1 },
  )
  for (const root of spec.roots) {
    const feature = spec.feature[root] as number
    counts[feature] = (counts[feature] as number) + 1
  }
  // χ² of 7 degrees of freedom lies above 24.3 once in a thousand.
  const chi = counts.reduce((sum, count) => sum + (count - 50) ** 2 / 50, 0)
  t.ok(chi < 24.3, 'by chi squared', { counts, chi })
})

/** Threads that are none: jobs run where they are asked for, later ones first. */
function pretendThreads(seen: { setup?: ForestSetup }): NonNullable<FitContext['threads']> {
  return {
    count: 3,
    start(_, setup) {
      seen.setup = setup as ForestSetup
      const job = createForestJob(seen.setup)
      return {
        run: async (tree) => {
          await new Promise((resolve) => setTimeout(resolve, 3 - (tree % 3)))
          return job(tree)
        },
        close: async () => {},
      }
    },
  }
}

t.test('a forest is the same with any number of threads', async (t) => {
  const data = noisy(5000, 4)
  const params = { n_estimators: 100, max_features: 'all', max_depth: 4, oob_score: true }
  const seen: { setup?: ForestSetup } = {}
  const measured: OutOfBag[] = []
  const outOfBag = (found: OutOfBag) => measured.push(found)
  const alone = await fitTrees(randomForest, data, params, { seed: 9, outOfBag })
  const checkpoints: number[] = []
  const together = await fitTrees(randomForest, data, params, {
    seed: 9,
    outOfBag,
    threads: pretendThreads(seen),
    checkpoint: async (done) => {
      checkpoints.push(done)
    },
  })
  t.strictSame(bytesOf(together), bytesOf(alone))
  t.strictSame(measured[1], measured[0], 'out-of-bag measures too')
  t.strictSame(
    checkpoints,
    [...checkpoints].sort((a, b) => a - b),
    'progress never goes back',
  )
  t.equal(checkpoints.at(-1), 100)

  await t.test('out of bag: what trees say of rows that they have not drawn', async (t) => {
    const sums = new Float64Array(2 * data.X.rows)
    const votes = new Int32Array(data.X.rows)
    const job = createForestJob(seen.setup as ForestSetup)
    for (let tree = 0; tree < 100; tree++) {
      for (const row of job(tree).outOfBag as Int32Array) {
        const leaf = findLeaf(alone, alone.roots[tree] as number, rowOf(data.X, row))
        votes[row] = (votes[row] as number) + 1
        for (const k of [0, 1])
          sums[2 * row + k] = (sums[2 * row + k] as number) + (alone.value[2 * leaf + k] as number)
      }
    }
    const expected = sums.map((sum, i) => sum / (votes[i >> 1] as number))
    t.strictSame(measured[0]?.decisionFunction, expected)
    const right = data.y.filter(
      (label, row) => label === ((sums[2 * row + 1] as number) > (sums[2 * row] as number) ? 1 : 0),
    )
    t.equal(measured[0]?.score, right.length / data.X.rows)
    const share = votes.reduce((sum, count) => sum + count, 0) / (100 * data.X.rows)
    t.ok(Math.abs(share - Math.exp(-1)) < 0.005, 'a tree leaves out about 37 %', { share })
  })

  await t.test('a stopped forest is a whole one of the first trees', async (t) => {
    const warnings: string[] = []
    const first = await fitTrees(randomForest, data, { ...params, n_estimators: 7 }, { seed: 9 })
    for (const threads of [undefined, pretendThreads({})]) {
      warnings.length = 0
      let done = 0
      const spec = await fitTrees(randomForest, data, params, {
        seed: 9,
        ...(threads ? { threads } : {}),
        checkpoint: async (trees) => {
          done = trees
        },
        shouldStop: () => done >= 7,
        warn: (message) => warnings.push(message),
      })
      const nodes = first.feature.length
      t.strictSame(spec.threshold.subarray(0, nodes), first.threshold)
      t.match(warnings[0], /interrupted after \d+ of 100 trees/)
    }
  })

  await t.test('a failing thread fails the fit', async (t) => {
    const threads = {
      count: 2,
      start: () => ({ run: () => Promise.reject(new Error('gone')), close: async () => {} }),
    }
    await t.rejects(fitTrees(randomForest, data, params, { threads }), /gone/)
  })
})

t.test('threads of the machine give the same forest', async (t) => {
  const data = noisy(5000, 4)
  const params = { n_estimators: 100, max_features: 'all', max_depth: 6 }
  const alone = bytesOf(await fitTrees(randomForest, data, params, { seed: 9 }))
  const real = createTrainingThreads()
  const started: number[] = []
  const threads: FitContext['threads'] = {
    count: 2,
    start(count, setup) {
      started.push(count)
      return real.start(count, setup)
    },
  }
  // More than there are cores are not started.
  const many = { ...params, n_jobs: 200 }
  const together = await fitTrees(randomForest, data, many, { seed: 9, threads })
  t.strictSame(started, [2])
  t.strictSame(bytesOf(together), alone)

  await t.test('a thread that cannot begin fails its job', async (t) => {
    const group = real.start(1, { data: undefined })
    await t.rejects(group.run(0), TypeError)
    await group.close()
  })
})

t.test('the memory of trees may lie in the upper half of the addresses', async (t) => {
  const { X, y } = noisy(100, 2)
  const setup: ForestSetup = {
    ...{ data: buildTrainingColumns(X), y, classNames: ['0', '1'], rowWeight: undefined },
    ...{ seed: 1, drawn: null, balancesDraws: false, tellsOutOfBag: false },
    limits: {
      ...{ criterion: 'gini', maxDepth: 64, maxFeatures: 2, maxLeafNodes: null },
      ...{ minSamplesSplit: 2, minSamplesLeaf: 1, minImpurityDecrease: 0 },
    },
  }
  const low = createForestJob(setup)(0)
  t.ok(roomForGrowers(setup.data, 2, setup.limits) > 1000)
  // Pages that nobody touches take no memory.
  setup.data.memory.grow(2 ** 15)
  t.strictSame(createForestJob(setup)(0), low)
  setup.data.memory.grow(2 ** 16 - setup.data.memory.buffer.byteLength / 65_536)
  t.equal(roomForGrowers(setup.data, 2, setup.limits), 0)
  t.throws(() => createForestJob(setup), { code: 'too_large' })
})

t.test('rows that weigh nothing are not there', async (t) => {
  const data = noisy(300, 3)
  const sampleWeight = Float64Array.from(data.y, (_, row) => (row < 200 ? 1 : 0))
  const weighted = await fitTrees(decisionTree, data, {}, { sampleWeight })
  const kept = {
    ...data,
    X: { ...data.X, rows: 200, data: data.X.data.slice(0, 200 * data.X.columns) },
    y: data.y.slice(0, 200),
  }
  t.strictSame(bytesOf(weighted), bytesOf(await fitTrees(decisionTree, kept)))
  const lonely = new Float64Array(300)
  lonely[7] = 1
  const forest = await fitTrees(randomForest, data, { n_estimators: 10 }, { sampleWeight: lonely })
  t.ok([...forest.roots].every((root) => (forest.cover[root] as number) > 0))
})

t.test('class weights are weights of rows', async (t) => {
  const data = noisy(300, 3)
  const byClass = await fitTrees(decisionTree, data, { class_weight: '{"1":3}' })
  const sampleWeight = Float64Array.from(data.y, (label) => (label === 1 ? 3 : 1))
  t.strictSame(bytesOf(byClass), bytesOf(await fitTrees(decisionTree, data, {}, { sampleWeight })))
  await t.rejects(fitTrees(decisionTree, data, { class_weight: '{"yes":3}' }), {
    code: 'invalid_parameter',
    message: /class_weight names class "yes", there are "0", "1"/,
  })
})

t.test('weights of which no impurity can be computed are refused', async (t) => {
  const data = blobs(2, 9)
  for (const class_weight of [
    '{"0":0,"1":0}',
    '{"0":1e200}',
    '{"0":1e-200,"1":1e-200}',
    '{"0":1e308,"1":1e308}',
  ]) {
    for (const estimator of [decisionTree, randomForest]) {
      await t.rejects(fitTrees(estimator, data, { class_weight }), {
        code: 'invalid_parameter',
        message: /weights add up to .*, expected from 1e-150/,
      })
    }
  }
  const heavy = await fitTrees(decisionTree, data, { class_weight: '{"0":1e148,"1":1e148}' })
  const plain = await fitTrees(decisionTree, data)
  t.strictSame(heavy.feature, plain.feature)
})

t.test('drawn classes alone are balanced', async (t) => {
  // One row of class 2: a third of the trees draw it not at all, and still weigh what was drawn.
  const data = blobs(3, 20)
  const y = data.y.map((label, row) => (row === 2 ? 2 : label % 2))
  const params = { n_estimators: 30, class_weight: 'balanced_subsample' }
  const spec = await fitTrees(randomForest, { ...data, y }, params)
  const covers = [...spec.roots].map((root) => spec.cover[root] as number)
  t.ok(covers.every((cover) => Math.abs(cover - y.length) < 1e-9))
  const drawsAll = [...spec.roots].map((root) => (spec.value[3 * root + 2] as number) > 0)
  t.ok(drawsAll.includes(false) && drawsAll.includes(true))
})

t.test("scikit-learn's splitter is taken where it is the best one", async (t) => {
  const data = blobs(2, 9)
  const best = await fitTrees(decisionTree, data, { splitter: 'best' })
  t.strictSame(bytesOf(best), bytesOf(await fitTrees(decisionTree, data)))
  await t.rejects(fitTrees(decisionTree, data, { splitter: 'random' }), {
    message: /splitter is "random", expected best/,
  })
})

t.test('parameters that contradict each other are refused', async (t) => {
  for (const params of [
    { bootstrap: false, oob_score: true },
    { bootstrap: false, max_samples: 10 },
    { n_jobs: 0 },
  ])
    await t.rejects(fitTrees(randomForest, blobs(2, 9), params), { code: 'invalid_parameter' })
})

t.test('columns are ordered by value, equal ones by row', (t) => {
  const isOrdered = () =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1, -1)), {
          minLength: 1,
          maxLength: 50,
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
  t.doesNotThrow(isOrdered)
  t.end()
})

/** Two classes that hang on two columns, with noise; `levels` different values per column. */
function noisy(rows: number, columns: number, levels = 1_000_000): Labelled {
  const random = createRandom(17, 301)
  const X = zeros(rows, columns)
  for (let i = 0; i < X.data.length; i++) X.data[i] = random.below(levels) / levels
  const y = Int32Array.from({ length: rows }, (_, row) => {
    const x = rowOf(X, row)
    const score = 2 * (x[0] as number) + (x[columns - 1] as number) - 1.5
    return random.uniform() < 1 / (1 + Math.exp(-4 * score)) ? 1 : 0
  })
  return { X, y, classes: 2 }
}

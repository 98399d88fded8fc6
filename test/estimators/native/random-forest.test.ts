import t from 'tap'
import { rowOf } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import { runSteps } from '../../../src/data/steps.ts'
import type { FitContext, OutOfBag } from '../../../src/estimators/estimator.ts'
import { decisionTree } from '../../../src/estimators/native/decision-tree.ts'
import { createForestJob, type ForestSetup } from '../../../src/estimators/native/forest-job.ts'
import { randomForest } from '../../../src/estimators/native/random-forest.ts'
import { buildTrainingColumns } from '../../../src/estimators/native/training-columns.ts'
import { roomForGrowers } from '../../../src/estimators/native/tree-grower.ts'
import { createTrainingThreads } from '../../../src/training/threads.ts'
import { findLeaf } from '../../../src/trees/ensemble.ts'
import { blobs, bytesOf } from '../../contract.ts'
import { coversOf } from '../../models/ask-model.ts'
import { fitTrees, noisy } from './fit-trees.ts'

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
      [...spec.roots].map((root) => coversOf(spec)[root]),
      new Array(5).fill(weight),
    )
  }
  const balanced = await fitTrees(randomForest, data, {
    n_estimators: 5,
    class_weight: 'balanced_subsample',
  })
  t.ok(
    [...balanced.roots].every(
      (root) => Math.abs((coversOf(balanced)[root] as number) - 400) < 1e-9,
    ),
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
    ...{ data: runSteps(buildTrainingColumns(X)), y, classNames: ['0', '1'], rowWeight: undefined },
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
  t.ok([...forest.roots].every((root) => (coversOf(forest)[root] as number) > 0))
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
  const covers = [...spec.roots].map((root) => coversOf(spec)[root] as number)
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

/** Cross-validation: what is held out, what is learned from what, and what is refused. */
import t from 'tap'
import { stratifiedFolds, stratifiedSubset } from '../../src/data/split.ts'
import { classesWithoutRows } from '../../src/evaluation/metrics.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { summariseFolds } from '../../src/training/cross-validation.ts'
import { train } from '../../src/training/train.ts'
import type { TrainOptions } from '../../src/training/train-options.ts'
import { checkRefused } from '../tables.ts'
import { quick } from './fit-table.ts'

const plan = readPlan({ target: 'y', numeric: ['n'], nominal: ['c'] })

/** Rows whose label follows n for the most part; one class of each name in `rare` besides. */
function tableOf(rows: number, rare: readonly string[] = []) {
  const lines = Array.from({ length: rows }, (_, i) => {
    const n = (i * 7) % 11
    return `${n},${'abc'[i % 3]},${n + (i % 5) > 7 ? 'high' : 'low'}\n`
  })
  return readCsvTable(`n,c,y\n${lines.join('')}${rare.map((name) => `3,a,${name}\n`).join('')}`)
}

const options: TrainOptions = {
  ...quick,
  crossValidation: { folds: 4, repeats: 2 },
}

function fit(table = tableOf(60), told: Partial<TrainOptions> = {}) {
  return train(table, plan, { ...options, ...told })
}

t.test('every row is held out once in every repeat, every class in its share', (t) => {
  const y = Int32Array.from({ length: 103 }, (_, i) => (i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2))
  const foldOf = stratifiedFolds(y, 3, 5, 0)
  for (let label = 0; label < 3; label++) {
    const sizes = [0, 1, 2, 3, 4].map(
      (fold) => foldOf.filter((own, row) => own === fold && y[row] === label).length,
    )
    t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `class ${label}: ${sizes}`)
  }
  const sizes = [0, 1, 2, 3, 4].map((fold) => foldOf.filter((own) => own === fold).length)
  t.strictSame(sizes.sort(), [20, 20, 21, 21, 21])
  t.strictSame(stratifiedFolds(y, 3, 5, 0), foldOf, 'the same seed')
  t.notSame(stratifiedFolds(y, 3, 5, 1), foldOf, 'another seed')
  t.notSame(stratifiedFolds(y, 3, 5, 0, 1), foldOf, 'another repeat')
  t.strictSame([...stratifiedFolds(Int32Array.of(0, 1, 0), 2, 2, 0)].sort(), [-1, 0, 1])
  t.end()
})

t.test('a subset keeps enough of every class', (t) => {
  const y = Int32Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : i < 97 ? 1 : 2))
  const rows = stratifiedSubset(y, 3, 0.2, 5, 0)
  const counts = [0, 1, 2].map((label) => rows.filter((row) => y[row] === label).length)
  t.strictSame(counts, [18, 5, 3])
  t.strictSame(
    [...rows],
    [...rows].sort((a, b) => a - b),
  )
  t.equal(new Set(rows).size, 26)
  t.strictSame(stratifiedSubset(y, 3, 0.2, 5, 0), rows)
  t.end()
})

t.test('a fold scores what a training on the others scores on it', async (t) => {
  const table = tableOf(60)
  const { crossValidation } = await fit(table, { testSize: 0, seed: 3 })
  const y = Int32Array.from({ length: 60 }, (_, i) => (((i * 7) % 11) + (i % 5) > 7 ? 0 : 1))
  const foldOf = stratifiedFolds(y, 2, 4, 3, 1)
  const lines = Array.from(
    { length: 60 },
    (_, i) => `${(i * 7) % 11},${'abc'[i % 3]},${y[i] ? 'low' : 'high'}\n`,
  )
  const rowsOf = (keep: (fold: number) => boolean) =>
    readCsvTable(`n,c,y\n${lines.filter((_, i) => keep(foldOf[i] as number)).join('')}`)
  const { channels } = await fit(
    rowsOf((fold) => fold !== 2),
    {
      testSize: 0,
      seed: 3,
      channels: new Map([['test', rowsOf((fold) => fold === 2)]]),
    },
  )
  const found = crossValidation?.scores.find(({ repeat, fold }) => repeat === 2 && fold === 3)
  t.strictSame(found?.metrics, channels.get('test')?.model)
})

t.test('the mean and deviation of the folds, in metrics.json too', async (t) => {
  const { crossValidation, artifact } = await fit()
  if (!crossValidation) return t.fail('no result')
  t.match(crossValidation, { folds: 4, repeats: 2, seed: 0, rows: 48 }, 'training rows only')
  t.strictSame(
    crossValidation.scores.map(({ repeat, fold }) => [repeat, fold]),
    [1, 2].flatMap((repeat) => [1, 2, 3, 4].map((fold) => [repeat, fold])),
  )
  const values = crossValidation.scores.map(({ metrics }) => metrics.accuracy)
  const mean = values.reduce((sum, value) => sum + value, 0) / 8
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 7)
  t.ok(sd > 0)
  const { accuracy } = summariseFolds(crossValidation)
  t.ok(Math.abs((accuracy?.mean ?? 0) - mean) < 1e-12)
  t.ok(Math.abs((accuracy?.sd ?? 0) - sd) < 1e-12)
  t.equal(accuracy?.folds, 8)
  t.match(artifact.metrics['cross_validation'], {
    folds: 4,
    repeats: 2,
    metrics: { accuracy },
    per_fold: crossValidation.scores.map(({ metrics }) => ({ accuracy: metrics.accuracy })),
  })
})

t.test('the model itself is the one without cross-validation', async (t) => {
  const { crossValidation: _, ...without } = options
  const plain = await train(tableOf(60), plan, without)
  const { artifact } = await train(tableOf(60), plan, options)
  t.strictSame(artifact.model, plain.artifact.model)
  t.notOk('cross_validation' in plain.artifact.metrics)
})

t.test('fewer rows than folds', async (t) => {
  await checkRefused(
    t,
    () => fit(tableOf(12), { crossValidation: { folds: 20, repeats: 1 }, testSize: 0 }),
    'too_few_rows',
    /^20 folds are too many: of 12 training rows, the largest class has \d+$/,
    'rows',
  )
  await checkRefused(
    t,
    () => fit(tableOf(30), { crossValidation: { folds: 1, repeats: 1 } }),
    'invalid_parameter',
    /^cv is 1, expected at least 2 folds$/,
    'one fold',
  )
})

t.test('classes with fewer rows than folds', async (t) => {
  const told: string[] = []
  const report = await fit(tableOf(60, ['pair', 'pair', 'single']), {
    testSize: 0,
    warn: (message) => told.push(message),
    crossValidation: { folds: 4, repeats: 1 },
  })
  t.match(
    told.filter((message) => /fold/.test(message)),
    [
      /^class "pair" has 2 training rows, fewer than 4 folds: not in every fold$/,
      /^class "single" has a single training row; no fold holds it out$/,
    ],
  )
  const { scores } = report.crossValidation ?? { scores: [] }
  const held = (label: number) => scores.map(({ metrics }) => metrics.perClass[label]?.rows)
  t.strictSame(held(2).sort(), [0, 0, 1, 1], 'pair')
  t.strictSame(held(3), [0, 0, 0, 0], 'single')
  // No fold has all classes: the area of each is that of the classes with rows in it.
  t.ok(scores.every(({ metrics }) => classesWithoutRows(metrics).includes(3)))
  t.equal(summariseFolds(report.crossValidation as never).roc_auc?.folds, 4)
})

t.test('the same warning in many folds is one', async (t) => {
  const told: string[] = []
  const lines = Array.from({ length: 40 }, (_, i) => `${i % 7},${i === 0 ? 'x' : ''},${i % 2}\n`)
  const withRare = readCsvTable(`n,rare,y\n${lines.join('')}`)
  await train(withRare, readPlan({ target: 'y', numeric: ['n'], nominal: ['rare'] }), {
    ...options,
    testSize: 0,
    warn: (message) => told.push(message),
    crossValidation: { folds: 4, repeats: 1 },
  })
  t.match(
    told.filter((message) => /"rare"/.test(message)),
    [/^column "rare" is dropped: no values in the training rows \(in 1 of 4 folds\)$/],
  )
})

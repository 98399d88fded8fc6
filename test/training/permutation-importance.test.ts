/** Permutation importance: of columns that matter, that do not, and that are not used. */
import t from 'tap'
import { type Column, takeColumnRows } from '../../src/data/frame.ts'
import { createRandom, shuffle } from '../../src/data/random.ts'
import { evaluate } from '../../src/evaluation/metrics.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { permuteSample } from '../../src/training/explain-training.ts'
import { openMeasuring } from '../../src/training/measuring-threads.ts'
import {
  measureColumns,
  permutationImportance,
  permutationRows,
  planPermutation,
  shuffleCost,
} from '../../src/training/permutation-importance.ts'
import { fit as fitTable } from './fit-table.ts'

/** The label is whether a is large; b is noise, and c is a constant. */
function tableOf(rows: number, classes: 2 | 3 = 2) {
  const random = createRandom(2)
  const lines = Array.from({ length: rows }, () => {
    const [a, b] = [random.uniform(), random.uniform()]
    return `${a.toFixed(4)},${b.toFixed(4)},1,${Math.floor(a * classes)}\n`
  })
  return readCsvTable(`a,b,c,y\n${lines.join('')}`)
}

function fit(classes: 2 | 3, told: { testSize?: number; positional?: boolean } = {}) {
  return fitTable(tableOf(200, classes), { target: 'y', numeric: ['a', 'b', 'c'] }, told)
}

t.test('a column that decides loses half of the area, one that does not loses none', async (t) => {
  const { artifact } = await fit(2, { positional: true })
  const predictor = buildPredictor(artifact)
  const table = tableOf(100)
  const y = Int32Array.from((table.columns[3] as { values: Float64Array }).values)
  const inputs = { ...table, names: table.names.slice(0, 3), columns: table.columns.slice(0, 3) }
  const found = permutationImportance(predictor, inputs, y, 0)
  t.match(found, { metric: 'roc_auc', rows: 100, repeats: 5 })
  const [a, b, c] = found.columns
  t.match([a, b, c], [{ column: 'a' }, { column: 'b' }, { column: 'c' }])
  t.ok(a && a.mean > 0.35 && a.mean < 0.65, `half: ${a?.mean}`)
  t.ok(a && a.sd > 0 && a.sd < 0.15)
  t.ok(b && Math.abs(b.mean) < 0.05, `noise: ${b?.mean}`)
  t.strictSame(c, { column: 'c', mean: 0, sd: 0 }, 'an input that no feature is made from')
  t.strictSame(permutationImportance(predictor, inputs, y, 0), found, 'the same seed')
  t.notSame(permutationImportance(predictor, inputs, y, 1), found, 'another seed')
  t.strictSame(
    (table.columns[0] as { values: Float64Array }).values,
    (tableOf(100).columns[0] as { values: Float64Array }).values,
  )
})

t.test('of three classes it is the rise of log loss', async (t) => {
  const { permutation, artifact } = await fit(3)
  t.equal(permutation?.metric, 'log_loss')
  t.ok((permutation?.columns[0]?.mean as number) > 1, 'a wrong answer costs much')
  t.match(artifact.metrics['importance'], {
    permutation: { metric: 'log_loss', part: 'held_out', rows: 40, repeats: 5 },
    impurity: { criterion: 'gini' },
    columns: [{ column: 'a', permutation_mean: permutation?.columns[0]?.mean, impurity: 1 }],
  })
})

t.test('without other rows it is measured on training rows', async (t) => {
  const { artifact } = await fit(2, { testSize: 0 })
  t.match(artifact.metrics['importance'], { permutation: { part: 'training', rows: 200 } })
})

t.test('the more columns, the fewer rows', (t) => {
  t.strictSame([1, 100, 1000, 100_000].map(permutationRows), [500, 80, 20, 20])
  t.end()
})

t.test('features move as their column would', async (t) => {
  const random = createRandom(5)
  const lines = Array.from({ length: 120 }, () => {
    const [a, b] = [random.below(4), random.uniform()]
    return `colour ${a},${b.toFixed(3)},${random.uniform().toFixed(3)},${Number(a * b > 0.8)}\n`
  })
  const table = readCsvTable(`a,b,c,y\n${lines.join('')}`)
  const plan = { target: 'y', nominal: ['a'], numeric: ['b', 'c'] }
  const { artifact } = await fitTable(table, plan, {
    estimator: 'random_forest',
    engine: 'native',
    params: { n_estimators: 5 },
  })
  const predictor = buildPredictor(artifact)
  const inputs = { ...table, names: table.names.slice(0, 3), columns: table.columns.slice(0, 3) }
  const y = Int32Array.from((table.columns[3] as { values: Float64Array }).values)
  const areaOf = (columns: readonly Column[]) => {
    const { probabilities, labels } = predictor.predict({ ...inputs, columns })
    return evaluate(y, probabilities, labels, 2).rocAuc as number
  }
  // The columns of the table themselves, shuffled in the same order.
  const before = areaOf(inputs.columns)
  const expected = inputs.columns.map((column, at) => {
    const stream = createRandom(3, 0x40000000 + at)
    const losses = Array.from({ length: 5 }, () => {
      const order = shuffle(
        Int32Array.from(y, (_, row) => row),
        stream,
      )
      return before - areaOf(inputs.columns.with(at, takeColumnRows(column, order)))
    })
    return losses.reduce((sum, loss) => sum + loss, 0) / 5
  })
  const found = permutationImportance(predictor, inputs, y, 3)
  t.strictSame(
    found.columns.map(({ mean }) => mean),
    expected,
  )
  const X = predictor.preprocessor.transform(inputs)
  const some = measureColumns(predictor, X, y, [2, 0], { seed: 3 })
  t.strictSame(
    some.columns,
    [found.columns[2], found.columns[0]],
    'whichever columns are asked for',
  )
})

t.test('of a model that takes long, the columns that push most are shuffled', async (t) => {
  const random = createRandom(6)
  const names = Array.from({ length: 16 }, (_, j) => `x${j}`)
  const lines = Array.from({ length: 150 }, () => {
    const x = names.map(() => random.uniform())
    return `${x.map((value) => value.toFixed(4)).join(',')},${Number(x[3]! + x[9]! > 1)}\n`
  })
  const table = readCsvTable(`${names.join(',')},y\n${lines.join('')}`)
  const { artifact, importance } = await fitTable(
    table,
    { target: 'y', numeric: names },
    { estimator: 'random_forest', engine: 'native', params: { n_estimators: 20 } },
  )
  const predictor = buildPredictor(artifact)
  const y = Int32Array.from((table.columns[16] as { values: Float64Array }).values)
  const frame = { ...table, names, columns: table.columns.slice(0, 16) }
  const ranked = importance.map(({ column }) => column)
  const permuted = async (nanoseconds: number) => {
    const pace = { nanoseconds, turn: async () => {}, isCut: () => false }
    const measuring = openMeasuring(predictor, artifact, undefined, 1)
    const found = await permuteSample(predictor, artifact, { frame, y }, ranked, 3, pace, measuring)
    return found!
  }
  const some = await permuted(1)
  t.match(some, { rows: 20, repeats: 1 })
  t.strictSame(
    some.columns.map(({ column }) => column),
    ranked.slice(0, 10),
  )
  t.strictSame(ranked.slice(0, 2).sort(), ['x3', 'x9'])
  const all = await permuted(1e12)
  t.strictSame(new Set(all.columns.map(({ column }) => column)), new Set(names))
  const metrics = artifact.metrics['importance'] as { permutation: unknown }
  t.match(metrics.permutation, { columns: 16 })
})

t.test('columns, rows and shuffles are chosen by what they cost', (t) => {
  const model = { columns: 20, used: 20, classes: 2 }
  const wide = { columns: 2000, used: 1800, classes: 2 }
  for (const [what, shape, rowCost, nanoseconds, expected] of [
    ['all', model, 1000, 1e9, { columns: 20, rows: 400, repeats: 5 }],
    ['fewer rows', model, 1e5, 1e9, { columns: 20, rows: 99, repeats: 5 }],
    ['fewer shuffles', model, 1e6, 1e9, { columns: 20, rows: 20, repeats: 2 }],
    ['fewer columns', wide, 1e4, 1e9, { columns: 930, rows: 20, repeats: 5 }],
    ['fewer of both', wide, 1e5, 1e9, { columns: 100, rows: 20, repeats: 4 }],
    ['one shuffle of a few', wide, 1e6, 1e9, { columns: 49, rows: 20, repeats: 1 }],
  ] as const) {
    const plan = planPermutation(shape, rowCost, nanoseconds)
    t.strictSame(plan, expected, what)
    const cost = plan.columns * plan.repeats * shuffleCost(plan.rows, 2, rowCost)
    t.ok(cost <= nanoseconds, `${what}: ${cost} of ${nanoseconds}`)
  }
  t.strictSame(planPermutation(model, 1e9, 1e9), { columns: 10, rows: 20, repeats: 1 }, 'at least')
  const none = { columns: 3, used: 0, classes: 2 }
  t.match(planPermutation(none, 100, 1e9), { columns: 0, rows: 500 }, 'nothing is looked at')
  t.end()
})

/** Permutation importance: of columns that matter, that do not, and that are not used. */
import t from 'tap'
import { createRandom } from '../../src/data/random.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import {
  permutationImportance,
  permutationRows,
} from '../../src/training/permutation-importance.ts'
import { train } from '../../src/training/train.ts'

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
  return train(tableOf(200, classes), readPlan({ target: 'y', numeric: ['a', 'b', 'c'] }), {
    estimator: 'decision_tree',
    engine: 'mljs',
    params: new Map(),
    testSize: 0.2,
    seed: 0,
    dropMissingLabel: false,
    dataSha256: '0'.repeat(64),
    sha256,
    progress: async () => {},
    warn: () => {},
    ...told,
  })
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
  t.equal(permutation.metric, 'log_loss')
  t.ok((permutation.columns[0]?.mean as number) > 1, 'a wrong answer costs much')
  t.match(artifact.metrics['importance'], {
    permutation: { metric: 'log_loss', part: 'held_out', rows: 40, repeats: 5 },
    impurity: { criterion: 'gini' },
    columns: [{ column: 'a', permutation_mean: permutation.columns[0]?.mean, impurity: 1 }],
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

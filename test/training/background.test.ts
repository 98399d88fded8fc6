/** Backgrounds that users supply. */
import t from 'tap'
import type { DataFrame } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { fitBackground } from '../../src/training/background.ts'
import type { EstimatorName } from '../../src/training/choose-estimator.ts'
import { train } from '../../src/training/train.ts'
import { refusalOf } from '../helper.ts'

const lines = Array.from({ length: 40 }, (_, i) => {
  const size = i % 9 === 0 ? '' : (i * 7) % 23
  return `${size},${'abc'[i % 3]},1${i % 4},${(i * 7) % 23 > 11 ? 1 : 0}`
})
const table = readCsvTable(`size,colour,code,y\n${lines.join('\n')}\n`)
const plan = { target: 'y', numeric: ['size'], nominal: ['colour', 'code'] }

async function fit(estimator: EstimatorName, background?: DataFrame) {
  const { artifact } = await train(table, readPlan(plan), {
    estimator,
    engine: 'mljs',
    params: new Map(),
    testSize: 0,
    seed: 0,
    dropMissingLabel: false,
    dataSha256: '',
    sha256,
    progress: async () => {},
    warn: () => {},
    ...(background ? { background } : {}),
  })
  return artifact
}

const given = readCsvTable('code,other,colour,size\n10,x,a,3\n11,y,b,\n12,z,never,20\n')

t.test('values start from the mean over the rows given', async (t) => {
  for (const [estimator, space, method] of [
    ['random_forest', 'probability', 'tree_interventional'],
    ['logistic_regression', 'probability', 'linear_interventional'],
    ['logistic_regression', 'log_odds', 'linear_interventional'],
  ] as const) {
    const artifact = await fit(estimator, given)
    const predictor = buildPredictor(artifact)
    t.equal(artifact.background.rows, 3)
    const { rows } = predictor.explain(given, { space, method, output: '1' })
    const outputs = rows.map(({ outputs }) => outputs[0] as number)
    const mean = outputs.reduce((sum, value) => sum + value / 3, 0)
    const base = rows[0]?.baseValues[0] as number
    t.ok(Math.abs(base - mean) <= 1e-12, `${estimator}, ${space}: ${base} is ${mean}`)
    t.ok(rows.every(({ additivityError }) => additivityError <= 1e-12))
    const sums = rows.reduce((sum, { shapValues }) => sum + (shapValues[0]?.[0] as number), 0)
    t.ok(Math.abs(sums) <= 1e-12, 'over its own background a column pushes neither up nor down')
  }
})

t.test('the model itself does not depend on it', async (t) => {
  const [with_, without] = [await fit('random_forest', given), await fit('random_forest')]
  t.strictSame(with_.model, without.model)
  t.equal(without.background.rows, 40, 'without one: a sample of the training rows')
})

t.test('a background that does not fit is refused, whatever is wrong named', async (t) => {
  const { preprocessor } = await fit('decision_tree')
  const refuses = (csv: string, code: string, message: RegExp) => {
    const error = refusalOf(() => runSteps(fitBackground(preprocessor, readCsvTable(csv))))
    t.equal(error.code, code)
    t.match(error.message, message)
  }
  refuses('size,code\n1,10\n', 'missing_column', /background lacks column "colour"/)
  refuses('Size,colour,code\n1,a,10\n', 'missing_column', /"size"; did you mean "Size"/)
  refuses('y\n1\n', 'missing_column', /lacks columns "size", "colour", "code"/)
  refuses('size,colour,code\nbig,a,10\n', 'invalid_number', /row 1, column "size": "big"/)
  refuses('size,colour,code\n1,a,10\n2,,10\n', 'missing_value', /row 2, column "colour" is empty/)
  refuses('size,colour,code\n', 'empty_data', /no rows/)
  refuses(
    `size,colour,code\n${'1,a,10\n'.repeat(10_001)}`,
    'too_many_rows',
    /10001 rows, at most 10000/,
  )
  const numbers = readCsvTable('size,colour,code\n1,5,10\n')
  t.equal(
    runSteps(fitBackground(preprocessor, numbers)).rows,
    1,
    'numbers where training has texts are texts',
  )
  const empty = readCsvTable('size,colour,code\n,a,10\n,b,11\n')
  t.equal(runSteps(fitBackground(preprocessor, empty)).rows, 2, 'a column of missing numbers')
})

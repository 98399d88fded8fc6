/** What is measured beside a fit: how much of it, and what is left of it when a training is stopped. */
import t from 'tap'
import { createRandom } from '../../src/data/random.ts'
import { treeFitCost } from '../../src/estimators/native/fit-cost.ts'
import { randomForest } from '../../src/estimators/native/random-forest.ts'
import { parseParams } from '../../src/estimators/params.ts'
import { resampleCost, resampleCount } from '../../src/evaluation/bootstrap.ts'
import { writeImportedCard } from '../../src/import/model-card.ts'
import { kindOf } from '../../src/models/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { runSelfTest } from '../../src/predictor/self-test.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { explainedRows } from '../../src/training/explain-training.ts'
import { writeModelCard } from '../../src/training/model-card.ts'
import { measuringTime, timeLeft } from '../../src/training/pace.ts'
import { train } from '../../src/training/train.ts'
import type { TrainOptions } from '../../src/training/train-options.ts'
import { quick } from './fit-table.ts'

const random = createRandom(4)
const lines = Array.from({ length: 400 }, () => {
  const [a, b] = [random.uniform(), random.uniform()]
  return `${a.toFixed(4)},${b.toFixed(4)},${Number(a * b > 0.25)}\n`
})
const table = readCsvTable(`a,b,y\n${lines.join('')}`)

function fit(told: Partial<TrainOptions> = {}) {
  return train(table, readPlan({ target: 'y', numeric: ['a', 'b'] }), {
    ...quick,
    estimator: 'random_forest',
    engine: 'native',
    params: new Map([['n_estimators', 10]]),
    ...told,
  })
}

t.test('the dearer a row, the fewer are explained', (t) => {
  t.equal(explainedRows(1000, 1e9), 500)
  t.equal(explainedRows(1e7, 1e9), 100)
  t.equal(explainedRows(1e7, 1e12), 200, 'two seconds at most')
  t.equal(explainedRows(1e9, 1e9), 8, 'at least')
  for (const cost of [3e6, 1e7, 5e7]) t.ok(explainedRows(cost, 1e9) * cost <= 1e9)
  t.end()
})

t.test('large tables are resampled less often', (t) => {
  t.equal(resampleCount(1000, 2, 1e9), 1000)
  const rows = 50_000
  const count = resampleCount(rows, 2, 1e9)
  t.ok(count < 1000 && count >= 100 && count * resampleCost(rows, 2) <= 1e9, `${count}`)
  t.equal(resampleCount(10_000_000, 2, 1e9), 100, 'at least')
  t.end()
})

t.test('the time is a second, or half of what the fit is counted as', async (t) => {
  const { artifact } = await fit()
  const params = parseParams(randomForest.params, new Map())
  const settings = { estimator: randomForest, params }
  t.equal(measuringTime(settings, artifact.model, { rows: 320, columns: 2 }), 1e9)
  const wide = { rows: 1e6, columns: 1000 }
  const cost = treeFitCost(artifact.model, wide, params)
  t.ok(cost > 2e9)
  t.equal(measuringTime(settings, artifact.model, wide), cost / 2)
})

t.test('what must be done anyway is taken off first', async (t) => {
  const { artifact } = await fit()
  const { prepareCost, predictCost } = kindOf(artifact.model)
  const rows = 1000
  const spent = prepareCost(artifact.model) + rows * predictCost(artifact.model)
  t.ok(spent > 0)
  t.equal(timeLeft(1e9, artifact.model, rows), 1e9 - spent)
  t.equal(timeLeft(spent, artifact.model, rows), 0.3 * spent, 'something is left')
})

t.test('of thousands of columns the model card lists the first', async (t) => {
  const report = await fit()
  const { artifact } = report
  const [input] = artifact.preprocessor.inputs
  const inputs = Array.from({ length: 501 }, (_, i) => ({ ...input!, name: `c${i}` }))
  const wide = { ...artifact, preprocessor: { ...artifact.preprocessor, inputs } }
  const card = writeModelCard({ ...report, artifact: wide })
  t.match(card, /\| c499 \|.*\n\nand 1 more\.\n/)
  t.notMatch(card, '| c500 |')
  t.notMatch(writeModelCard(report), 'more.')
  const required = inputs.map((own) => ({ ...own, nullable: false }))
  const preprocessor = { ...artifact.preprocessor, inputs: required }
  const imported = writeImportedCard({ ...artifact, preprocessor }, [])
  t.match(imported, /\| c499 \|.*\n\nand 1 more\.\n/)
  t.match(imported, /may not be missing: c0, .*, c499 and 1 more\.\n/)
  t.notMatch(imported, 'c500')
})

t.test('a training that is stopped after its fit keeps the model', async (t) => {
  const whole = await fit()
  const stops = ['rows predicted', 'resamples', 'rows explained', 'columns shuffled'] as const
  for (const stop of stops) {
    let isAsked = false
    const warnings: string[] = []
    const { artifact, permutation, test, predictor, ...rest } = await fit({
      measuring: async (step) => {
        isAsked ||= step === stop
      },
      shouldStop: () => isAsked,
      warn: (line) => warnings.push(line),
    })
    t.strictSame(artifact.model, whole.artifact.model, stop)
    t.equal(artifact.training.interrupted, true)
    t.equal(artifact.metrics['interrupted'], true)
    t.equal(permutation, undefined)
    const rows = stop === 'columns shuffled' ? whole.artifact.importance.rows : 8
    t.equal(artifact.importance.rows, rows)
    t.equal(artifact.summary?.rows, rows)
    t.match(warnings, [`stopped after the fit: the model is whole, its importance is measured`])
    t.strictSame(artifact.training.warnings, warnings)
    t.strictSame(test?.model, whole.test?.model, 'the test rows are measured all the same')
    if (stop === 'rows predicted') t.equal(test?.intervals.of.accuracy, null)
    const card = writeModelCard({ artifact, permutation, test, predictor, ...rest })
    t.match(card, '**The training was interrupted**')
    t.notMatch(card, 'when a column is shuffled')
    runSelfTest(buildPredictor(artifact), artifact)
  }
})

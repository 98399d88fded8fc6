/** The predictor: explanations of batches, of every space and method, and what is refused. */
import t from 'tap'
import type { Artifact } from '../../src/artifact/artifact.ts'
import type { Cell, DataFrame } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import type { LinearSpec, TreesSpec } from '../../src/models/model.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { makeSelfTest, runSelfTest } from '../../src/predictor/self-test.ts'
import { frameOfCells, type InputColumn } from '../../src/preprocess/preprocessor.ts'
import type { Explanation } from '../../src/shap/explanation.ts'
import { refusalOf } from '../helper.ts'
import { decodeFiles, encodeChanged, trainSmall } from '../model-directory/model-files.ts'

const random = createRandom(3)

/** Rows of made-up values that a model may be asked for. */
function makeRows(inputs: readonly InputColumn[], rows: number): Cell[][] {
  return Array.from({ length: rows }, () =>
    inputs.map(({ name, nullable, categories, range }): Cell => {
      if (nullable && random.below(5) === 0) return null
      if (categories) return categories[random.below(categories.length)] as Cell
      if (!range) return `Item ${['Mr', 'Dr', 'Mx'][random.below(3)]}. ${name}`
      return range.minimum + random.uniform() * (range.maximum - range.minimum)
    }),
  )
}

for (const [estimator, classes] of [
  ['random_forest', ['a', 'b']],
  ['random_forest', ['a', 'b', 'c']],
  ['logistic_regression', ['a', 'b']],
  ['logistic_regression', ['a', 'b', 'c']],
] as const) {
  t.test(`${estimator} of ${classes.length}: a batch has the values of its rows`, async (t) => {
    const predictor = buildPredictor(await trainSmall(estimator, classes))
    const { inputs } = predictor.preprocessor.spec
    const cells = makeRows(inputs, 11)
    const frame = frameOfCells(inputs, cells)
    for (const { space, method, refusal } of predictor.offers) {
      if (refusal) continue
      for (const output of ['predicted', 'all', 'a', undefined]) {
        for (const level of ['columns', 'features'] as const) {
          const options = { space, method, level, ...(output === undefined ? {} : { output }) }
          const batch = predictor.explain(frame, options)
          t.strictSame([batch.space, batch.method], [space, method])
          batch.rows.forEach((own, row) => {
            const [one] = predictor.explain(
              frameOfCells(inputs, [cells[row] as Cell[]]),
              options,
            ).rows
            if (!isNear(own, one as Explanation))
              t.fail(`${space}, ${method}, ${output}: row ${row + 1}`)
            if (own.row !== row + 1) t.fail('rows keep their order')
            if (!(own.additivityError <= 1e-12)) t.fail(`additivity ${own.additivityError}`)
          })
        }
      }
    }
  })
}

function isNear(a: Explanation, b: Explanation): boolean {
  const near = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    x.length === y.length &&
    Array.from(x).every((value, i) => Math.abs(value - (y[i] as number)) <= 1e-12)
  return (
    a.predictedLabel === b.predictedLabel &&
    a.outputNames.join() === b.outputNames.join() &&
    JSON.stringify(a.data) === JSON.stringify(b.data) &&
    near(a.outputs, b.outputs) &&
    near(a.baseValues, b.baseValues) &&
    a.shapValues.every((values, k) => near(values, b.shapValues[k] as Float64Array))
  )
}

t.test('rows in parts have the bits of the whole', async (t) => {
  const predictor = buildPredictor(await trainSmall('random_forest'))
  const { inputs } = predictor.preprocessor.spec
  const cells = makeRows(inputs, 9)
  const explain = (rows: Cell[][]) =>
    predictor.explain(frameOfCells(inputs, rows), { output: 'all', isPart: true }).rows
  const whole = explain(cells)
  for (const size of [1, 2, 4, 5]) {
    const parts: Explanation[] = []
    for (let at = 0; at < cells.length; at += size)
      parts.push(...explain(cells.slice(at, at + size)))
    t.strictSame(
      parts.map(({ shapValues }) => shapValues),
      whole.map(({ shapValues }) => shapValues),
      `${size} rows`,
    )
  }
})

t.test('linear models offer the probability, as far as it can be computed', async (t) => {
  const artifact = await trainSmall('logistic_regression')
  const { inputs } = artifact.preprocessor
  const frame = frameOfCells(inputs, makeRows(inputs, 2))
  const few = buildPredictor(artifact)
  t.equal(few.explain(frame).space, 'log_odds', 'log-odds are the default')
  t.equal(few.explain(frame, { space: 'probability' }).space, 'probability')

  const predictor = widen(artifact)
  const all = predictor.preprocessor.spec.inputs
  const rows = makeRows(inputs, 2).map((cells) => [...cells, ...EXTRA.map(() => 1)])
  const error = refusalOf(() =>
    predictor.explain(frameOfCells(all, rows), { space: 'probability' }),
  )
  t.equal(error.code, 'invalid_option')
  t.match(error.message, /up to 15 model features, this model has \d+; ask for space=log_odds/)
  t.equal(predictor.explain(frameOfCells(all, rows), { space: 'log_odds' }).rows.length, 2)
})

const EXTRA = Array.from({ length: 16 }, (_, i) => `extra${i}`)

/** The same linear model over sixteen numbers more, each of which counts. */
function widen(artifact: Artifact): Predictor {
  const spec = artifact.model as LinearSpec
  const features = spec.features + EXTRA.length
  const coefficients = new Float64Array(spec.intercepts.length * features).fill(0.5)
  for (let k = 0; k < spec.intercepts.length; k++) {
    const own = spec.coefficients.subarray(k * spec.features, (k + 1) * spec.features)
    coefficients.set(own, k * features)
  }
  const means = new Float64Array(features)
  means.set(spec.means)
  const { inputs, steps } = artifact.preprocessor
  const chain = [{ kind: 'impute_number' as const, value: 0 }]
  const added = EXTRA.map((name) => ({
    name,
    type: 'number' as const,
    nullable: false,
    example: 0,
  }))
  return buildPredictor({
    ...artifact,
    model: { ...spec, features, coefficients, means },
    background: { rows: 1, columns: features, data: new Float64Array(features) },
    preprocessor: {
      ...artifact.preprocessor,
      inputs: [...inputs, ...added],
      steps: [...steps, ...EXTRA.map((column) => ({ column, chain }))],
    },
  })
}

t.test('a row too far from the background is named', async (t) => {
  const artifact = await trainSmall('logistic_regression', ['a', 'b'])
  const { inputs } = artifact.preprocessor
  const predictor = widen(artifact)
  const rows = makeRows(inputs, 3).map((cells, i) => [
    ...cells,
    ...EXTRA.map(() => (i === 1 ? 1e9 : 1)),
  ])
  const frame: DataFrame = frameOfCells(predictor.preprocessor.spec.inputs, rows)
  const error = refusalOf(() => predictor.explain(frame, { space: 'probability' }))
  t.equal(error.code, 'too_expensive')
  t.match(error.message, /^row 2: its values lie too far .*space=log_odds/)
  t.strictSame(error.places, [{ row: 2 }])
})

t.test('a space and a method that do not go together are refused', async (t) => {
  const predictor = buildPredictor(await trainSmall('random_forest', ['a', 'b']))
  const { inputs } = predictor.preprocessor.spec
  const frame = frameOfCells(inputs, makeRows(inputs, 1))
  const refuses = (options: object, message: RegExp) =>
    t.match(refusalOf(() => predictor.explain(frame, options)).message, message)
  refuses({ method: 'linear_interventional' }, /this model offers "tree_path_dependent"/)
  refuses({ space: 'log_odds' }, /this model offers "probability"/)
})

t.test('what is not ready yet is estimated without making it', async (t) => {
  const predictor = buildPredictor(await trainSmall('random_forest', ['a', 'b']))
  const options = { method: 'tree_interventional' }
  const offer = predictor.offers.find(({ method }) => method === 'tree_interventional')
  const waiting = offer?.buildSeconds() as number
  t.ok(waiting > 0)
  t.ok(predictor.estimateSeconds(10, options) >= waiting, 'making it is part of the first answer')
  t.equal(offer?.buildSeconds(), 0, 'once')
  const ten = predictor.estimateSeconds(10, options)
  t.ok(predictor.estimateSeconds(20, options) === 2 * ten && ten > 0)
  t.ok(predictor.estimateSeconds(10, { ...options, output: 'all' }) > ten)
  t.ok(predictor.estimateSeconds(10, { interactions: true }) > predictor.estimateSeconds(10, {}))
  t.ok(predictor.estimateSeconds(10, { counterfactual: 'a' }) >= 10)
})

t.test('a model that holds neither covers nor rows to explain against only predicts', async (t) => {
  const trained = await trainSmall('random_forest')
  const { cover: _, ...model } = trained.model as TreesSpec
  const { rows, columns } = trained.background
  const background = { rows: 0, columns, data: new Float64Array(0) }
  const { inputs } = trained.preprocessor
  const frame = frameOfCells(inputs, makeRows(inputs, 3))
  const before = buildPredictor(trained)

  const bare = buildPredictor({ ...trained, model, background })
  t.strictSame(bare.predict(frame), before.predict(frame))
  for (const options of [{}, { method: 'tree_interventional' }, { space: 'log_odds' }]) {
    for (const ask of [
      () => bare.checkOptions(options),
      () => bare.explain(frame, options),
      () => bare.chooseExplainer(options),
      () => bare.estimateSeconds(3, options),
    ]) {
      const { code, message } = refusalOf(ask)
      t.equal(code, 'cannot_explain')
      t.match(message, /which this model does not hold; .*predictions only/)
    }
  }
  t.equal(refusalOf(() => bare.explainer).code, 'cannot_explain')
  const counted = { ...trained, model, background, selfTest: makeSelfTest(bare) }
  t.ok(counted.selfTest.every((row) => !('shapValues' in row || 'baseValue' in row)))
  const files = encodeChanged(counted as Artifact)
  const stored = decodeFiles(files)
  t.strictSame(stored.selfTest, counted.selfTest)
  t.doesNotThrow(() => runSelfTest(buildPredictor(stored), stored))
  const misled = { ...stored, selfTest: trained.selfTest }
  t.throws(() => runSelfTest(bare, misled), { code: 'self_test', message: /nothing can compute/ })
  const silent = { ...trained, selfTest: counted.selfTest }
  t.throws(() => runSelfTest(before, silent), { code: 'self_test', message: /lacks SHAP values/ })

  const against = buildPredictor({ ...trained, model })
  t.equal(rows > 0 && against.explainer.method, 'tree_interventional', 'rows explain it')
  const path = { method: 'tree_path_dependent' }
  const refused = refusalOf(() => against.explain(frame, path))
  t.equal(refused.code, 'invalid_option')
  t.match(refused.message, /ask for method=tree_interventional, without interactions/)
  for (const options of [{}, { top: 2 }, { method: 'tree_interventional' }])
    t.match(
      refusalOf(() => against.explain(frame, { ...options, interactions: true })).message,
      /interactions weigh .* which this model does not hold; ask for method=tree_interventional, w/,
    )
})

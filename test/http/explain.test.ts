/** /explain with its options, /explain/global, and what is refused. */
import t, { type Test } from 'tap'
import { buildApp } from '../../src/http/app.ts'
import { buildRoutes } from '../../src/http/routes.ts'
import { createService } from '../../src/http/service.ts'
import type { LoadedModel } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { buildTestApp, checkProblem, loadCheckpoint, passenger, post } from '../helper.ts'
import { trainSmall } from '../model-directory/model-files.ts'

const JSON_TYPE = 'application/json'
const row = JSON.stringify(passenger.object)
const columns = passenger.header.split(',')

interface Row {
  outputs: number[]
  data: unknown[]
  imputed?: Record<string, unknown>
  shap_values: number[][]
  interaction_values?: number[][][]
  additivity_error: number
  counterfactual?: {
    class: number
    found: boolean
    optimal: boolean
    distance: number
    bound: number
    changes: { column: string; from: unknown; to: unknown }[]
    predicted_label: number
    score: number
  }
}

interface Answer {
  space: string
  method: string
  base_values: number[]
  explanations: Row[]
}

t.test('method: each says what it is and adds up', async (t) => {
  const app = await buildTestApp(t)
  for (const method of ['tree_path_dependent', 'tree_interventional']) {
    const answer = await post(app, `/explain?method=${method}&output=all`, JSON_TYPE, row)
    t.equal(answer.statusCode, 200, answer.body)
    const { space, method: said, base_values, explanations } = answer.json() as Answer
    t.strictSame([space, said], ['probability', method])
    const [first] = explanations as [Row]
    first.shap_values.forEach((values, k) => {
      const sum = values.reduce((a, b) => a + b, base_values[k] as number)
      t.ok(Math.abs(sum - (first.outputs[k] as number)) <= 1e-12)
    })
    t.ok(first.additivity_error <= 1e-12)
  }
  const { artifact, predictor } = await loadCheckpoint()
  const { data, rows } = artifact.background
  const scores = new Float64Array(rows * 2)
  // The mean output over the stored background, from the model's own predictions of its rows.
  const [, interventional] = predictor.offers
  const explainer = interventional?.build()
  explainer?.outputRows({ rows, columns: data.length / rows, data }, [0, 1], scores)
  const mean = scores.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b / rows, 0)
  t.ok(
    Math.abs((explainer?.baseValue(1) as number) - mean) <= 1e-12,
    'the base value is their mean',
  )
})

t.test('interactions: symmetric, rows sum to the SHAP values', async (t) => {
  const app = await buildTestApp(t)
  for (const level of ['columns', 'features']) {
    const url = `/explain?interactions=true&output=all&level=${level}`
    const { explanations } = (await post(app, url, JSON_TYPE, row)).json() as Answer
    const [{ shap_values, interaction_values = [] }] = explanations as [Row]
    t.equal(interaction_values.length, 2)
    interaction_values.forEach((matrix, k) => {
      matrix.forEach((values, i) => {
        const sum = values.reduce((a, b) => a + b, 0)
        t.ok(Math.abs(sum - (shap_values[k]?.[i] as number)) <= 1e-12)
        t.ok(values.every((value, j) => Math.abs(value - (matrix[j]?.[i] as number)) <= 1e-15))
      })
    })
  }
})

t.test('interactions as CSV: one line per pair, with the numbers of JSON', async (t) => {
  const app = await buildTestApp(t)
  const accept = { accept: 'text/csv' }
  const csv = (await post(app, '/explain?interactions=true', JSON_TYPE, row, accept)).body
  const json = (await post(app, '/explain?interactions=true', JSON_TYPE, row)).json() as Answer
  const matrix = json.explanations[0]?.interaction_values?.[0] as number[][]
  const expected = columns.flatMap((first, i) =>
    columns.map((second, j) => `1,1,${first},${second},${matrix[i]?.[j]}\n`),
  )
  t.equal(csv, `row,output_name,feature_1,feature_2,value\n${expected.join('')}`)
  const bare = { accept: 'text/csv;header=absent' }
  t.equal(
    (await post(app, '/explain?interactions=true', JSON_TYPE, row, bare)).body,
    expected.join(''),
  )
})

t.test('missing values stay missing, with what the model takes beside them', async (t) => {
  const artifact = await trainSmall('logistic_regression', ['a', 'b'])
  const chain = artifact.preprocessor.steps.find(({ column }) => column === 'size')?.chain ?? []
  const imputed = (chain[0] as { value: number }).value
  const app = appOf(t, {
    ...(await loadCheckpoint()),
    artifact,
    predictor: buildPredictor(artifact),
  })
  const item = { size: 1, weight: 20, colour: 'red', grade: 'low', title: 'Item Mr. 1' }
  const gap = JSON.stringify({ ...item, size: null, colour: null })
  const both = `[${gap},${JSON.stringify(item)}]`
  const { explanations } = (await post(app, '/explain', JSON_TYPE, both)).json() as Answer
  t.equal(explanations[0]?.data[0], null)
  t.strictSame(explanations[0]?.imputed, { size: imputed }, 'a level of its own is no value')
  t.notOk(Object.hasOwn(explanations[1] as Row, 'imputed'), 'absent where nothing is missing')
  const people = (await post(app, '/explain?format=contributions', JSON_TYPE, gap)).json()
  const contributions = people.explanations[0].contributions as { feature: string }[]
  t.match(
    contributions.find(({ feature }) => feature === 'size'),
    { value: null, imputed },
  )
  t.notOk(Object.hasOwn(contributions.find(({ feature }) => feature === 'colour') ?? {}, 'imputed'))
  const features = (await post(app, '/explain?level=features', JSON_TYPE, gap)).json() as Answer
  t.notOk(Object.hasOwn(features.explanations[0] as Row, 'imputed'), "the model's own numbers")
})

t.test('what is not imputed is missing and nothing else', async (t) => {
  const app = await buildTestApp(t)
  const gap = JSON.stringify({ ...passenger.object, Age: null })
  const { explanations } = (await post(app, '/explain', JSON_TYPE, gap)).json() as Answer
  t.equal(explanations[0]?.data[3], null)
  const { predictor } = await loadCheckpoint()
  const value = predictor.preprocessor.imputed.get('Age')
  t.strictSame(explanations[0]?.imputed, value === undefined ? undefined : { Age: value })
})

t.test('a counterfactual is predicted as it says', async (t) => {
  const app = await buildTestApp(t)
  const asked = 'counterfactual=1&max_changes=3'
  const { explanations } = (await post(app, `/explain?${asked}`, JSON_TYPE, row)).json() as Answer
  const found = explanations[0]?.counterfactual as NonNullable<Row['counterfactual']>
  t.match(found, { class: 1, found: true, optimal: true, predicted_label: 1 })
  t.equal(found.bound, found.distance)
  const changes = Object.fromEntries(found.changes.map(({ column, to }) => [column, to]))
  const changed = JSON.stringify({ ...passenger.object, ...changes })
  const predicted = (await post(app, '/invocations', JSON_TYPE, changed)).json()
  t.equal(predicted.predictions[0].predicted_label, 1)
  t.equal(predicted.predictions[0].score, found.score)

  const body = JSON.stringify({
    instances: [passenger.object],
    parameters: { counterfactual: 1, freeze: ['Sex', 'Pclass'], max_changes: 1 },
  })
  const none = (await post(app, '/explain', JSON_TYPE, body)).json() as Answer
  t.match(none.explanations[0]?.counterfactual, { found: false, optimal: true, changes: [] })

  const attributes = {
    'x-amzn-sagemaker-custom-attributes':
      'explain=shap,counterfactual=1,freeze=Sex|Pclass,max_changes=1',
  }
  const hosted = (await post(app, '/invocations', JSON_TYPE, row, attributes)).json() as Answer
  t.strictSame(hosted.explanations[0]?.counterfactual, none.explanations[0]?.counterfactual)
})

for (const [query, detail] of [
  ['output=2', /output is "2", this model offers "0", "1", "predicted", "all"/],
  ['space=odds', /space is "odds", this model offers "probability"/],
  ['space=log_odds', /space is "log_odds", this model offers "probability"/],
  ['method=kernel', /method is "kernel", this model offers "tree_path_dependent", "tree_interv/],
  ['intreactions=true', /no option "intreactions"; did you mean "interactions"/],
  ['interactions=maybe', /interactions is "maybe", expected "true", "false"/],
  ['interactions=true&method=tree_interventional', /not computed with .*method=tree_interv/],
  ['interactions=true&top=2', /leave out top/],
  ['interactions=true&format=contributions', /format=json as JSON or JSON Lines, or as CSV/],
  ['interactions=true&format=clarify', /format=json/],
  ['counterfactual=dead', /counterfactual is "dead", this model offers "0", "1"/],
  ['counterfactual=1&format=clarify', /counterfactuals are answered as JSON/],
  ['counterfactual=1&max_changes=6', /max_changes is 6, expected a whole number from 1 to 5/],
  ['counterfactual=1&max_changes=0', /max_changes is "0", expected a whole number from 1/],
  ['max_changes=2', /belong to counterfactual/],
  ['freeze=Sex', /belong to counterfactual/],
  ['top=0', /top is "0"/],
  ['format=xml', /format is "xml"/],
  ['level=rows', /level is "rows"/],
] as const) {
  t.test(`?${query} is refused`, async (t) => {
    const app = await buildTestApp(t)
    checkProblem(
      t,
      await post(app, `/explain?${query}`, JSON_TYPE, row),
      400,
      'invalid_option',
      detail,
    )
  })
}

t.test('a frozen column that is none is refused', async (t) => {
  const app = await buildTestApp(t)
  const answer = await post(app, '/explain?counterfactual=1&freeze=Sex,Agee', JSON_TYPE, row)
  checkProblem(t, answer, 400, 'unknown_column', /does not have: "Agee"/)
})

t.test('what a form has no room for is refused', async (t) => {
  const app = await buildTestApp(t)
  for (const [query, accept] of [
    ['interactions=true', 'image/svg+xml'],
    ['counterfactual=1', 'text/csv'],
    ['counterfactual=1', 'image/svg+xml'],
  ] as const) {
    const answer = await post(app, `/explain?${query}`, JSON_TYPE, row, { accept })
    checkProblem(t, answer, 400, 'invalid_option')
  }
})

t.test('what costs too much is refused, and says the budget and the estimate', async (t) => {
  const app = await buildTestApp(t, { limits: { maxSeconds: 2 } })
  const three = `[${row},${row},${row}]`
  const searches = await post(app, '/explain?counterfactual=1', JSON_TYPE, three)
  checkProblem(
    t,
    searches,
    413,
    'too_expensive',
    /3 rows would take about \d+ s, the budget is 2 s/,
  )
  t.equal((await post(app, '/explain', JSON_TYPE, three)).statusCode, 200)
  const pairs = await buildTestApp(t, { limits: { maxAnswerBytes: 3000 } })
  const large = await post(pairs, '/explain?interactions=true', JSON_TYPE, three)
  checkProblem(t, large, 413, 'too_large')
})

t.test('/explain/global answers what the directory has', async (t) => {
  const app = await buildTestApp(t)
  const answer = await app.inject({ url: '/explain/global' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], JSON_TYPE)
  const { artifact } = await loadCheckpoint()
  const summary = answer.json()
  t.match(summary, {
    model_id: artifact.modelId,
    space: 'probability',
    method: 'tree_path_dependent',
    rows: artifact.importance.rows,
    output_names: ['1'],
  })
  // Both are made of the same sample.
  for (const { column, mean_abs_shap } of summary.columns) {
    const at = artifact.preprocessor.inputs.findIndex(({ name }) => name === column)
    const stored = artifact.importance.meanAbsolute.data[at] as number
    t.ok(Math.abs(mean_abs_shap[0] - stored) <= 1e-12, column)
  }
})

t.test('a model without a summary has no global explanation', async (t) => {
  const model = await loadCheckpoint()
  const { summary: _, ...artifact } = model.artifact
  const app = appOf(t, { ...model, artifact })
  const answer = await app.inject({ url: '/explain/global' })
  checkProblem(t, answer, 404, 'not_found', /explain --summary/)
})

/** An application of another model than the one that ships. */
function appOf(t: Test, model: LoadedModel) {
  const options = {
    limits: { maxRows: 10, maxAnswerBytes: 1 << 20, maxSeconds: 50 },
    maxBodyBytes: 1 << 20,
    bodyBudget: 8 << 20,
    defaultAccept: JSON_TYPE,
    deadlineMs: 55_000,
    maxConcurrent: 1,
    modelName: 'model',
  }
  const app = buildApp(buildRoutes(model, createService(options)), options)
  t.teardown(() => app.close())
  return app
}

/** Numbers that stay missing, from the plan to the answer: for trees that learn from missing values. */
import t, { type Test } from 'tap'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { withModelId } from '../../src/artifact/encode.ts'
import { type Column, findColumn, takeRows } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { ArtifactError } from '../../src/errors.ts'
import { type LoadedModel, readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { makeSelfTest } from '../../src/predictor/self-test.ts'
import { explainColumns, summaryLabels } from '../../src/predictor/summarize-rows.ts'
import { fitPreprocessor } from '../../src/preprocess/fit-preprocessor.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { readPlan, writePlan } from '../../src/preprocess/plan.ts'
import { buildPreprocessor } from '../../src/preprocess/preprocessor.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { permutationImportance } from '../../src/training/permutation-importance.ts'
import { measureImportance } from '../../src/training/shap-importance.ts'
import { train } from '../../src/training/train.ts'
import { buildTestApp, checkProblem, post } from '../helper.ts'
import { conditionalOutput, shapleyValues } from '../shap/brute-force.ts'
import { checkRefused } from '../tables.ts'
import { quick } from './fit-table.ts'

/** Numbers a (sometimes missing), b and d (never), a category c (sometimes missing). */
const table = readCsvTable(
  `a,b,c,d,y\n${Array.from({ length: 80 }, (_, i) => {
    const a = i % 4 === 0 ? '' : (i * 7) % 13
    const c = i % 9 === 0 ? '' : 'pq'[i % 2]
    return `${a},${(i * 5) % 11},${c},${(i * 3) % 7},${i % 4 === 0 || (i * 7) % 13 > 8 ? 1 : 0}\n`
  }).join('')}`,
)
const all = Int32Array.from({ length: table.length }, (_, row) => row)
const trees = { scale: false, acceptsMissing: true }

t.test('what happens to missing numbers', async (t) => {
  const fit = (impute: string | undefined, needs: typeof trees | { scale: boolean }) => {
    const numeric = [{ column: 'a', ...(impute === undefined ? {} : { impute }) }]
    return runSteps(
      fitPreprocessor(table, all, readPlan({ target: 'y', numeric, nominal: ['c'] }), needs),
    ).spec.steps[0]?.chain
  }
  t.strictSame(fit(undefined, trees), [], 'they stay, where the estimator takes them')
  t.strictSame(fit('none', trees), [])
  t.match(fit('median', trees), [{ kind: 'impute_number' }], 'unless the plan says otherwise')
  t.match(fit(undefined, { scale: false }), [{ kind: 'impute_number' }])
  t.match(fit(undefined, { scale: true }), [{ kind: 'impute_number' }, { kind: 'standard_scaler' }])
  t.match(
    fit(undefined, { scale: true, acceptsMissing: true } as typeof trees),
    [{ kind: 'impute_number' }, { kind: 'standard_scaler' }],
    'what is scaled is imputed',
  )
  await checkRefused(
    t,
    () => fit('none', { scale: false }),
    'invalid_plan',
    /^column "a" has impute none, but this estimator does not learn from missing values/,
    'none',
  )
  const plan = readPlan({ target: 'y', numeric: [{ column: 'a', impute: 'none' }, 'b'] })
  t.strictSame(readPlan(JSON.parse(JSON.stringify(writePlan(plan)))), plan, 'written and read')
})

t.test('the guess says what happens to them', (t) => {
  const reasonOf = (acceptsMissing: boolean) =>
    runSteps(inferPlan(table, 'y', new Map(), acceptsMissing)).columns[0]?.reason
  t.equal(reasonOf(true), 'number; 20 missing of 80 stay missing')
  t.equal(reasonOf(false), 'number; median for 20 missing of 80')
  t.end()
})

t.test('features that can be missing', (t) => {
  const plan = readPlan({ target: 'y', numeric: ['a', 'b'], nominal: ['c'] })
  const { spec } = runSteps(fitPreprocessor(table, all, plan, trees))
  const built = buildPreprocessor(spec)
  t.strictSame(built.featureNamesOut, ['a', 'b', 'c=p', 'c=q', 'c=(missing)'])
  t.strictSame(built.canBeMissing, [true, false, false, false, false])
  t.strictSame(
    spec.inputs.map(({ name, nullable }) => [name, nullable]),
    [
      ['a', true],
      ['b', false],
      ['c', true],
    ],
    'a request may leave out what training had missing',
  )
  t.ok(spec.inputs.every(({ example }) => example !== null))
  t.end()
})

/** Returns a tree of the engine that imputes, turned into one that sends missing numbers its own way. */
async function artifactWithGaps(): Promise<Artifact> {
  const plan = readPlan({
    target: 'y',
    numeric: ['a', 'b', 'd'],
    nominal: ['c'],
    nullable: ['d'],
  })
  const { artifact } = await train(table, plan, {
    ...quick,
    params: new Map([['min_impurity_decrease', 0]]),
    testSize: 0,
  })
  const { spec: preprocessor } = runSteps(fitPreprocessor(table, all, plan, trees))
  const model = artifact.model as TreesSpec
  const draft = {
    ...artifact,
    preprocessor,
    model: { ...model, missingLeft: Uint8Array.from(model.feature, (_, node) => node % 2) },
    background: buildPreprocessor(preprocessor).transform(takeRows(table, all.subarray(0, 20))),
  }
  return withModelId({ ...draft, selfTest: makeSelfTest(buildPredictor(draft)) }, sha256)
}

async function store(t: Test, artifact: Artifact): Promise<LoadedModel> {
  const directory = t.testdir()
  const writer = await openModelWriter(directory)
  await writer.commit(artifact, {})
  await writer.release()
  return readModelDirectory(directory)
}

t.test('a model directory keeps them', async (t) => {
  const artifact = await artifactWithGaps()
  t.ok(artifact.background.data.some(Number.isNaN), 'in the background')
  const { artifact: read } = await store(t, artifact)
  t.strictSame(read, artifact)
  t.ok(
    read.selfTest.some(({ cells }) => cells[0] === null && cells[3] === null),
    'self-test',
  )
})

t.test('a missing number that cannot be is refused', async (t) => {
  const artifact = await artifactWithGaps()
  const refused = async (change: Partial<Artifact>, message: RegExp) => {
    const { modelId: _, ...parts } = { ...artifact, ...change }
    try {
      await store(t, withModelId(parts, sha256))
      t.fail('not refused')
    } catch (error) {
      t.ok(error instanceof ArtifactError)
      t.match((error as Error).message, message)
    }
  }
  const withGap = (at: number, value: number) => {
    const data = artifact.background.data.slice()
    data[at] = value
    return { background: { ...artifact.background, data } }
  }
  await refused(withGap(3, Number.NaN), /background holds a number that is not finite/)
  await refused(withGap(0, Number.POSITIVE_INFINITY), /background holds a number/)
  const features = artifact.background.columns
  await refused(
    {
      model: {
        kind: 'linear',
        features,
        coefficients: new Float64Array(features),
        intercepts: new Float64Array(1),
        means: new Float64Array(features),
        link: 'logit',
      },
    },
    /preprocessor.json lets missing numbers through, which the linear model does not take/,
  )
})

t.test('a request may leave them out, and they go the way of the tree', async (t) => {
  const model = await store(t, await artifactWithGaps())
  const app = await buildTestApp(t, { model })
  const { model: spec, preprocessor } = model.artifact
  const rows = [
    [null, 3, 'p', null],
    [5, 3, null, 2],
    [null, 0, 'q', 6],
  ]
  const names = preprocessor.inputs.map(({ name }) => name)
  t.strictSame(names, ['a', 'b', 'c', 'd'])
  const body = JSON.stringify({
    instances: rows.map((row) => Object.fromEntries(names.map((name, j) => [name, row[j]]))),
  })
  const json = (await post(app, '/invocations', 'application/json', body)).json()
  const csv = rows.map((row) => row.map((cell) => cell ?? '').join(',')).join('\n')
  const lines = (await post(app, '/invocations', 'text/csv', csv, { accept: 'text/csv' })).body
  t.strictSame(
    lines.trim().split('\n').map(Number),
    json.predictions.map(({ score }: { score: number }) => score),
  )
  const features = rows.map(([a, b, c, d]) =>
    Float64Array.of(
      ...[a ?? Number.NaN, b, d ?? Number.NaN].map(Number),
      ...[c === 'p', c === 'q', c === null].map(Number),
    ),
  )
  t.strictSame(model.predictor.preprocessor.featureNamesOut.slice(0, 3), ['a', 'b', 'd'])
  const answer = (await post(app, '/explain?level=features', 'application/json', body)).json()
  features.forEach((x, row) => {
    const { data, shap_values, outputs, additivity_error } = answer.explanations[row]
    t.strictSame(
      data,
      Array.from(x, (value) => (Number.isNaN(value) ? null : value)),
      'null',
    )
    const wanted = shapleyValues(x.length, (mask) =>
      conditionalOutput(spec as TreesSpec, x, mask, 1),
    )
    wanted.forEach((value, j) => {
      t.ok(Math.abs(shap_values[0][j] - value) < 1e-12, `row ${row}, feature ${j}`)
    })
    t.equal(outputs[0], json.predictions[row].score)
    t.ok(additivity_error < 1e-12)
  })
  for (const accept of ['text/csv', 'application/jsonlines', 'image/svg+xml']) {
    const one = JSON.stringify({ instances: [rows[0]] })
    const reply = await post(app, '/explain?level=features', 'application/json', one, { accept })
    t.equal(reply.statusCode, 200, accept)
    t.notMatch(reply.body, /NaN/, accept)
  }
  const gap = JSON.stringify({ a: 1, b: null, c: 'p', d: 1 })
  checkProblem(
    t,
    await post(app, '/invocations', 'application/json', gap),
    400,
    'missing_value',
    /"b"/,
  )
})

t.test('importance is measured with them', async (t) => {
  const predictor = buildPredictor(await artifactWithGaps())
  const inputs = {
    names: table.names.slice(0, 4),
    columns: table.columns.slice(0, 4),
    length: table.length,
  }
  const { importance, entries } = measureImportance(
    predictor,
    inputs,
    explainColumns(predictor, predictor.explainer, inputs, summaryLabels(predictor)),
  )
  t.ok(importance.meanAbsolute.data.every(Number.isFinite))
  t.ok(entries.every(({ direction }) => /^(-|higher up|higher down|. up|. down)$/.test(direction)))
  const { values } = findColumn(table, 'y') as Column & { kind: 'number' }
  const found = permutationImportance(predictor, inputs, Int32Array.from(values), 0)
  t.ok(found.columns.every(({ mean }) => Number.isFinite(mean)))
})

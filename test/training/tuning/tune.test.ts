/** Searching parameters: what is drawn, who survives, what is trained and kept. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { MANIFEST_FILE, TRIALS_FILE } from '../../../src/artifact/artifact.ts'
import { decodeArtifact } from '../../../src/artifact/decode.ts'
import { decodeManifest } from '../../../src/artifact/decode-manifest.ts'
import { encodeArtifact } from '../../../src/artifact/encode.ts'
import { createRandom } from '../../../src/data/random.ts'
import { readModelDirectory, sha256 } from '../../../src/model-directory/read.ts'
import { openModelWriter } from '../../../src/model-directory/write.ts'
import { readPlan } from '../../../src/preprocess/plan.ts'
import { readCsvTable } from '../../../src/tables/formats/read-text.ts'
import { train } from '../../../src/training/train.ts'
import { drawParams } from '../../../src/training/tuning/draw-params.ts'
import { planRungs } from '../../../src/training/tuning/successive-halving.ts'
import { type TuneOptions, tune } from '../../../src/training/tuning/tune.ts'
import { checkRefused } from '../../tables.ts'
import { quick } from '../fit-table.ts'

const plan = readPlan({ target: 'y', numeric: ['a', 'b'] })

/** Rows whose label is whether a + b is large, with some noise; `three` makes three classes. */
function tableOf(rows: number, three = false) {
  const random = createRandom(5)
  const lines = Array.from({ length: rows }, () => {
    const [a, b, noise] = [random.uniform(), random.uniform(), random.uniform() * 0.4]
    const sum = a + b + noise
    const label = sum > 1.2 ? (three && sum > 1.6 ? 'c' : 'b') : 'a'
    return `${a.toFixed(3)},${b.toFixed(3)},${label}\n`
  })
  return readCsvTable(`a,b,y\n${lines.join('')}`)
}

const options: TuneOptions = {
  ...quick,
  trials: 6,
  folds: 3,
  method: 'halving',
}

t.test('drawn values', (t) => {
  const space = {
    kind: { kind: 'choice', values: ['p', 'q', null] },
    share: { kind: 'uniform', low: 0.2, high: 0.4, when: { parameter: 'kind', value: 'q' } },
    rate: { kind: 'log_uniform', low: 1e-4, high: 1e4 },
    few: { kind: 'integer', low: 1, high: 3 },
    many: { kind: 'log_integer', low: 1, high: 64 },
  } as const
  const random = createRandom(1)
  const drawn = Array.from({ length: 3000 }, () => drawParams(space, new Map(), random))
  const valuesOf = (name: string) => drawn.map((params) => params.get(name))
  t.strictSame(new Set(valuesOf('kind')), new Set(['p', 'q', null]))
  t.ok(
    drawn.every((params) => params.has('share') === (params.get('kind') === 'q')),
    'conditional',
  )
  const rates = valuesOf('rate') as number[]
  t.ok(rates.every((rate) => rate >= 1e-4 && rate <= 1e4 && String(rate).length < 12))
  const below = rates.filter((rate) => rate < 1).length / 3000
  t.ok(Math.abs(below - 0.5) < 0.05, `half of the logarithms: ${below}`)
  for (const few of [1, 2, 3]) {
    const share = valuesOf('few').filter((value) => value === few).length / 3000
    t.ok(Math.abs(share - 1 / 3) < 0.05, `few ${few}: ${share}`)
  }
  const many = valuesOf('many') as number[]
  t.ok(many.every((value) => Number.isInteger(value) && value >= 1 && value <= 64))
  t.ok(many.includes(1) && many.includes(64), 'both ends')
  const small = many.filter((value) => value <= 7).length / 3000
  t.ok(small > 0.4 && small < 0.6, `half of them below 8: ${small}`)
  const fixed = drawParams(space, new Map([['kind', 'q']]), createRandom(1))
  t.notOk(fixed.has('kind'), 'what is given is not drawn')
  t.ok(fixed.has('share'), 'and counts for conditions')
  t.end()
})

t.test('rounds of successive halving', (t) => {
  t.strictSame(planRungs(20, 100, 5), [
    { candidates: 20, resource: 11 },
    { candidates: 7, resource: 33 },
    { candidates: 3, resource: 100 },
  ])
  t.strictSame(planRungs(100, 300, 100), [
    { candidates: 100, resource: 100 },
    { candidates: 34, resource: 300 },
  ])
  t.strictSame(planRungs(100, 299, 100), [{ candidates: 100, resource: 299 }], 'no room below')
  t.strictSame(planRungs(1, 1e6, 5), [{ candidates: 1, resource: 1e6 }])
  t.strictSame(planRungs(3, 24, 5), [
    { candidates: 3, resource: 8 },
    { candidates: 1, resource: 24 },
  ])
  t.end()
})

t.test('the best trial is trained as train would', async (t) => {
  const table = tableOf(150)
  const told: string[] = []
  const progress: string[] = []
  const scores: [number, number][] = []
  const report = await tune(table, plan, {
    ...options,
    warn: (message) => told.push(message),
    progress: async (done, total, unit) => void progress.push(`${done}/${total} ${unit}`),
    onScore: (score, best) => scores.push([score, best]),
  })
  const { ranking, metric, resource, rungs } = report.search
  t.strictSame([metric, resource, rungs.length], ['roc_auc', 'rows', 1], '120 rows are one round')
  t.strictSame(ranking.map(({ trial }) => trial).sort(), [1, 2, 3, 4, 5, 6])
  const means = ranking.map(({ rungs }) => rungs.at(-1)?.mean as number)
  t.strictSame(
    means,
    [...means].sort((a, b) => b - a),
    'best first',
  )
  t.ok((means[0] as number) > (means.at(-1) as number), 'they differ')
  t.equal(scores.length, 6)
  t.equal(scores.at(-1)?.[1], means[0], 'the best of all is told')
  t.ok(progress.includes('0/18 fits') && progress.includes('18/18 fits'))
  t.strictSame(told, [])
  const { search: _, ...best } = report
  const same = await train(table, plan, { ...options, params: ranking[0]?.given as never })
  t.strictSame(report.artifact.model, same.artifact.model)
  t.strictSame(best.test, same.test, 'measured on rows that the search has not seen')
  t.equal(report.crossValidation?.scores.length, 3, 'the folds of the best')
  t.strictSame(report.artifact.params, ranking[0]?.params)
})

t.test('the first trial is what was given, the others keep it', async (t) => {
  const { search } = await tune(tableOf(100), plan, {
    ...options,
    params: new Map([['max_depth', '3']]),
  })
  const first = search.ranking.find(({ trial }) => trial === 1)
  t.strictSame(first?.params, { max_depth: 3, min_samples_split: 4, min_impurity_decrease: 0.01 })
  t.ok(search.ranking.every(({ params }) => params['max_depth'] === 3))
  t.ok(new Set(search.ranking.map(({ params }) => params['min_samples_split'])).size > 2)
})

t.test('forests are halved by their trees', async (t) => {
  const { search, artifact } = await tune(tableOf(100), plan, {
    ...options,
    estimator: 'random_forest',
    params: new Map<string, unknown>([['n_estimators', 18]]),
    trials: 7,
  })
  t.equal(search.resource, 'n_estimators')
  t.strictSame(search.rungs, [
    { candidates: 7, resource: 6 },
    { candidates: 3, resource: 18 },
  ])
  t.strictSame(
    search.ranking.map(({ rungs }) => rungs.map(({ resource }) => resource)),
    [...new Array(3).fill([6, 18]), ...new Array(4).fill([6])],
    'survivors first',
  )
  const firstRound = search.ranking.map(({ rungs }) => rungs[0]?.mean as number)
  const kept = Math.min(...firstRound.slice(0, 3))
  t.ok(
    firstRound.slice(3).every((mean) => mean <= kept),
    'the best of the first round survive',
  )
  t.equal(artifact.params['n_estimators'], 18, 'the model has all trees')
})

t.test('rows are halved for trees, and both methods agree on one round', async (t) => {
  const table = tableOf(800)
  const halving = await tune(table, plan, { ...options, trials: 4, folds: 2 })
  t.strictSame(halving.search.rungs, [
    { candidates: 4, resource: 213 },
    { candidates: 2, resource: 640 },
  ])
  t.equal(halving.artifact.training.trainRows, 640)
  const random = await tune(table, plan, { ...options, trials: 4, folds: 2, method: 'random' })
  t.strictSame(random.search.rungs, [{ candidates: 4, resource: 640 }])
  const best = halving.search.ranking[0]
  const again = random.search.ranking.find(({ trial }) => trial === best?.trial)
  t.strictSame(again?.rungs[0], best?.rungs[1], 'the same folds')
})

t.test('other metrics; losses are minimised', async (t) => {
  for (const metric of ['log_loss', 'accuracy'] as const) {
    const { search } = await tune(tableOf(120), plan, { ...options, metric })
    const means = search.ranking.map(({ rungs }) => rungs[0]?.mean as number)
    const sorted = [...means].sort((a, b) => (metric === 'log_loss' ? a - b : b - a))
    t.strictSame(means, sorted, metric)
  }
  const { search } = await tune(tableOf(120, true), plan, { ...options, trials: 2 })
  t.equal(search.metric, 'log_loss', 'of three classes')
})

t.test('the same seed gives the same bytes, and trials.json among them', async (t) => {
  const bytesOf = async (seed: number) => {
    const { artifact } = await tune(tableOf(90), plan, { ...options, seed, trials: 4 })
    return encodeArtifact(artifact, sha256)
  }
  const [first, second, other] = [await bytesOf(0), await bytesOf(0), await bytesOf(1)]
  t.strictSame(first, second)
  t.notSame(first.get(TRIALS_FILE), other.get(TRIALS_FILE))
  const artifact = decodeArtifact(
    decodeManifest(first.get(MANIFEST_FILE) as Uint8Array, sha256),
    first,
  )
  t.match(artifact.trials, {
    metric: 'roc_auc',
    goal: 'maximize',
    search: 'halving',
    folds: 3,
    seed: 0,
    resource: 'rows',
    rungs: [{ candidates: 4 }],
    space: { max_depth: { kind: 'integer' } },
    best: Number,
    trials: [{ params: artifact.params, rungs: [{ mean: Number, sd: Number, folds: 3 }] }],
  })
  t.strictSame(encodeArtifact(artifact, sha256), first, 'read and written again')
})

t.test('trials.json is verified, and goes with its model', async (t) => {
  const directory = t.testdir()
  const { artifact } = await tune(tableOf(90), plan, { ...options, trials: 2 })
  const writer = await openModelWriter(directory)
  await writer.commit(artifact, {})
  t.ok(readdirSync(directory).includes(TRIALS_FILE))
  t.strictSame((await readModelDirectory(directory)).extraFiles, [])
  const files = encodeArtifact(artifact, sha256)
  const other = encodeArtifact({ ...artifact, modelId: 'f'.repeat(32) }, sha256)
  const manifest = decodeManifest(files.get(MANIFEST_FILE) as Uint8Array, sha256)
  for (const [name, bytes, message] of [
    ['of another model', other.get(TRIALS_FILE), /trials.json belongs to model "f+"/],
    ['no JSON', Buffer.from('{'), /trials.json is not JSON/],
    ['no object', Buffer.from('[]'), /trials.json must be an object/],
  ] as const) {
    const changed = new Map([...files, [TRIALS_FILE, bytes as Uint8Array]])
    t.throws(() => decodeArtifact(manifest, changed), { message }, name)
  }
  const { trials: __, ...plain } = artifact
  await writer.commit(plain, {})
  t.notOk(readdirSync(directory).includes(TRIALS_FILE), 'the next model has none')
  await writer.release()
})

t.test('what cannot be searched is refused', async (t) => {
  for (const [name, told, code, message] of [
    ['no trials', { trials: 0 }, 'invalid_parameter', /^trials is 0, expected at least 1$/],
    ['a parameter', { params: new Map([['max_depth', 'x']]) }, 'invalid_parameter', /max_depth/],
    ['folds', { folds: 90 }, 'too_few_rows', /^90 folds are too many/],
    ['test_size', { testSize: 1 }, 'invalid_parameter', /test_size/],
  ] as const) {
    await checkRefused(
      t,
      () => tune(tableOf(80), plan, { ...options, ...told }),
      code,
      message,
      name,
    )
  }
  const rare = readCsvTable(`a,b,y\n${'1,2,p\n2,1,p\n'.repeat(20)}1,1,r\n`)
  await checkRefused(
    t,
    () => tune(rare, plan, { ...options, metric: 'roc_auc' }),
    'invalid_parameter',
    /^no trial has a roc_auc: some class has too few rows/,
    'no score',
  )
})

t.test('a search that is stopped trains the best so far, whole', async (t) => {
  let asked = 0
  const told: string[] = []
  const report = await tune(tableOf(100), plan, {
    ...options,
    trials: 50,
    // During the third trial.
    shouldStop: () => ++asked > 10,
    warn: (message) => told.push(message),
  })
  const { search, artifact } = report
  t.equal(search.interrupted, true)
  t.equal(artifact.training.interrupted, true)
  t.equal(artifact.metrics['interrupted'], true)
  const scored = search.ranking.filter(({ rungs }) => rungs.length > 0)
  t.ok(scored.length > 0 && scored.length < 50, `${scored.length} of 50`)
  t.ok(
    scored.every(({ rungs }) => rungs[0]?.folds === 3),
    'parts of a trial do not count',
  )
  t.match(told, [/interrupted after/, /the search was interrupted after \d+ of 150 fits/])
  t.match(artifact.trials, { interrupted: true, best: scored[0]?.trial })
})

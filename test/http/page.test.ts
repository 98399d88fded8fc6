/** The routes of the page: what is sent of its file, what it asks for, who may ask, and that it can be switched off. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { createAccess } from '../../src/http/access.ts'
import type { Explained, PageModel, PageRows } from '../../src/page/wire.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { buildTestApp, checkProblem, checkpoint, loadCheckpoint } from '../helper.ts'

t.test('off, there is nothing of it', async (t) => {
  const app = await buildTestApp(t)
  for (const url of ['/', '/page/model.json', '/page/sample.json', '/page/rows.json', '/report'])
    checkProblem(t, await app.inject({ url }), 404, 'not_found')
})

t.test('one file, packed as it is understood, that asks for nothing else', async (t) => {
  const app = await buildTestApp(t, { page: true })
  const plain = await app.inject({ url: '/' })
  t.equal(plain.statusCode, 200)
  t.equal(plain.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(plain.headers['content-encoding'], undefined)
  t.equal(plain.headers['vary'], 'accept-encoding')
  const policy = String(plain.headers['content-security-policy'])
  t.match(policy, /^default-src 'none'; script-src 'sha256-/)
  t.notMatch(policy, /unsafe|\*|https?:/)
  for (const tag of ['script', 'style']) {
    const [, text = ''] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(plain.body) ?? []
    t.ok(text.length > 1000, `the ${tag} stands in the page`)
    const hash = createHash('sha256').update(text).digest('base64')
    t.ok(policy.includes(`${tag}-src 'sha256-${hash}';`), `the policy knows the ${tag}`)
  }
  t.notMatch(plain.body, /<(script|link|img)[^>]+(src|href)="(?!data:)/, 'nothing is linked')
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync }
  for (const [coding, read] of Object.entries(unpack)) {
    const headers = { 'accept-encoding': coding }
    const packed = await app.inject({ url: '/', headers })
    t.equal(packed.headers['content-encoding'], coding)
    t.equal(read(packed.rawPayload).toString(), plain.body)
    t.ok(packed.rawPayload.length <= 60 << 10, `${packed.rawPayload.length} bytes of ${coding}`)
    t.not(packed.headers['etag'], plain.headers['etag'])
    const etag = String(packed.headers['etag'])
    const again = await app.inject({
      url: '/',
      headers: { ...headers, 'if-none-match': `"x", ${etag}` },
    })
    t.equal(again.statusCode, 304)
    t.equal(again.headers['etag'], etag)
    t.equal(again.body, '')
  }
  const best = { 'accept-encoding': 'gzip, deflate, br' }
  t.equal((await app.inject({ url: '/', headers: best })).headers['content-encoding'], 'br')
  const head = await app.inject({ method: 'HEAD', url: '/' })
  t.equal(head.statusCode, 200)
  t.equal(head.headers['etag'], plain.headers['etag'])
  checkProblem(t, await app.inject({ method: 'POST', url: '/' }), 405, 'method_not_allowed')
})

t.test('what the page is told is what the model has', async (t) => {
  const app = await buildTestApp(t, { page: true })
  const told = (await app.inject({ url: '/page/model.json' })).json() as PageModel
  t.strictSame(told.card, (await app.inject({ url: '/model' })).json())
  const { model_id, ...summary } = (await app.inject({ url: '/explain/global' })).json()
  t.strictSame(told.summary, summary)
  t.equal(told.quality?.measuredOn, '262 held-out rows')
  t.strictSame(told.quality?.confusion, [
    [143, 19],
    [35, 65],
  ])
  t.equal(told.quality?.curves[0]?.thresholds.length, 19)
  t.equal(told.quality?.curves[0]?.calibration.length, 9)
  t.equal(told.quality?.curves[0]?.precisionRecall?.y.at(-1), 1)
  t.match(told.quality?.metrics[0], { name: 'accuracy', value: 0.7938931297709924 })
  const title = told.pipeline.find(({ column }) => column === 'Title')
  t.match(title, { from: 'Name', chain: [{ kind: 'one_hot_encoder' }], others: 0 })
  const pclass = told.pipeline.find(({ column }) => column === 'Pclass')
  t.strictSame(pclass?.chain, [
    { kind: 'impute_category', detail: 'with 3' },
    { kind: 'ordinal_encoder', detail: 'of 3 values' },
  ])
  t.strictSame(told.mistakes, { part: 'held_out', rows: 262, wrong: 54, listed: 54 })
  t.equal(title?.features.length, 5)
})

t.test('the sample is explained as the predictor does', async (t) => {
  const app = await buildTestApp(t, { page: true })
  const { predictor } = await loadCheckpoint()
  for (const output of ['0', '1']) {
    const answer = await app.inject({ url: `/page/sample.json?output=${output}` })
    t.equal(answer.headers['content-type'], 'application/json')
    const { explanations, output_names } = answer.json() as Explained
    t.strictSame(output_names, [output])
    const { rows } = predictor.explainSample({ output })
    t.strictSame(
      explanations.map(({ shap_values, data }) => [shap_values[0], data]),
      rows.map(({ shapValues: [phi], data }) => [Array.from(phi ?? []), data]),
    )
  }
  checkProblem(t, await app.inject({ url: '/page/sample.json?output=7' }), 400, 'invalid_option')
  checkProblem(t, await app.inject({ url: '/page/sample.json?space=x' }), 400, 'invalid_option')
})

t.test(
  'rows to load are those that the model predicts wrongly, and texts for the sample',
  async (t) => {
    const app = await buildTestApp(t, { page: true })
    const { predictor, artifact } = await loadCheckpoint()
    const { texts, mistakes } = (await app.inject({ url: '/page/rows.json' })).json() as PageRows
    t.equal(mistakes.length, 54)
    const { inputs } = artifact.preprocessor
    const cells = mistakes.map((own) => [...own.cells])
    const { labels, probabilities } = predictor.predict(frameOfCells(inputs, cells))
    for (const [i, { label }] of mistakes.entries())
      t.not(labels[i], label, 'it is predicted as another class')
    const certainty = Array.from(labels, (label, i) => probabilities[2 * i + label]!)
    t.strictSame(
      certainty,
      certainty.toSorted((a, b) => b - a),
      'the most certain come first',
    )
    const at = inputs.findIndex(({ name }) => name === 'Name')
    const rows = artifact.background.rows
    const names = texts['Name'] ?? []
    t.equal(names.length, rows)
    t.ok(names.every((name) => name !== null))
    const sample = predictor
      .explainSample()
      .rows.map(({ data }, i) => data.map((cell, j) => (j === at ? (names[i] ?? null) : cell)))
    const again = predictor.explain(frameOfCells(inputs, sample))
    for (const [i, row] of predictor.explainSample().rows.entries())
      t.strictSame(again.rows[i]?.outputs, row.outputs, names[i] ?? '')
  },
)

t.test('a model of an older version knows no mistakes', async (t) => {
  const { artifact, ...model } = await loadCheckpoint()
  const older = { ...model, artifact: { ...artifact, mistakes: undefined } }
  const app = await buildTestApp(t, { page: true, model: older })
  const told = (await app.inject({ url: '/page/model.json' })).json() as PageModel
  t.equal(told.mistakes, undefined)
  const { mistakes } = (await app.inject({ url: '/page/rows.json' })).json() as PageRows
  t.strictSame(mistakes, [])
})

t.test('the report is that of the command, under a policy of its own', async (t) => {
  const app = await buildTestApp(t, { page: true })
  const answer = await app.inject({ url: '/report' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(answer.headers['cache-control'], 'no-store')
  t.equal(answer.body, await readFile(join(checkpoint, 'report.html'), 'utf8'))
  const policy = String(answer.headers['content-security-policy'])
  t.match(policy, /^default-src 'none'; style-src 'unsafe-inline'; /)
  t.match(policy, /; sandbox$/)
  t.notMatch(policy, /script|connect|\*|https?:/)
  checkProblem(t, await app.inject({ method: 'POST', url: '/report' }), 405, 'method_not_allowed')
  const draining = await buildTestApp(t, { page: true, limits: { maxSeconds: 0 } })
  const short = await draining.inject({ url: '/report' })
  t.equal(short.statusCode, 200, 'what takes too long is left out')
  t.ok(short.body.length < answer.body.length)
})

t.test('measured on a channel, its measures are those of the channel', async (t) => {
  const { artifact, ...model } = await loadCheckpoint()
  const { test, majority, curves, ...rest } = artifact.metrics
  const metrics = {
    ...rest,
    test: null,
    channels: { validation: { model: test, majority } },
    curves: { ...(curves as object), part: 'validation' },
  }
  const app = await buildTestApp(t, {
    page: true,
    model: { ...model, artifact: { ...artifact, metrics } },
  })
  const { quality } = (await app.inject({ url: '/page/model.json' })).json() as PageModel
  t.equal(quality?.measuredOn, '262 validation rows')
  t.match(quality?.metrics[0], { name: 'accuracy', value: 0.7938931297709924, majority: Number })
  t.equal(quality?.metrics.length, 9)
})

t.test('a model that was measured on nothing has a page without that', async (t) => {
  const { artifact, ...model } = await loadCheckpoint()
  const app = await buildTestApp(t, {
    page: true,
    model: { ...model, artifact: { ...artifact, metrics: {}, summary: undefined } },
  })
  const told = (await app.inject({ url: '/page/model.json' })).json() as PageModel
  t.equal(told.quality, undefined)
  t.equal(told.summary, undefined)
})

t.test('where callers need a token, the page asks for it and says nothing', async (t) => {
  const file = join(t.testdir(), 'tokens')
  const token = 'k'.repeat(40)
  writeFileSync(file, token, { mode: 0o600 })
  const access = await createAccess(file, { warn() {}, error() {} })
  t.teardown(() => access.close())
  const app = await buildTestApp(t, { page: true, access })
  const page = await app.inject({ url: '/' })
  t.equal(page.statusCode, 200)
  t.notMatch(page.body, 'Survived')
  for (const url of ['/page/model.json', '/page/sample.json', '/page/rows.json', '/report']) {
    checkProblem(t, await app.inject({ url }), 401, 'unauthorized')
    const headers = { authorization: `Bearer ${token}` }
    t.equal((await app.inject({ url, headers })).statusCode, 200)
  }
})

t.test('the routes of the page stand in no document', async (t) => {
  const app = await buildTestApp(t, { page: true })
  const { paths } = (await app.inject({ url: '/openapi.json' })).json()
  t.strictSame(
    Object.keys(paths).filter(
      (path) => path === '/' || path === '/report' || path.startsWith('/page'),
    ),
    [],
  )
})

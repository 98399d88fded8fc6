/** Batch transform: whatever the records are, an answer has a line for each, so that a platform can join them. */
import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { checkDefaultAccept } from '../../src/http/negotiation.ts'
import { type Body, buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'
const CONDITION = 'x-amzn-sagemaker-enable-explanations'
const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const LINES_TYPE = 'application/jsonlines'

/** The settings that a transform job's container gets from its environment. */
const { batch: isBatch, defaultAccept } = loadConfig({ SAGEMAKER_BATCH: 'true' }, {})
const batch = { isBatch, defaultAccept: checkDefaultAccept(defaultAccept) }
const app = await buildTestApp(t, batch)
const plain = await buildTestApp(t)

const rows = [passenger.list, [1, 'Cumings, Mrs. John', 'female', 38, 1, 0], passenger.list]
const quoted = (cell: unknown) => (typeof cell === 'string' ? `"${cell}"` : String(cell))
const csv = rows.map((row) => `${row.map(quoted).join(',')}\n`).join('')
const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const linesOf = (body: string) => {
  t.ok(body.endsWith('\n'), 'the last line ends as the others do')
  return body.slice(0, -1).split('\n')
}

t.test('the environment says that it is batch transform', (t) => {
  t.match(loadConfig({ SAGEMAKER_BATCH: 'True' }, {}), { batch: true, defaultAccept: 'lines' })
  t.match(loadConfig({}, {}), { batch: false, defaultAccept: JSON_TYPE })
  const env = { SAGEMAKER_BATCH: 'true', SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: JSON_TYPE }
  t.match(loadConfig(env, {}), { batch: true, defaultAccept: JSON_TYPE }, 'who says so wins')
  t.throws(() => checkDefaultAccept('line'), { code: 'invalid_option', message: /"lines"|lines,/ })
  t.end()
})

const records: [name: string, type: string, body: Body, answered: string][] = [
  ['CSV', CSV_TYPE, csv, CSV_TYPE],
  ['CSV without a last line break', `${CSV_TYPE}; charset=utf-8`, csv.trimEnd(), CSV_TYPE],
  ['CSV in capitals', 'Text/CSV', csv, CSV_TYPE],
  ['JSON Lines', LINES_TYPE, lines, LINES_TYPE],
  ['ndjson', 'application/x-ndjson', lines, LINES_TYPE],
]
for (const [name, type, body, answered] of records) {
  t.test(`records of ${name} without Accept are answered by a line each`, async (t) => {
    const expected = await post(plain, '/invocations', type, body, { accept: answered })
    for (const accept of [undefined, '*/*', '']) {
      const headers: Record<string, string> = accept === undefined ? {} : { accept }
      const answer = await post(app, '/invocations', type, body, headers)
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], answered)
      t.equal(answer.body, expected.body)
      t.equal(linesOf(answer.body).length, rows.length)
    }
    // A record answered alone is the line that it has among others.
    const [first] = String(body).split('\n')
    const alone = await post(app, '/invocations', type, `${first}\n`)
    t.equal(alone.body, `${linesOf(expected.body)[0]}\n`)
  })
}

t.test('a document of JSON is answered by one, on one line', async (t) => {
  for (const value of [passenger.object, { instances: rows }, rows]) {
    const answer = await post(app, '/invocations', JSON_TYPE, JSON.stringify(value))
    t.equal(answer.headers['content-type'], JSON_TYPE)
    t.notMatch(answer.body, /\n/)
    t.equal(answer.body, (await post(plain, '/invocations', JSON_TYPE, JSON.stringify(value))).body)
  }
})

t.test('an Accept header says what it says', async (t) => {
  for (const accept of [JSON_TYPE, LINES_TYPE, CSV_TYPE, 'application/x-npy']) {
    const answer = await post(app, '/invocations', CSV_TYPE, csv, { accept })
    t.equal(answer.headers['content-type'], accept)
    const expected = await post(plain, '/invocations', CSV_TYPE, csv, { accept })
    t.equal(answer.body, expected.body)
  }
})

t.test('what is no table is refused as ever', async (t) => {
  checkProblem(t, await post(app, '/invocations', undefined, ''), 400, 'empty_body')
  checkProblem(t, await post(app, '/invocations', 'x/y', csv), 415, 'unsupported_media_type')
  checkProblem(t, await post(app, '/invocations', ';;;', csv), 415, 'unsupported_media_type')
})

t.test('explanations are a line each, too', async (t) => {
  const asked: [url: string, type: string, body: string, headers: Record<string, string>][] = [
    ['/invocations', CSV_TYPE, csv, { [ATTRIBUTES]: 'explain=shap' }],
    ['/invocations?explain=shap', CSV_TYPE, csv, {}],
    ['/invocations', LINES_TYPE, lines, { [ATTRIBUTES]: 'explain=shap' }],
  ]
  const expected = await post(plain, '/explain', CSV_TYPE, csv, { accept: LINES_TYPE })
  for (const [url, type, body, headers] of asked) {
    const answer = await post(app, url, type, body, headers)
    t.equal(answer.headers['content-type'], LINES_TYPE)
    t.equal(answer.body, expected.body)
    t.equal(linesOf(answer.body).length, rows.length)
  }
})

interface Clarify {
  readonly predictions: { readonly content_type: string; readonly data: string }
  readonly explanations: { readonly kernel_shap?: readonly unknown[] }
}

for (const [condition, wanted] of [
  ['`true`', [true, true, true]],
  ['`false`', [false, false, false]],
  ['[0]>`0.5`', [false, true, false]],
] as const) {
  t.test(`explanations beside predictions where ${condition} are a line each`, async (t) => {
    const operated = await buildTestApp(t, { ...batch, enableExplanations: condition })
    const whole = await post(plain, '/invocations', CSV_TYPE, csv, {
      [CONDITION]: condition,
      accept: CSV_TYPE,
    })
    const { predictions, explanations, ...head } = whole.json() as Clarify
    for (const answer of [
      await post(operated, '/invocations', CSV_TYPE, csv),
      await post(operated, '/invocations', CSV_TYPE, csv, { accept: CSV_TYPE }),
      await post(app, '/invocations', CSV_TYPE, csv, { [CONDITION]: condition }),
    ]) {
      t.equal(answer.headers['content-type'], LINES_TYPE)
      const found = linesOf(answer.body).map((line) => JSON.parse(line) as Clarify)
      t.equal(found.map((one) => one.predictions.data).join(''), predictions.data)
      found.forEach(({ predictions: { content_type: type }, explanations: own, ...rest }, i) => {
        t.equal(type, CSV_TYPE)
        t.strictSame(rest, head)
        const expected = wanted[i] ? { kernel_shap: [explanations.kernel_shap?.[i]] } : {}
        t.strictSame(own, expected, `record ${i + 1}`)
      })
    }
  })
}

t.test('the form of Clarify is a line each, asked by options too', async (t) => {
  const headers = { [ATTRIBUTES]: 'explain=shap,format=clarify' }
  const answer = await post(app, '/invocations', CSV_TYPE, csv, headers)
  const found = linesOf(answer.body).map((line) => JSON.parse(line) as Clarify)
  const whole = await post(plain, '/invocations', CSV_TYPE, csv, headers)
  const { predictions, explanations } = whole.json() as Clarify
  t.equal(found.map((one) => one.predictions.data).join(''), predictions.data)
  t.strictSame(
    found.flatMap((one) => one.explanations.kernel_shap),
    explanations.kernel_shap,
  )
  const json = await post(
    app,
    '/invocations',
    JSON_TYPE,
    JSON.stringify({ instances: rows }),
    headers,
  )
  t.strictSame((json.json() as Clarify).explanations, explanations, 'of a document one document')
})

t.test('lines in the form of Clarify are never more than the limit', async (t) => {
  for (const [condition, accept] of [
    ['`true`', CSV_TYPE],
    ['`false`', CSV_TYPE],
    ['`true`', LINES_TYPE],
    ['`false`', LINES_TYPE],
    ['`true`', JSON_TYPE],
  ] as const) {
    const headers = { [CONDITION]: condition, accept }
    const free = await post(app, '/invocations', CSV_TYPE, csv.repeat(25), headers)
    t.equal(free.statusCode, 200)
    const limits = { maxAnswerBytes: free.rawPayload.length - 1 }
    const bound = await buildTestApp(t, { ...batch, limits })
    const answer = await post(bound, '/invocations', CSV_TYPE, csv.repeat(25), headers)
    t.equal(answer.statusCode, 413, `${condition} ${accept} ${free.rawPayload.length} bytes`)
  }
})

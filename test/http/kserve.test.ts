/** KServe's protocol version 1: models by name, `:predict` and `:explain`. */
import t from 'tap'
import type { InputErrorCode } from '../../src/errors.ts'
import { buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const app = await buildTestApp(t)
const JSON_TYPE = 'application/json'
const PREDICT = '/v1/models/model:predict'
const EXPLAIN = '/v1/models/model:explain'
const other = [1, 'Cumings, Mrs. John', 'female', 38, 1, 0]
const instances = [passenger.list, other]
const send = (url: string, value: unknown, to = app) =>
  post(to, url, JSON_TYPE, JSON.stringify(value))

/** What SageMaker's route says of the same rows. */
const expected = (await send('/invocations', { instances })).json().predictions as {
  predicted_label: number
  probabilities: Record<string, number>
}[]
const labels = expected.map(({ predicted_label }) => predicted_label)

t.test('the model is listed and ready', async (t) => {
  const list = await app.inject({ url: '/v1/models' })
  t.equal(list.statusCode, 200)
  t.equal(list.headers['content-type'], JSON_TYPE)
  t.strictSame(list.json(), { models: ['model'] })
  const ready = await app.inject({ url: '/v1/models/model' })
  t.equal(ready.statusCode, 200)
  t.strictSame(ready.json(), { name: 'model', ready: true })
})

t.test('the model is not ready while the service stops', async (t) => {
  const app = await buildTestApp(t, { isDraining: () => true })
  checkProblem(t, await app.inject({ url: '/v1/models/model' }), 503, 'shutting_down')
  t.equal((await send(PREDICT, { instances }, app)).statusCode, 200, 'what arrives is answered')
})

const columns = Object.keys(passenger.object)
const byName = (row: readonly unknown[]) =>
  Object.fromEntries(columns.map((name, j) => [name, row[j]]))
const forms: [name: string, value: unknown][] = [
  ['instances as lists', { instances }],
  ['instances as objects', { instances: instances.map(byName) }],
  ['instances with parameters', { instances, parameters: {} }],
  ['inputs as lists', { inputs: instances }],
  ['inputs as objects', { inputs: instances.map(byName) }],
  [
    'inputs as columns',
    {
      inputs: Object.fromEntries(columns.map((name, j) => [name, instances.map((row) => row[j])])),
    },
  ],
]
for (const [name, value] of forms) {
  t.test(`${name} are predicted and explained`, async (t) => {
    const predicted = await send(PREDICT, value)
    t.equal(predicted.statusCode, 200)
    t.equal(predicted.headers['content-type'], JSON_TYPE)
    t.strictSame(predicted.json(), { predictions: labels })
    const explained = await send(EXPLAIN, value)
    t.equal(explained.statusCode, 200)
    t.strictSame(explained.json(), (await send('/explain', { instances })).json())
  })
}

t.test('probabilities are answered where the operator asks for them', async (t) => {
  const app = await buildTestApp(t, { predictProbabilities: true })
  t.strictSame((await send(PREDICT, { instances }, app)).json(), {
    predictions: expected.map(({ probabilities }) => [probabilities['0'], probabilities['1']]),
  })
  t.strictSame(
    (await send(EXPLAIN, { instances }, app)).json(),
    (await send(EXPLAIN, { instances })).json(),
  )
})

t.test('options of explanations stand in the body or in the query', async (t) => {
  const parameters = { output: 'all', top: 2 }
  const inBody = await send(EXPLAIN, { instances, parameters })
  t.equal(inBody.statusCode, 200)
  const inQuery = await send(`${EXPLAIN}?output=all&top=2`, { instances })
  t.equal(inQuery.body, inBody.body)
  const both = await send(`${EXPLAIN}?output=0&top=2`, { instances, parameters })
  t.equal(both.body, inBody.body, 'the body wins')
  t.equal((await send(`${EXPLAIN}?format=clarify`, { instances })).json().version, '1.0')
})

t.test('no instances are answered by no predictions', async (t) => {
  t.strictSame((await send(PREDICT, { instances: [] })).json(), { predictions: [] })
  t.strictSame((await send(EXPLAIN, { instances: [] })).json().explanations, [])
})

t.test('an Accept header changes nothing', async (t) => {
  for (const accept of ['text/csv', 'image/png', '*/*', 'application/json']) {
    const answer = await post(app, PREDICT, JSON_TYPE, JSON.stringify({ instances }), { accept })
    t.equal(answer.statusCode, 200, accept)
    t.equal(answer.headers['content-type'], JSON_TYPE, accept)
  }
})

t.test('an encoded name is the name, and so is a verb behind an encoded colon', async (t) => {
  for (const url of ['/v1/models/m%6Fdel:predict', '/v1/models/model%3Apredict']) {
    const { statusCode } = await send(url, { instances })
    t.ok(statusCode === 200 || statusCode === 404, `${url} ${statusCode}`)
  }
  t.equal((await send('/v1/models/m%6Fdel:predict', { instances })).statusCode, 200)
})

for (const name of ['other', 'Model', 'model2', '%20model', '__proto__', 'x'.repeat(500)]) {
  t.test(`the model ${name.slice(0, 20)} does not exist`, async (t) => {
    const detail = /there is no model ".*; there is "model"/
    for (const verb of ['predict', 'explain']) {
      const answer = await send(`/v1/models/${name}:${verb}`, { instances })
      checkProblem(t, answer, 404, 'unknown_model', detail)
    }
    checkProblem(t, await app.inject({ url: `/v1/models/${name}` }), 404, 'unknown_model', detail)
  })
}

t.test('a model may have another name', async (t) => {
  for (const modelName of ['titanic', 'a b', '\u00e9t\u00e9', 'x'.repeat(500)]) {
    const app = await buildTestApp(t, { modelName })
    const path = `/v1/models/${encodeURIComponent(modelName)}`
    t.strictSame((await app.inject({ url: path })).json(), { name: modelName, ready: true })
    t.equal((await send(`${path}:predict`, { instances }, app)).statusCode, 200)
    checkProblem(t, await send(PREDICT, { instances }, app), 404, 'unknown_model')
  }
})

const absent: [method: 'GET' | 'POST', url: string][] = [
  ['POST', '/v1/models/model:classify'],
  ['POST', '/v1/models/model:predict/'],
  ['POST', '/v1/models/model:predict:predict'],
  ['POST', '/v1/models/:predict'],
  ['POST', '/v1/models/a/b:predict'],
  ['POST', '/v1/model:predict'],
  ['GET', '/v1'],
]
for (const [method, url] of absent) {
  t.test(`${method} ${url} does not exist`, async (t) => {
    checkProblem(t, await app.inject({ method, url }), 404, 'not_found')
  })
}

const methods: [method: 'PUT' | 'POST' | 'DELETE', url: string, allow: string][] = [
  ['PUT', PREDICT, 'POST'],
  ['DELETE', EXPLAIN, 'POST'],
  ['POST', '/v1/models', 'GET, HEAD'],
  ['POST', '/v1/models/model', 'GET, HEAD'],
]
for (const [method, url, allow] of methods) {
  t.test(`${method} ${url} is a wrong method`, async (t) => {
    const answer = await app.inject({ method, url })
    checkProblem(t, answer, 405, 'method_not_allowed')
    t.equal(answer.headers['allow'], allow)
  })
}

const refused: [name: string, body: string, code: InputErrorCode, detail?: RegExp][] = [
  ['no JSON', '{"instances":', 'invalid_json'],
  ['no body', '', 'empty_body'],
  [
    'instances that are no list',
    '{"instances":{"a":1}}',
    'invalid_shape',
    /"instances" must be a list/,
  ],
  ['instances that are null', '{"instances":null}', 'invalid_shape', /must be a list/],
  ['instances and inputs', '{"instances":[],"inputs":[]}', 'invalid_shape', /both "instances" and/],
  ['a row of another width', '{"instances":[[1,2]]}', 'wrong_width', /row 1 has 2 values/],
  ['a number as a row', '{"instances":[1]}', 'invalid_shape', /row 1 is 1/],
  [
    'a text for a number',
    JSON.stringify({ instances: [['x', ...other.slice(1)]] }),
    'invalid_number',
  ],
  ['a column that lacks', '{"instances":[{"Age":3}]}', 'missing_column'],
  [
    'lists and objects',
    JSON.stringify({ instances: [other, passenger.object] }),
    'invalid_shape',
    /row 2/,
  ],
]
for (const [name, body, code, detail = /./] of refused) {
  t.test(`${name} is refused where KServe clients look`, async (t) => {
    for (const url of [PREDICT, EXPLAIN]) {
      const answer = await post(app, url, JSON_TYPE, body)
      checkProblem(t, answer, 400, code, detail)
      t.match(answer.json().error, detail, 'error')
    }
  })
}

t.test('limits and types are those of the other routes', async (t) => {
  const app = await buildTestApp(t, { limits: { maxRows: 1 }, maxBodyBytes: 1000 })
  checkProblem(t, await send(PREDICT, { instances }, app), 413, 'too_many_rows')
  checkProblem(t, await send(EXPLAIN, { instances: 'x'.repeat(1000) }, app), 413, 'too_large')
  const image = await post(app, PREDICT, 'image/png', 'x')
  checkProblem(t, image, 415, 'unsupported_media_type')
  const packed = await post(app, PREDICT, JSON_TYPE, '{}', { 'content-encoding': 'br' })
  checkProblem(t, packed, 415, 'unsupported_encoding')
})

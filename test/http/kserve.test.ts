/** KServe's protocol version 1: models by name, `:predict` and `:explain`. */
import t, { type Test } from 'tap'
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
    t.strictSame(explained.json(), {
      ...(await send('/explain', { instances })).json(),
      predictions: labels,
    })
  })
}

t.test('predictions stand beside explanations in every form of them', async (t) => {
  for (const query of ['?output=all', '?output=predicted', '?top=1', '?format=contributions']) {
    const { predictions, ...rest } = (await send(`${EXPLAIN}${query}`, { instances })).json()
    t.strictSame(predictions, labels, query)
    t.strictSame(rest, (await send(`/explain${query}`, { instances })).json(), query)
  }
})

t.test('TensorFlow names what is to be run: nothing here', async (t) => {
  for (const rows of [{ instances }, { inputs: instances }]) {
    const value = { signature_name: 'serving_default', ...rows }
    t.strictSame((await send(PREDICT, value)).json(), { predictions: labels })
    t.equal((await send(EXPLAIN, value)).statusCode, 200)
  }
})

t.test('probabilities are answered where the operator asks for them', async (t) => {
  const app = await buildTestApp(t, { predictProbabilities: true })
  const predictions = expected.map(({ probabilities }) => [probabilities['0'], probabilities['1']])
  t.strictSame((await send(PREDICT, { instances }, app)).json(), { predictions })
  t.strictSame((await send(EXPLAIN, { instances }, app)).json(), {
    ...(await send(EXPLAIN, { instances })).json(),
    predictions,
  })
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

// Types and events, as KServe reads them

const jsonBody = JSON.stringify({ instances })
const readAsJson = [
  undefined,
  JSON_TYPE,
  'application/json; charset=utf-8',
  'application/octet-stream',
  'application/ld+json',
  'Application/Octet-Stream; q=1',
]
for (const type of readAsJson) {
  t.test(`a body of the type ${type} is JSON`, async (t) => {
    for (const url of [PREDICT, EXPLAIN]) {
      const answer = await post(app, url, type, jsonBody)
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], JSON_TYPE)
      t.equal(answer.body, (await post(app, url, JSON_TYPE, jsonBody)).body)
      t.notOk('ce-id' in answer.headers, 'no event')
      checkProblem(t, await post(app, url, type, 'nonsense'), 400, 'invalid_json')
    }
  })
}

t.test('other types are what they are', async (t) => {
  const csv = await post(app, PREDICT, 'text/csv', passenger.csv)
  t.strictSame(csv.json(), { predictions: labels.slice(0, 1) })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'x/y+json', '/']) {
    const answer = await post(app, PREDICT, type, jsonBody)
    checkProblem(t, answer, 415, 'unsupported_media_type')
  }
  for (const type of [undefined, 'application/octet-stream']) {
    const answer = await post(app, '/invocations', type, jsonBody)
    checkProblem(t, answer, 415, 'unsupported_media_type')
  }
})

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const event = {
  specversion: '1.0',
  id: '36077800-0c23-4f38-a0b4-01f4369f670a',
  source: 'https://example.com/rows',
  type: 'com.example.rows',
}
const eventHeaders = (attributes: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)]),
  )

/** Checks the attributes of an answer, and returns them without those that are new every time. */
const checkAttributes = (t: Test, { id, time, ...rest }: Readonly<Record<string, unknown>>) => {
  t.match(id, UUID)
  t.not(id, event.id, 'an id of its own')
  t.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000, 'now')
  t.strictSame(rest, {
    specversion: '1.0',
    source: 'io.kserve.inference.model',
    type: 'io.kserve.inference.response',
  })
}

t.test('an event in binary mode is answered by one', async (t) => {
  const attributes = { ...event, time: '2026-01-01T00:00:00Z', subject: 'x' }
  for (const url of [PREDICT, EXPLAIN]) {
    const plain = await post(app, url, JSON_TYPE, jsonBody)
    for (const type of readAsJson) {
      const answer = await post(app, url, type, jsonBody, eventHeaders(attributes))
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], JSON_TYPE)
      t.equal(answer.body, plain.body, 'the body is the data')
      const own = Object.entries(answer.headers).filter(([name]) => name.startsWith('ce-'))
      checkAttributes(t, Object.fromEntries(own.map(([name, value]) => [name.slice(3), value])))
    }
  }
  for (const name of Object.keys(event)) {
    const { [`ce-${name}`]: _, ...rest } = eventHeaders(attributes)
    const answer = await post(app, PREDICT, JSON_TYPE, jsonBody, rest)
    t.notOk('ce-id' in answer.headers, `without ${name} it is none`)
  }
  const csv = await post(app, PREDICT, 'text/csv', passenger.csv, eventHeaders(event))
  t.match(csv.headers['ce-id'], UUID, 'whatever its data are')
})

const EVENT_TYPE = 'application/cloudevents+json'
const dataOf: [name: string, data: Readonly<Record<string, unknown>>][] = [
  ['data', { data: { instances } }],
  ['data with a type', { data: { instances }, datacontenttype: JSON_TYPE, subject: 'x' }],
  ['data in base64', { data_base64: Buffer.from(jsonBody).toString('base64') }],
  ['data of version 0.3', { specversion: '0.3', data: { instances } }],
]
for (const [name, data] of dataOf) {
  t.test(`an event in structured mode is answered by one: ${name}`, async (t) => {
    const body = JSON.stringify({ ...event, ...data })
    for (const url of [PREDICT, EXPLAIN]) {
      const plain = await post(app, url, JSON_TYPE, jsonBody)
      for (const type of [EVENT_TYPE, 'Application/CloudEvents+JSON; charset=UTF-8']) {
        const answer = await post(app, url, type, body)
        t.equal(answer.statusCode, 200)
        t.equal(answer.headers['content-type'], EVENT_TYPE)
        const { data: answered, datacontenttype, ...attributes } = answer.json()
        t.strictSame(answered, plain.json())
        t.equal(datacontenttype, JSON_TYPE)
        checkAttributes(t, attributes)
      }
      const bare = await post(app, url, JSON_TYPE, body)
      t.equal(bare.body, plain.body, 'as JSON it is understood, and answered as JSON')
    }
  })
}

t.test('an event of a model with any name says whose it is', async (t) => {
  for (const modelName of ['a b', '\u00e9t\u00e9%"', 'x'.repeat(500)]) {
    const app = await buildTestApp(t, { modelName })
    const url = `/v1/models/${encodeURIComponent(modelName)}:predict`
    const source = `io.kserve.inference.${encodeURIComponent(modelName)}`
    const binary = await post(app, url, JSON_TYPE, jsonBody, eventHeaders(event))
    t.equal(binary.headers['ce-source'], source)
    const whole = JSON.stringify({ ...event, data: { instances } })
    t.equal((await post(app, url, EVENT_TYPE, whole)).json().source, source)
  }
})

t.test('what looks like an event and is a row is a row', async (t) => {
  const row = { ...event, data_base64: 'x', ...passenger.object }
  const answer = await send(PREDICT, row)
  t.strictSame(answer.json(), { predictions: labels.slice(0, 1) })
})

const wrongEvents: [name: string, change: Readonly<Record<string, unknown>>, detail: RegExp][] = [
  ['of a version to come', { specversion: '2.0' }, /specversion "2.0", expected 1.0 or 0.3/],
  ['without rows', { data: {} }, /holds no rows/],
  ['of text', { data: jsonBody }, /holds no rows/],
  ['of base64 that is none', { data: undefined, data_base64: 'nope!' }, /not base64: "nope!"/],
  ['of a number in base64', { data: undefined, data_base64: 1 }, /not base64: 1/],
]
for (const [name, change, detail] of wrongEvents) {
  t.test(`an event ${name} is refused, and not by an event`, async (t) => {
    const body = JSON.stringify({ ...event, data: { instances }, ...change })
    const answer = await post(app, PREDICT, EVENT_TYPE, body)
    checkProblem(t, answer, 400, 'invalid_shape', detail)
  })
}

t.test('an event in binary mode is refused as others are', async (t) => {
  const future = eventHeaders({ ...event, specversion: '2.0' })
  checkProblem(t, await post(app, PREDICT, JSON_TYPE, jsonBody, future), 400, 'invalid_shape')
  const wrong = await post(app, PREDICT, JSON_TYPE, '{"instances":[1]}', eventHeaders(event))
  checkProblem(t, wrong, 400, 'invalid_shape')
  t.notOk('ce-id' in wrong.headers)
})

t.test('limits and types are those of the other routes', async (t) => {
  const app = await buildTestApp(t, { limits: { maxRows: 1 }, maxBodyBytes: 1000 })
  checkProblem(t, await send(PREDICT, { instances }, app), 413, 'too_many_rows')
  checkProblem(t, await send(EXPLAIN, { instances: 'x'.repeat(1000) }, app), 413, 'too_large')
  const image = await post(app, PREDICT, 'image/png', 'x')
  checkProblem(t, image, 415, 'unsupported_media_type')
  const packed = await post(app, PREDICT, JSON_TYPE, '{}', { 'content-encoding': 'br' })
  checkProblem(t, packed, 415, 'unsupported_encoding')
})

/** The Open Inference Protocol, version 2: metadata, tensors in and out, and what is refused. */
import t from 'tap'
import type { InputErrorCode } from '../../src/errors.ts'
import { VERSION } from '../../src/version.ts'
import { buildTestApp, checkProblem, loadCheckpoint, passenger, post } from '../helper.ts'

interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly data: readonly unknown[]
  readonly parameters?: unknown
}

interface Inferred {
  readonly model_name: string
  readonly model_version: string
  readonly id: string
  readonly outputs: readonly Tensor[]
}

const app = await buildTestApp(t)
const { artifact } = await loadCheckpoint()
const JSON_TYPE = 'application/json'
const INFER = '/v2/models/model/infer'
const other = [1, 'Cumings, Mrs. John', 'female', 38, 1, 0]
const rows: readonly (readonly unknown[])[] = [passenger.list, other]
const inputs = artifact.preprocessor.inputs
const names = inputs.map(({ name }) => name)
const datatypes = inputs.map(({ type }) => (type === 'number' ? 'FP64' : 'BYTES'))
const send = (value: unknown, to = app, headers: Readonly<Record<string, string>> = {}) =>
  post(to, INFER, JSON_TYPE, JSON.stringify(value), headers)

const matrix: Tensor = { name: 'input-0', shape: [2, 6], datatype: 'BYTES', data: rows.flat() }
const columns: readonly Tensor[] = names.map((name, j) => ({
  name,
  shape: [2],
  datatype: datatypes[j] ?? 'BYTES',
  data: rows.map((row) => row[j]),
}))
const withColumn = (name: string, change: Readonly<Record<string, unknown>>) =>
  columns.map((column) => (column.name === name ? { ...column, ...change } : column))

/** What SageMaker's routes say of the same rows. */
const json = (url: string, value: unknown) => post(app, url, JSON_TYPE, JSON.stringify(value))
const predictions = (await json('/invocations', { instances: rows })).json().predictions as {
  predicted_label: number
  probabilities: Record<string, number>
}[]
const labels = predictions.map(({ predicted_label }) => predicted_label)
const probabilities = predictions.flatMap(({ probabilities }) => [
  probabilities['0'],
  probabilities['1'],
])

// Metadata

const metadata: [url: string, expected: unknown][] = [
  ['/v2', { name: 'shapserve', version: VERSION, extensions: [] }],
  ['/v2/models/model/ready', { name: 'model', ready: true }],
  [
    '/v2/models/model',
    {
      name: 'model',
      versions: [artifact.modelId],
      platform: 'shapserve',
      inputs: names.map((name, j) => ({ name, datatype: datatypes[j], shape: [-1, 1] })),
      outputs: [
        { name: 'predict', datatype: 'FP64', shape: [-1] },
        { name: 'predict_proba', datatype: 'FP64', shape: [-1, 2] },
        { name: 'explain', datatype: 'BYTES', shape: [-1] },
      ],
    },
  ],
]
for (const [url, expected] of metadata) {
  t.test(`${url} describes`, async (t) => {
    const answer = await app.inject({ url })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], JSON_TYPE)
    t.strictSame(answer.json(), expected)
  })
}

t.test('the server is live and ready', async (t) => {
  t.equal((await app.inject({ url: '/v2/health/live' })).json().live, true)
  t.equal((await app.inject({ url: '/v2/health/ready' })).json().ready, true)
})

t.test('a server that stops is live and not ready', async (t) => {
  const app = await buildTestApp(t, { isDraining: () => true })
  for (const url of ['/v2/health/ready', '/v2/models/model/ready']) {
    checkProblem(t, await app.inject({ url }), 503, 'shutting_down')
  }
  t.equal((await app.inject({ url: '/v2/health/live' })).statusCode, 200)
  t.equal((await send({ inputs: [matrix] }, app)).statusCode, 200, 'what arrives is answered')
})

t.test('the tensors that the metadata describes are taken', async (t) => {
  const described = (await app.inject({ url: '/v2/models/model' })).json() as {
    inputs: { name: string; datatype: string; shape: number[] }[]
  }
  const inputs = described.inputs.map(({ name, datatype, shape }, j) => ({
    name,
    datatype,
    shape: shape.map((extent) => (extent === -1 ? 2 : extent)),
    data: rows.map((row) => row[j]),
  }))
  t.equal((await send({ inputs })).statusCode, 200)
})

// Tensors

const tensors: [name: string, inputs: readonly unknown[]][] = [
  ['a flat matrix', [matrix]],
  ['a nested matrix', [{ ...matrix, data: rows }]],
  ['a matrix of any name', [{ ...matrix, name: '' }]],
  ['a matrix named as a column is', [{ ...matrix, name: 'Age' }]],
  ['columns of shape [n]', columns],
  ['columns of shape [n, 1]', columns.map((column) => ({ ...column, shape: [2, 1] }))],
  [
    'nested columns',
    columns.map((column) => ({
      ...column,
      shape: [2, 1],
      data: column.data.map((cell) => [cell]),
    })),
  ],
  ['columns in another order', columns.toReversed()],
  ['columns of both shapes', withColumn('Age', { shape: [2, 1] })],
  ['integers', withColumn('Age', { datatype: 'INT64' })],
  ['parameters of a tensor', withColumn('Name', { parameters: { content_type: 'str' } })],
  ['parameters that are null', withColumn('Name', { parameters: null })],
]
for (const [name, inputs] of tensors) {
  t.test(`${name} is read`, async (t) => {
    const answer = await send({ inputs, parameters: { content_type: 'pd' } })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], JSON_TYPE)
    const { outputs, ...rest } = answer.json() as Inferred
    t.match(rest, { model_name: 'model', model_version: artifact.modelId })
    t.strictSame(outputs, [{ name: 'predict', shape: [2], datatype: 'FP64', data: labels }])
  })
}

t.test('one row may be a vector', async (t) => {
  const vector = { name: 'x', shape: [6], datatype: 'BYTES', data: other }
  const { outputs } = (await send({ inputs: [vector] })).json() as Inferred
  t.strictSame(outputs[0]?.data, labels.slice(1))
})

t.test('missing values are null, and columns that may be missing may be absent', async (t) => {
  const answer = await send({ inputs: withColumn('Age', { data: [null, null] }) })
  t.equal(answer.statusCode, 200)
  const absent = await send({ inputs: columns.filter(({ name }) => name !== 'Age') })
  t.strictSame((absent.json() as Inferred).outputs, (answer.json() as Inferred).outputs)
})

const empty: [name: string, inputs: readonly unknown[]][] = [
  ['a matrix', [{ ...matrix, shape: [0, 6], data: [] }]],
  ['a matrix without a width', [{ ...matrix, shape: [0, 0], data: [] }]],
  ['columns', columns.map((column) => ({ ...column, shape: [0], data: [] }))],
  ['columns of shape [0, 1]', columns.map((column) => ({ ...column, shape: [0, 1], data: [] }))],
]
for (const [name, inputs] of empty) {
  t.test(`${name} of no rows is answered by tensors of none`, async (t) => {
    const outputs = ['predict', 'predict_proba', 'explain'].map((name) => ({ name }))
    const answer = await send({ inputs, outputs })
    t.equal(answer.statusCode, 200)
    t.strictSame((answer.json() as Inferred).outputs, [
      { name: 'predict', shape: [0], datatype: 'FP64', data: [] },
      { name: 'predict_proba', shape: [0, 2], datatype: 'FP64', data: [] },
      { name: 'explain', shape: [0], datatype: 'BYTES', data: [] },
    ])
  })
}

t.test('as many rows are read as anywhere else', async (t) => {
  const app = await buildTestApp(t, { limits: { maxRows: 20_000, maxAnswerBytes: 16 << 20 } })
  const count = 12_000
  const inputs = columns.map(({ data, ...column }) => ({
    ...column,
    shape: [count],
    data: Array.from({ length: count }, () => data[0]),
  }))
  const answer = await send({ inputs }, app)
  t.equal(answer.statusCode, 200)
  t.strictSame((answer.json() as Inferred).outputs[0]?.shape, [count])
})

// Ids

for (const id of ['', '1', 'x'.repeat(1000), '\u00e9"\\\n', '__proto__']) {
  t.test(`the id ${JSON.stringify(id.slice(0, 20))} is echoed`, async (t) => {
    t.equal(((await send({ id, inputs: [matrix] })).json() as Inferred).id, id)
  })
}

t.test('a request without an id gets one of its own', async (t) => {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
  const ids = await Promise.all(
    [1, 2].map(async () => ((await send({ inputs: [matrix] })).json() as Inferred).id),
  )
  for (const id of ids) t.match(id, uuid)
  t.not(ids[0], ids[1])
})

// Outputs

const predict = { name: 'predict', shape: [2], datatype: 'FP64', data: labels }
const predictProba = { name: 'predict_proba', shape: [2, 2], datatype: 'FP64', data: probabilities }
const outputs: [asked: unknown, expected: readonly unknown[]][] = [
  [undefined, [predict]],
  [[], [predict]],
  [[{ name: 'predict' }], [predict]],
  [[{ name: 'predict_proba' }], [predictProba]],
  [
    [{ name: 'predict_proba' }, { name: 'predict' }],
    [predictProba, predict],
  ],
  [[{ name: 'predict', parameters: { binary_data: false } }], [predict]],
]
for (const [asked, expected] of outputs) {
  t.test(`outputs ${JSON.stringify(asked)} are answered in their order`, async (t) => {
    const answer = await send({ inputs: [matrix], outputs: asked })
    t.equal(answer.statusCode, 200)
    t.strictSame((answer.json() as Inferred).outputs, expected)
  })
}

t.test('the output explain holds one JSON text per row', async (t) => {
  const asked = [{ name: 'explain' }, { name: 'predict' }]
  const answer = await send({ inputs: columns, outputs: asked })
  t.equal(answer.statusCode, 200)
  const [explain, second] = (answer.json() as Inferred).outputs
  t.strictSame(second, predict)
  t.match(explain, { name: 'explain', shape: [2], datatype: 'BYTES' })
  const lines = await post(app, '/explain', JSON_TYPE, JSON.stringify({ instances: rows }), {
    accept: 'application/jsonlines',
  })
  t.strictSame(explain?.data, lines.body.trimEnd().split('\n'))
})

t.test('outputs are not answered more often than there are any', async (t) => {
  const asked = Array.from({ length: 100 }, () => ({ name: 'explain' }))
  const answer = await send({ inputs: [matrix], outputs: asked })
  checkProblem(t, answer, 400, 'invalid_option')
})

t.test('no answer is larger than the limit', async (t) => {
  for (const outputs of [
    [{ name: 'predict' }],
    [{ name: 'predict_proba' }],
    [{ name: 'explain' }],
    [{ name: 'predict' }, { name: 'predict_proba' }, { name: 'explain' }],
  ]) {
    const shape = [50, 6]
    const data = Array.from({ length: 25 }, () => rows.flat()).flat()
    const body = { inputs: [{ ...matrix, shape, data }], outputs }
    const free = await send(body)
    t.equal(free.statusCode, 200)
    const bound = await buildTestApp(t, { limits: { maxAnswerBytes: free.rawPayload.length - 1 } })
    const answer = await send(body, bound)
    t.equal(answer.statusCode, 413, `${JSON.stringify(outputs)} ${free.rawPayload.length} bytes`)
  }
})

// Refusals

for (const name of ['other', 'Model', '__proto__', 'x'.repeat(500)]) {
  t.test(`the model ${name.slice(0, 20)} does not exist`, async (t) => {
    const path = `/v2/models/${name}`
    for (const url of [path, `${path}/ready`]) {
      checkProblem(t, await app.inject({ url }), 404, 'unknown_model', /there is "model"/)
    }
    const answer = await post(app, `${path}/infer`, JSON_TYPE, JSON.stringify({ inputs: [matrix] }))
    checkProblem(t, answer, 404, 'unknown_model')
    t.match(answer.json().error, /there is no model/, 'error')
  })
}

const refused: [name: string, body: unknown, code: InputErrorCode, detail: RegExp][] = [
  ['null', null, 'invalid_shape', /object with "inputs"/],
  ['a list', [], 'invalid_shape', /object with "inputs"/],
  ['no inputs', {}, 'invalid_shape', /"inputs" must be a list/],
  ['inputs that are none', { inputs: [] }, 'invalid_shape', /"inputs" must be a list/],
  ['inputs that are an object', { inputs: matrix }, 'invalid_shape', /"inputs" must be a list/],
  ['instances', { instances: rows }, 'invalid_shape', /"inputs"/],
  ['an input that is null', { inputs: [null] }, 'invalid_shape', /inputs\[0\] must be an object/],
  ['an input that is a list', { inputs: [matrix, []] }, 'invalid_shape', /inputs\[1\] must be/],
  ['an id that is a number', { id: 1, inputs: [matrix] }, 'invalid_shape', /"id"/],
  ['no name', { inputs: [{ ...matrix, name: undefined }] }, 'invalid_shape', /has no name/],
  ['no datatype', { inputs: [{ ...matrix, datatype: undefined }] }, 'invalid_shape', /datatype/],
  ['datatype FP128', { inputs: [{ ...matrix, datatype: 'FP128' }] }, 'invalid_shape', /"FP128"/],
  ['datatype fp64', { inputs: [{ ...matrix, datatype: 'fp64' }] }, 'invalid_shape', /FP64/],
  ['no data', { inputs: [{ ...matrix, data: undefined }] }, 'invalid_shape', /has no data/],
  ['data that are text', { inputs: [{ ...matrix, data: 'x' }] }, 'invalid_shape', /has no data/],
  ['no shape', { inputs: [{ ...matrix, shape: undefined }] }, 'invalid_shape', /no shape/],
  ['an empty shape', { inputs: [{ ...matrix, shape: [] }] }, 'invalid_shape', /no shape/],
  ['three dimensions', { inputs: [{ ...matrix, shape: [1, 2, 6] }] }, 'invalid_shape', /no shape/],
  ['a shape of texts', { inputs: [{ ...matrix, shape: ['2', '6'] }] }, 'invalid_shape', /no shape/],
  ['a shape below 0', { inputs: [{ ...matrix, shape: [-1, 6] }] }, 'invalid_shape', /no shape/],
  ['a broken shape', { inputs: [{ ...matrix, shape: [1.5, 8] }] }, 'invalid_shape', /no shape/],
  ['a wrong size', { inputs: [{ ...matrix, shape: [3, 6] }] }, 'invalid_shape', /12.*means 18/],
  ['an endless size', { inputs: [{ ...matrix, shape: [2 ** 53 - 1, 6] }] }, 'invalid_shape', /12/],
  ['data nested deeper', { inputs: [{ ...matrix, data: [rows] }] }, 'invalid_shape', /2 values/],
  [
    'a matrix of another width',
    { inputs: [{ ...matrix, shape: [1, 12] }] },
    'wrong_width',
    /row 1 has 12 values/,
  ],
  [
    'an unknown column',
    { inputs: [...columns, { ...columns[0], name: 'Fare' }] },
    'unknown_column',
    /"Fare"/,
  ],
  ['two matrices', { inputs: [matrix, matrix] }, 'duplicate_column', /"input-0"/],
  [
    'a column twice',
    { inputs: [...columns, ...withColumn('Age', {}).slice(3, 4)] },
    'duplicate_column',
    /"Age"/,
  ],
  ['a column that lacks', { inputs: columns.slice(1) }, 'missing_column', /"Pclass"/],
  [
    'a column of another length',
    { inputs: withColumn('Age', { shape: [1], data: [1] }) },
    'invalid_shape',
    /"Age" has shape \[1\], expected \[2\]/,
  ],
  [
    'a text for a number',
    { inputs: withColumn('Age', { data: ['x', 1] }) },
    'invalid_number',
    /row 1, column "Age"/,
  ],
  [
    'a number for a text',
    { inputs: withColumn('Sex', { data: [1, 2] }) },
    'invalid_text',
    /column "Sex"/,
  ],
  [
    'an object for a number',
    { inputs: withColumn('Age', { data: [{}, 1] }) },
    'invalid_number',
    /"Age"/,
  ],
  ['outputs that are an object', { inputs: [matrix], outputs: {} }, 'invalid_shape', /"outputs"/],
  [
    'an unknown output',
    { inputs: [matrix], outputs: [{ name: 'transform' }] },
    'invalid_option',
    /"transform".*"predict_proba"/,
  ],
  ['an output that is null', { inputs: [matrix], outputs: [null] }, 'invalid_option', /output/],
  [
    'an output that is a text',
    { inputs: [matrix], outputs: ['predict'] },
    'invalid_option',
    /output/,
  ],
]
for (const [name, body, code, detail] of refused) {
  t.test(`${name} is refused where Triton's clients look`, async (t) => {
    const answer = await send(body)
    checkProblem(t, answer, 400, code, detail)
    t.match(answer.json().error, detail, 'error')
  })
}

t.test('what is no JSON is refused', async (t) => {
  checkProblem(t, await post(app, INFER, JSON_TYPE, '{"inputs":'), 400, 'invalid_json')
  checkProblem(t, await post(app, INFER, JSON_TYPE, ''), 400, 'empty_body')
  checkProblem(t, await post(app, INFER, JSON_TYPE, Buffer.of(0x7b, 0xff)), 400, 'invalid_utf8')
})

t.test('binary tensors are not read', async (t) => {
  const { data: _, ...head } = matrix
  const binary = { inputs: [{ ...head, parameters: { binary_data_size: 96 } }] }
  checkProblem(t, await send(binary), 501, 'not_implemented', /binary/)
  const text = JSON.stringify(binary)
  const body = Buffer.concat([Buffer.from(text), Buffer.alloc(96, 0xff)])
  for (const type of ['application/octet-stream', JSON_TYPE]) {
    const answer = await post(app, INFER, type, body, {
      'inference-header-content-length': String(text.length),
    })
    checkProblem(t, answer, 501, 'not_implemented', /binary/)
  }
})

t.test('packed bodies are not read', async (t) => {
  const packed = await send({ inputs: [matrix] }, app, { 'content-encoding': 'gzip' })
  checkProblem(t, packed, 415, 'unsupported_encoding')
})

t.test("a body is JSON, whatever its type; Triton's own client sends none", async (t) => {
  const body = JSON.stringify({ inputs: [matrix] })
  for (const type of [undefined, JSON_TYPE, 'application/json; charset=utf-8']) {
    t.equal((await post(app, INFER, type, body)).statusCode, 200, `${type}`)
  }
  checkProblem(t, await post(app, INFER, 'text/csv', passenger.csv), 400, 'invalid_json')
})

t.test('limits are those of the other routes', async (t) => {
  const app = await buildTestApp(t, { limits: { maxRows: 1, maxSeconds: 0 }, maxBodyBytes: 1500 })
  checkProblem(t, await send({ inputs: [matrix] }, app), 413, 'too_many_rows', /1 rows/)
  checkProblem(t, await send({ inputs: columns }, app), 413, 'too_many_rows', /1 rows/)
  checkProblem(t, await send({ id: 'x'.repeat(1500) }, app), 413, 'too_large')
  const endless = { ...matrix, shape: [2 ** 53 - 1, 0], data: [] }
  checkProblem(t, await send({ inputs: [endless] }, app), 413, 'too_many_rows')
  const one = { inputs: [{ ...matrix, shape: [1, 6], data: other }] }
  t.equal((await send(one, app)).statusCode, 200)
  const explained = await send({ ...one, outputs: [{ name: 'explain' }] }, app)
  checkProblem(t, explained, 413, 'too_expensive')
})

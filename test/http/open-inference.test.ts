/** The Open Inference Protocol, version 2: metadata, tensors in and out, and what is refused. */
import fc from 'fast-check'
import t from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { parseOutputNames } from '../../src/answering/tensor-outputs.ts'
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

/** The output that most of these requests ask for. */
const asked = { name: 'predict' }

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
  ['/v2', { name: 'shapserve', version: VERSION, extensions: ['binary_tensor_data'] }],
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
    const answer = await send({ inputs, outputs: [asked], parameters: { content_type: 'pd' } })
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

t.test('a request that names no outputs gets those of the metadata', async (t) => {
  for (const inferOutputs of [
    undefined,
    parseOutputNames('predict,predict_proba,explain'),
    parseOutputNames(' predict_proba, predict '),
    parseOutputNames('explain'),
  ]) {
    const app = await buildTestApp(t, inferOutputs ? { inferOutputs } : {})
    const { outputs: listed } = (await app.inject({ url: '/v2/models/model' })).json()
    const names = inferOutputs ?? ['predict', 'predict_proba', 'explain']
    t.strictSame(
      listed.map(({ name }: { name: string }) => name),
      names,
    )
    const named = await send({ inputs: [matrix], outputs: names.map((name) => ({ name })) }, app)
    for (const outputs of [undefined, null, []]) {
      const answer = await send({ inputs: [matrix], outputs }, app)
      t.strictSame((answer.json() as Inferred).outputs, (named.json() as Inferred).outputs)
      t.strictSame(
        (answer.json() as Inferred).outputs.map(({ name, datatype, shape }) => ({
          name,
          datatype,
          shape: [-1, ...shape.slice(1)],
        })),
        listed,
        'of the datatype and shape that it lists',
      )
    }
    const other = await send({ inputs: [matrix], outputs: [asked] }, app)
    t.strictSame((other.json() as Inferred).outputs, [predict], 'others may be named')
  }
})

for (const text of [
  '',
  'predict,',
  'probability',
  'predict,predict',
  'explain predict',
  '__proto__',
]) {
  t.test(`${JSON.stringify(text)} names no outputs`, (t) => {
    t.throws(() => parseOutputNames(text), { code: 'invalid_option', message: /the output/ })
    t.end()
  })
}

t.test('the output explain holds one JSON text per row', async (t) => {
  const both = [{ name: 'explain' }, asked]
  const answer = await send({ inputs: columns, outputs: both })
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

t.test('answers of any size are sent in blocks', async (t) => {
  const shape = [50, 6]
  const data = Array.from({ length: 25 }, () => rows.flat()).flat()
  const small = await buildTestApp(t, { limits: { maxAnswerBytes: 10 }, blockBytes: 100 })
  const outputs = [{ name: 'predict' }, { name: 'predict_proba' }, { name: 'explain' }]
  for (const asked of [...outputs.map((output) => [output]), outputs]) {
    const body = { id: 'x', inputs: [{ ...matrix, shape, data }], outputs: asked }
    const [answer, whole] = [await send(body, small), await send(body)]
    t.equal(answer.statusCode, 200)
    t.ok(answer.rawPayload.equals(whole.rawPayload), `${whole.rawPayload.length} bytes`)
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

t.test('a version may be named, if it is the one that is served', async (t) => {
  const base = `/v2/models/model/versions/${artifact.modelId}`
  for (const [url, plain] of [
    [base, '/v2/models/model'],
    [`${base}/ready`, '/v2/models/model/ready'],
  ] as const) {
    t.strictSame((await app.inject({ url })).json(), (await app.inject({ url: plain })).json())
  }
  const body = JSON.stringify({ inputs: [matrix] })
  const answer = await post(app, `${base}/infer`, JSON_TYPE, body)
  t.equal((answer.json() as Inferred).model_version, artifact.modelId)
  for (const version of ['1', `${artifact.modelId}0`, '__proto__']) {
    const other = `/v2/models/model/versions/${version}`
    for (const url of [other, `${other}/ready`]) {
      checkProblem(t, await app.inject({ url }), 404, 'unknown_model', /no version/)
    }
    const refused = await post(app, `${other}/infer`, JSON_TYPE, body)
    checkProblem(t, refused, 404, 'unknown_model', /no version/)
  }
  const url = `/v2/models/other/versions/${artifact.modelId}`
  checkProblem(t, await app.inject({ url }), 404, 'unknown_model', /no model/)
  checkProblem(t, await app.inject({ url: `${base}/infer` }), 405, 'method_not_allowed')
  t.strictSame((await app.inject({ url: '/v2/models' })).json(), { models: ['model'] })
})

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

// Binary data

/** Bytes as numpy's and Triton's clients lay them out. */
const encode: Readonly<Record<string, (values: readonly unknown[]) => Buffer>> = {
  BYTES: (values) =>
    Buffer.concat(
      values.map((value) => {
        const text = Buffer.from(String(value))
        const length = Buffer.alloc(4)
        length.writeUInt32LE(text.length)
        return Buffer.concat([length, text])
      }),
    ),
  BOOL: (values) => Buffer.from(values.map(Number)),
  UINT8: (values) => Buffer.from(values.map(Number)),
  INT8: (values) => Buffer.from(Int8Array.from(values.map(Number)).buffer),
  UINT16: (values) => Buffer.from(Uint16Array.from(values.map(Number)).buffer),
  INT16: (values) => Buffer.from(Int16Array.from(values.map(Number)).buffer),
  UINT32: (values) => Buffer.from(Uint32Array.from(values.map(Number)).buffer),
  INT32: (values) => Buffer.from(Int32Array.from(values.map(Number)).buffer),
  UINT64: (values) => Buffer.from(BigUint64Array.from(values.map((x) => BigInt(Number(x)))).buffer),
  INT64: (values) => Buffer.from(BigInt64Array.from(values.map((x) => BigInt(Number(x)))).buffer),
  FP32: (values) => Buffer.from(Float32Array.from(values.map(Number)).buffer),
  FP64: (values) => Buffer.from(Float64Array.from(values.map(Number)).buffer),
}

/** A tensor's JSON, and the bytes of its data. */
function asBinary({ data, ...head }: Tensor): [head: Record<string, unknown>, bytes: Buffer] {
  const bytes = encode[head.datatype]?.(data) ?? Buffer.alloc(0)
  return [{ ...head, parameters: { binary_data_size: bytes.length } }, bytes]
}

/** Sends JSON and what stands behind it. */
function sendBinary(value: unknown, bytes: Buffer, length?: string) {
  const text = Buffer.from(JSON.stringify(value))
  return post(app, INFER, 'application/octet-stream', Buffer.concat([text, bytes]), {
    'inference-header-content-length': length ?? String(text.length),
  })
}

const binaryColumns = columns.map(asBinary)
const binaryBytes = Buffer.concat(binaryColumns.map(([, bytes]) => bytes))
const binaryInputs = binaryColumns.map(([head]) => head)

t.test('binary tensors are read', async (t) => {
  const answer = await sendBinary({ inputs: binaryInputs, outputs: [asked] }, binaryBytes)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], JSON_TYPE, 'outputs are JSON unless they are asked for')
  t.strictSame((answer.json() as Inferred).outputs, [predict])
  const mixed = columns.map((column, j) => (j % 2 === 0 ? binaryInputs[j] : column))
  const bytes = Buffer.concat(binaryColumns.filter((_, j) => j % 2 === 0).map(([, own]) => own))
  const both = await sendBinary({ inputs: mixed, outputs: [asked] }, bytes)
  t.strictSame((both.json() as Inferred).outputs, [predict], 'beside tensors of JSON')
  const text = JSON.stringify({ inputs: columns, outputs: [asked] })
  const json = await post(app, INFER, JSON_TYPE, text, {
    'inference-header-content-length': String(text.length),
  })
  t.strictSame((json.json() as Inferred).outputs, [predict], 'no tensor has to be binary')
})

for (const datatype of Object.keys(encode).filter((name) => !['BYTES', 'BOOL'].includes(name))) {
  t.test(`binary ${datatype} holds the numbers that JSON would`, async (t) => {
    const json = withColumn('Age', { datatype })
    const expected = (await send({ inputs: json, outputs: [{ name: 'predict_proba' }] })).json()
    const parts = json.map(asBinary)
    const answer = await sendBinary(
      { inputs: parts.map(([head]) => head), outputs: [{ name: 'predict_proba' }] },
      Buffer.concat(parts.map(([, bytes]) => bytes)),
    )
    t.equal(answer.statusCode, 200)
    t.strictSame((answer.json() as Inferred).outputs, (expected as Inferred).outputs)
  })
}

t.test('binary halves are read', async (t) => {
  // 28 and 38 in 16 bits.
  const age = { name: 'Age', shape: [2], datatype: 'FP16', parameters: { binary_data_size: 4 } }
  const parts = columns.map((column): [unknown, Buffer] =>
    column.name === 'Age' ? [age, Buffer.of(0x00, 0x4f, 0xc0, 0x50)] : [column, Buffer.alloc(0)],
  )
  const answer = await sendBinary(
    { inputs: parts.map(([head]) => head), outputs: [{ name: 'predict_proba' }] },
    Buffer.concat(parts.map(([, bytes]) => bytes)),
  )
  t.strictSame((answer.json() as Inferred).outputs, [predictProba])
})

t.test('a binary NaN is a missing value, an infinity is refused', async (t) => {
  const ask = (value: number) => {
    const [head, bytes] = asBinary({ name: 'Age', shape: [2], datatype: 'FP64', data: [value, 38] })
    const inputs = columns.map((column) => (column.name === 'Age' ? head : column))
    return sendBinary({ inputs, outputs: [{ name: 'predict_proba' }] }, bytes)
  }
  const missing = await send({
    inputs: withColumn('Age', { data: [null, 38] }),
    outputs: [{ name: 'predict_proba' }],
  })
  t.strictSame(
    ((await ask(Number.NaN)).json() as Inferred).outputs,
    (missing.json() as Inferred).outputs,
  )
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    checkProblem(t, await ask(value), 400, 'non_finite', /row 1, column "Age"/)
  }
  const text = JSON.stringify({ inputs: withColumn('Age', { data: [0, 38] }) })
  const beyond = await post(app, INFER, JSON_TYPE, text.replace('[0,38]', '[1e999,38]'))
  checkProblem(t, beyond, 400, 'non_finite', /row 1, column "Age"/)
})

t.test('outputs are binary where they are asked for so', async (t) => {
  const asked = [
    { name: 'predict_proba', parameters: { binary_data: true } },
    { name: 'predict' },
    { name: 'explain', parameters: { binary_data: true } },
  ]
  const answer = await sendBinary({ id: '7', inputs: binaryInputs, outputs: asked }, binaryBytes)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/octet-stream')
  const length = Number(answer.headers['inference-header-content-length'])
  const json = JSON.parse(answer.rawPayload.subarray(0, length).toString()) as Inferred
  const bytes = answer.rawPayload.subarray(length)
  const lines = await post(app, '/explain', JSON_TYPE, JSON.stringify({ instances: rows }), {
    accept: 'application/jsonlines',
  })
  const texts = encode['BYTES']?.(lines.body.trimEnd().split('\n')) ?? Buffer.alloc(0)
  t.equal(json.id, '7')
  t.strictSame(json.outputs, [
    {
      name: 'predict_proba',
      shape: [2, 2],
      datatype: 'FP64',
      parameters: { binary_data_size: 32 },
    },
    predict,
    {
      name: 'explain',
      shape: [2],
      datatype: 'BYTES',
      parameters: { binary_data_size: texts.length },
    },
  ])
  const numbers = encode['FP64']?.(probabilities) ?? Buffer.alloc(0)
  t.ok(bytes.equals(Buffer.concat([numbers, texts])))
})

t.test('a request may ask for all outputs in binary, and leave one out', async (t) => {
  const parameters = { binary_data_output: true }
  const all = await send({ inputs: [matrix], outputs: [asked], parameters })
  t.equal(all.headers['content-type'], 'application/octet-stream')
  t.ok(all.rawPayload.subarray(-16).equals(encode['FP64']?.(labels) ?? Buffer.alloc(0)))
  const outputs = [{ name: 'predict', parameters: { binary_data: false } }]
  const none = await send({ inputs: [matrix], outputs, parameters })
  t.equal(none.headers['content-type'], JSON_TYPE)
  t.equal(none.headers['inference-header-content-length'], undefined)
  t.strictSame((none.json() as Inferred).outputs, [predict])
})

t.test('answers that are large or binary come from a worker as from here', async (t) => {
  const pool = createJobPool(1)
  t.teardown(() => pool.close())
  const app = await buildTestApp(t, { limits: { maxRows: 3000 }, pool })
  const count = 2000
  const parts = columns.map(({ data, ...column }) =>
    asBinary({ ...column, shape: [count], data: Array.from({ length: count }, () => data[0]) }),
  )
  const text = Buffer.from(
    JSON.stringify({
      id: '1',
      inputs: parts.map(([head]) => head),
      outputs: [asked],
      parameters: { binary_data_output: true },
    }),
  )
  const body = Buffer.concat([text, ...parts.map(([, bytes]) => bytes)])
  t.ok(body.length > 64 << 10)
  const answer = await post(app, INFER, 'application/octet-stream', body, {
    'inference-header-content-length': String(text.length),
  })
  t.equal(answer.statusCode, 200)
  const expected = Buffer.alloc(8 * count)
  for (let i = 0; i < count; i++) expected.writeDoubleLE(labels[0] ?? Number.NaN, 8 * i)
  t.ok(answer.rawPayload.subarray(-8 * count).equals(expected))
})

const first = binaryInputs[0] as Record<string, unknown>
const withFirst = (parameters: unknown, change = {}) => ({
  inputs: [{ ...first, ...change, parameters }, ...binaryInputs.slice(1)],
})
const sizes = (binary_data_size: unknown) => withFirst({ binary_data_size })
const text = (data: readonly unknown[], bytes: Buffer): [unknown, Buffer] => {
  const head = { name: 'Sex', shape: [2], datatype: 'BYTES' }
  const parameters = { binary_data_size: bytes.length }
  const inputs = columns.map((column) =>
    column.name === 'Sex' ? { ...head, parameters, ...(data.length > 0 ? { data } : {}) } : column,
  )
  return [{ inputs }, bytes]
}
const binaryRefusals: [
  name: string,
  body: unknown,
  bytes: Buffer,
  code: InputErrorCode,
  detail: RegExp,
  length?: string,
][] = [
  ['a header length below 0', {}, binaryBytes, 'invalid_shape', /"-1"/, '-1'],
  ['a header length that is text', {}, binaryBytes, 'invalid_shape', /"ten"/, 'ten'],
  ['a broken header length', {}, binaryBytes, 'invalid_shape', /"1.5"/, '1.5'],
  ['a header length in hexadecimal', {}, binaryBytes, 'invalid_shape', /"0x10"/, '0x10'],
  ['two header lengths', {}, binaryBytes, 'invalid_shape', /"2, 2"/, '2, 2'],
  ['an empty header length', {}, binaryBytes, 'invalid_shape', /""/, ''],
  ['a header longer than the body', {}, Buffer.alloc(0), 'invalid_shape', /3.*2 bytes/, '3'],
  ['an endless header', {}, Buffer.alloc(0), 'invalid_shape', /9{15}/, '9'.repeat(15)],
  ['a header of no bytes', {}, binaryBytes, 'invalid_json', /./, '0'],
  ['a header that is cut', { inputs: binaryInputs }, binaryBytes, 'invalid_json', /./, '20'],
  ['bytes that nobody announces', { inputs: columns }, Buffer.alloc(1), 'invalid_shape', /1 bytes/],
  [
    'a byte too many',
    { inputs: binaryInputs },
    Buffer.concat([binaryBytes, Buffer.of(0)]),
    'invalid_shape',
    /announce/,
  ],
  [
    'a byte too few',
    { inputs: binaryInputs },
    binaryBytes.subarray(0, -1),
    'invalid_shape',
    /left/,
  ],
  [
    'no bytes at all',
    { inputs: binaryInputs },
    Buffer.alloc(0),
    'invalid_shape',
    /0 bytes are left/,
  ],
  ['a size below 0', sizes(-8), binaryBytes, 'invalid_shape', /binary_data_size -8/],
  ['a broken size', sizes(15.5), binaryBytes, 'invalid_shape', /15\.5/],
  ['a size that is text', sizes('16'), binaryBytes, 'invalid_shape', /"16"/],
  ['a size that is null', sizes(null), binaryBytes, 'invalid_shape', /null/],
  ['an endless size', sizes(2 ** 53 - 1), binaryBytes, 'invalid_shape', /9007199254740991/],
  ['a size beyond all numbers', sizes(2 ** 53), binaryBytes, 'invalid_shape', /9007199254740992/],
  ['a size of another tensor', sizes(8), binaryBytes, 'invalid_shape', /8 bytes.*mean 16/],
  [
    'a shape of another size',
    withFirst({ binary_data_size: 16 }, { shape: [1] }),
    binaryBytes,
    'invalid_shape',
    /mean 8/,
  ],
  [
    'a shape of too many values',
    withFirst({ binary_data_size: 16 }, { shape: [1e9] }),
    binaryBytes,
    'too_many_rows',
    /values/,
  ],
  [
    'an endless shape',
    withFirst({ binary_data_size: 16 }, { shape: [2 ** 53 - 1, 2 ** 53 - 1] }),
    binaryBytes,
    'too_many_rows',
    /values/,
  ],
  [
    'data of both kinds',
    withFirst({ binary_data_size: 16 }, { data: [1, 2] }),
    binaryBytes,
    'invalid_shape',
    /both/,
  ],
  [
    'a byte that is no truth',
    withFirst({ binary_data_size: 2 }, { datatype: 'BOOL' }),
    Buffer.concat([Buffer.of(1, 2), binaryBytes.subarray(16)]),
    'invalid_number',
    /row 2, column "Pclass": 2 is no BOOL/,
  ],
  ['texts that end early', ...text([], Buffer.of(4, 0, 0, 0, 0x6d)), 'invalid_shape', /2 texts/],
  ['a text without a length', ...text([], Buffer.of(1, 0, 0)), 'invalid_shape', /2 texts/],
  [
    'one text too few',
    ...text([], encode['BYTES']?.(['male']) ?? binaryBytes),
    'invalid_shape',
    /2 texts/,
  ],
  [
    'one text too many',
    ...text([], encode['BYTES']?.(['male', 'male', 'male']) ?? binaryBytes),
    'invalid_shape',
    /2 texts/,
  ],
  [
    'a text that is not UTF-8',
    ...text([], Buffer.of(1, 0, 0, 0, 0xff, 0, 0, 0, 0)),
    'invalid_utf8',
    /./,
  ],
  [
    'an output that is binary by text',
    { inputs: binaryInputs, outputs: [{ name: 'predict', parameters: { binary_data: 'yes' } }] },
    binaryBytes,
    'invalid_option',
    /binary_data/,
  ],
  [
    'a request that is binary by number',
    { inputs: binaryInputs, parameters: { binary_data_output: 1 } },
    binaryBytes,
    'invalid_option',
    /binary_data_output/,
  ],
]
for (const [name, body, bytes, code, detail, length] of binaryRefusals) {
  t.test(`${name} is refused`, async (t) => {
    const answer = await sendBinary(body, bytes, length)
    checkProblem(t, answer, code === 'too_many_rows' ? 413 : 400, code, detail)
    t.match(answer.json().error, detail, 'error')
  })
}

t.test('binary tensors without a header length are refused', async (t) => {
  const answer = await send({ inputs: binaryInputs })
  checkProblem(t, answer, 400, 'invalid_shape', /Inference-Header-Content-Length/)
})

t.test('property: no bytes make the server fail', async () => {
  const whole = Buffer.concat([Buffer.from(JSON.stringify({ inputs: binaryInputs })), binaryBytes])
  const length = whole.length - binaryBytes.length
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(whole.length),
      fc.oneof(fc.constant(length), fc.nat(2 * whole.length)),
      async (flips, cut, header) => {
        const body = Buffer.from(cut % 3 === 0 ? whole.subarray(0, cut) : whole)
        for (const [at, value] of flips) if (at < body.length) body[at] = value
        const answer = await post(app, INFER, 'application/octet-stream', body, {
          'inference-header-content-length': String(header),
        })
        return answer.statusCode < 500
      },
    ),
    { numRuns: 500 },
  )
})

t.test('many tensors are refused by the first that is wrong', async (t) => {
  const tensor = { shape: [0], datatype: 'BOOL', data: [] }
  const inputs = Array.from({ length: 10_000 }, (_, i) => ({ ...tensor, name: `x${i}` }))
  checkProblem(t, await send({ inputs }), 400, 'unknown_column', /"x0"/)
  const same = inputs.map((input) => ({ ...input, name: 'Age' }))
  checkProblem(t, await send({ inputs: same }), 400, 'duplicate_column', /"Age"/)
})

t.test('bodies packed by anything but gzip are not read', async (t) => {
  const packed = await send({ inputs: [matrix] }, app, { 'content-encoding': 'br' })
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
  t.equal((await send({ ...one, outputs: [asked] }, app)).statusCode, 200)
  checkProblem(t, await send(one, app), 413, 'too_expensive', /name "outputs" without "explain"/)
  const explained = await send({ ...one, outputs: [{ name: 'explain' }] }, app)
  checkProblem(t, explained, 413, 'too_expensive')
})

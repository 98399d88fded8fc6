/** The OpenAPI document against the service: every answer is one that it describes, every example is answered. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { parseSelection } from '../../../src/codecs/selection.ts'
import {
  type Body,
  buildMultiModelApp,
  buildTestApp,
  checkpoint,
  loadCheckpoint,
  passenger,
  post,
} from '../../helper.ts'

interface Content {
  readonly schema?: object
  readonly example?: unknown
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Content>> }>
  >
}

type Method = 'GET' | 'POST' | 'DELETE'

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** A request, and the status that it must have so that the answer is one of that kind. */
interface Case {
  readonly name: string
  readonly url: string
  readonly status: number
  readonly method?: Method
  readonly type?: string
  readonly body?: Body
  readonly headers?: Readonly<Record<string, string>>
}

const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const LINES_TYPE = 'application/jsonlines'
const { modelId } = (await loadCheckpoint()).artifact
const ajv = new Ajv2020({ strict: false, allErrors: false })
const validators = new WeakMap<object, ReturnType<typeof ajv.compile>>()

function errorsOf(schema: object, value: unknown): string {
  const known = validators.get(schema) ?? ajv.compile(schema)
  validators.set(schema, known)
  return known(value) ? '' : ajv.errorsText(known.errors)
}

async function readDocument(app: FastifyInstance): Promise<Document> {
  return (await app.inject({ url: '/openapi.json' })).json() as Document
}

/** Returns the operation behind a path; literal paths go before patterns. */
function findOperation(document: Document, method: string, url: string): Operation | undefined {
  const [path = ''] = url.split('?')
  const key = Object.keys(document.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .find((pattern) => {
      const literal = pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
      return new RegExp(`^${literal.replace(/\{[^}]+\}/g, '[^/:]+')}$`).test(path)
    })
  return key === undefined ? undefined : document.paths[key]?.[method.toLowerCase()]
}

/** Checks that an answer is one that the document describes. */
function checkAnswer(
  t: Test,
  document: Document,
  method: string,
  url: string,
  answer: LightMyRequestResponse,
): void {
  const operation = findOperation(document, method, url)
  t.ok(operation, `${method} ${url} is documented`)
  const responses = operation?.responses ?? {}
  const described = responses[String(answer.statusCode)]
  t.ok(described, `status ${answer.statusCode} is documented, not only ${Object.keys(responses)}`)
  if (!described || answer.body === '') return
  const type = String(answer.headers['content-type'])
  const content = described.content?.[type]
  t.ok(content, `${type} is documented, not only ${Object.keys(described.content ?? {})}`)
  if (!content?.schema) return
  const value = type.endsWith('json') ? (answer.json() as unknown) : answer.body
  t.equal(errorsOf(content.schema, value), '', `${answer.statusCode} ${type} is as documented`)
}

function send(app: FastifyInstance, { method, url, type, body, headers }: Case) {
  return body === undefined
    ? app.inject({ method: method ?? 'GET', url, headers: { ...headers } })
    : post(app, url, type, body, headers)
}

async function checkCases(t: Test, app: FastifyInstance, cases: readonly Case[]): Promise<void> {
  const document = await readDocument(app)
  for (const one of cases) {
    await t.test(`${one.name} of ${one.url.slice(0, 60)}`, async (t) => {
      const answer = await send(app, one)
      t.equal(answer.statusCode, one.status)
      checkAnswer(
        t,
        document,
        one.method ?? (one.body === undefined ? 'GET' : 'POST'),
        one.url,
        answer,
      )
    })
  }
}

// Requests that routes of rows have in common

const row = passenger.list
const byName = passenger.object
const columns = Object.keys(byName)
const jsonForms: [name: string, value: unknown][] = [
  ['one object', byName],
  ['a list of objects', [byName]],
  ['a list of lists', [row, row]],
  ['an empty list', []],
  ['instances of lists', { instances: [row] }],
  ['instances of objects', { instances: [byName], parameters: {} }],
  ['instances of features', { instances: [{ features: row }] }],
  ['no instances', { instances: [] }],
  ['dataframe_split', { dataframe_split: { columns, data: [row] } }],
  ['dataframe_records', { dataframe_records: [byName] }],
  ['inputs by row', { inputs: [row] }],
  [
    'inputs by column',
    { inputs: Object.fromEntries(Object.entries(byName).map(([name, cell]) => [name, [cell]])) },
  ],
]

function rowCases(url: string): Case[] {
  const csv = { url, type: CSV_TYPE, body: passenger.csv }
  const large = 'x'.repeat((1 << 20) + 1)
  return [
    ...jsonForms.map(([name, value]) => ({
      name,
      url,
      status: 200,
      type: JSON_TYPE,
      body: JSON.stringify(value),
    })),
    { ...csv, name: 'CSV', status: 200 },
    {
      ...csv,
      name: 'an option that does not exist',
      url: `${url}?x=1`,
      status: /explain/.test(url) ? 400 : 200,
    },
    { ...csv, name: 'a wrong cell', status: 400, body: passenger.csv.replace('28', 'x') },
    { ...csv, name: 'no body', status: 400, body: '' },
    { ...csv, name: 'too many rows', status: 413, body: '1\n'.repeat(10_000) },
    { ...csv, name: 'a large body', status: 413, body: large },
    { ...csv, name: 'an image', type: 'image/png', status: 415 },
    { ...csv, name: 'no type', status: 415, headers: { 'content-type': '' } },
    { ...csv, name: 'a body packed by br', headers: { 'content-encoding': 'br' }, status: 415 },
    { ...csv, name: 'no gzip', headers: { 'content-encoding': 'gzip' }, status: 400 },
  ]
}

const accepts = (url: string): Case[] => {
  const csv = { url, type: CSV_TYPE, body: passenger.csv }
  return [
    ...[JSON_TYPE, CSV_TYPE, LINES_TYPE, '*/*'].map((accept) => ({
      ...csv,
      name: accept,
      headers: { accept },
      status: 200,
    })),
    { ...csv, name: 'a type that is not answered', headers: { accept: 'video/mp4' }, status: 406 },
  ]
}

const explainQueries = [
  'output=all',
  'output=predicted',
  'top=2',
  'level=features',
  'format=contributions',
  'format=contributions&output=all&top=1',
  'format=clarify',
]
const explainCases = (url: string): Case[] =>
  explainQueries.map((query) => ({
    name: 'an option',
    url: `${url}?${query}`,
    type: CSV_TYPE,
    body: `${passenger.csv}\n${passenger.csv.replace('male', 'female')}`,
    status: 200,
  }))

const askingHeaders: readonly Readonly<Record<string, string>>[] = [
  { 'x-amzn-sagemaker-custom-attributes': 'explain=shap' },
  { 'x-amzn-sagemaker-custom-attributes': 'explain=shap;format=contributions' },
  { 'x-amzn-sagemaker-enable-explanations': '`true`' },
  { 'x-amzn-sagemaker-enable-explanations': '`false`' },
  { 'x-amzn-sagemaker-enable-explanations': '`true`', accept: CSV_TYPE },
]

const invokeCases = (url: string): Case[] =>
  askingHeaders.map((headers) => ({
    name: JSON.stringify(headers),
    url,
    type: CSV_TYPE,
    body: passenger.csv,
    headers,
    status: 200,
  }))

const tensors = {
  inputs: [{ name: 'input-0', shape: [1, 6], datatype: 'BYTES', data: row }],
}
const inferCases: Case[] = [
  { name: 'a matrix', status: 200, body: JSON.stringify(tensors) },
  {
    name: 'all outputs',
    status: 200,
    body: JSON.stringify({
      ...tensors,
      outputs: ['predict', 'predict_proba', 'explain'].map((name) => ({ name })),
    }),
  },
  { name: 'no JSON', status: 400, body: '{' },
  { name: 'an unknown output', status: 400, body: JSON.stringify({ ...tensors, outputs: [{}] }) },
  {
    name: 'too many rows',
    status: 413,
    body: JSON.stringify({ inputs: [{ ...tensors.inputs[0], shape: [2000, 0], data: [] }] }),
  },
  { name: 'a large body', status: 413, body: 'x'.repeat((1 << 20) + 1) },
  {
    name: 'a binary tensor without a header length',
    status: 400,
    body: JSON.stringify({
      inputs: [{ ...tensors.inputs[0], parameters: { binary_data_size: 1 } }],
    }),
  },
  { name: 'a type that is none', status: 415, type: 'x', body: JSON.stringify(tensors) },
].map((one) => ({ type: JSON_TYPE, url: '/v2/models/model/infer', ...one }))

const tooMany = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']))

t.test('the document is one of OpenAPI 3.1 and names every route', async (t) => {
  const { openapi, paths } = await readDocument(await buildTestApp(t))
  t.match(openapi, /^3\.1\./)
  t.strictSame(
    Object.entries(paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .filter((name) => !name.startsWith('head '))
      .sort(),
    [
      'get /execution-parameters',
      'get /explain/global',
      'get /health',
      'get /model',
      'get /ping',
      'get /v1/models',
      'get /v1/models/{name}',
      'get /v2',
      'get /v2/health/live',
      'get /v2/health/ready',
      'get /v2/models',
      'get /v2/models/{name}',
      'get /v2/models/{name}/ready',
      'get /v2/models/{name}/versions/{version}',
      'get /v2/models/{name}/versions/{version}/ready',
      'get /version',
      'post /explain',
      'post /invocations',
      'post /v1/models/{name}:explain',
      'post /v1/models/{name}:predict',
      'post /v2/models/{name}/infer',
      'post /v2/models/{name}/versions/{version}/infer',
    ],
  )
})

t.test('every answer of a model is as documented', async (t) => {
  const gets = [
    '/ping',
    '/health',
    '/version',
    '/model',
    '/execution-parameters',
    '/explain/global',
    '/v1/models',
    '/v1/models/model',
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models',
    '/v2/models/model',
    '/v2/models/model/ready',
    `/v2/models/model/versions/${modelId}`,
    `/v2/models/model/versions/${modelId}/ready`,
  ]
  await checkCases(t, await buildTestApp(t), [
    ...gets.map((url) => ({ name: 'GET', url, status: 200 })),
    ...gets.map((url) => ({
      name: 'GET with too many headers',
      url,
      status: 431,
      headers: tooMany,
    })),
    ...['/v1/models/other', '/v2/models/other', '/v2/models/model/versions/1'].map((url) => ({
      name: 'another model',
      url,
      status: 404,
    })),
    ...['/v1/models/other:predict', '/v1/models/other:explain', '/v2/models/other/infer'].map(
      (url) => ({ name: 'another model', url, type: JSON_TYPE, body: '{}', status: 404 }),
    ),
    ...['/invocations', '/explain'].flatMap((url) => [...rowCases(url), ...accepts(url)]),
    ...explainCases('/explain'),
    ...invokeCases('/invocations'),
    ...['/v1/models/model:predict', '/v1/models/model:explain'].flatMap(rowCases),
    ...explainCases('/v1/models/model:explain'),
    ...inferCases,
  ])
})

t.test('every answer of a model with selected outputs is as documented', async (t) => {
  for (const text of ['predicted_label', 'labels,raw_scores', 'probability,probabilities']) {
    const selection = parseSelection(text)
    const app = await buildTestApp(t, selection ? { selection } : {})
    await checkCases(t, app, [
      ...jsonForms.slice(0, 5).map(([name, value]) => ({
        name: `${text} of ${name}`,
        url: '/invocations',
        status: 200,
        type: JSON_TYPE,
        body: JSON.stringify(value),
      })),
      ...accepts('/invocations'),
    ])
  }
})

t.test('every answer of probabilities is as documented', async (t) => {
  await checkCases(
    t,
    await buildTestApp(t, { predictProbabilities: true }),
    rowCases('/v1/models/model:predict').slice(0, 12),
  )
})

t.test('every answer of a service that stops or is full is as documented', async (t) => {
  const stopping = await buildTestApp(t, { isDraining: () => true })
  const document = await readDocument(stopping)
  for (const url of Object.keys(document.paths).map((path) => path.replace('{name}', 'model'))) {
    if (!findOperation(document, 'GET', url)) continue
    await t.test(`GET ${url}`, async (t) => {
      checkAnswer(t, document, 'GET', url, await stopping.inject({ url }))
    })
  }
  const full = await buildTestApp(t, { bodyBudget: 10 })
  await checkCases(
    t,
    full,
    [
      '/invocations',
      '/explain',
      '/v1/models/model:predict',
      '/v1/models/model:explain',
      '/v2/models/model/infer',
    ].map((url) => ({
      name: 'a full service',
      url,
      type: JSON_TYPE,
      body: JSON.stringify(byName),
      status: 503,
    })),
  )
})

async function buildLoaded(t: Test) {
  const root = join(t.testdir({ models: {} }), 'models')
  await cp(checkpoint, join(root, 'model'), { recursive: true })
  const app = buildMultiModelApp(t, { root, memoryBudget: 150_000 })
  const body = JSON.stringify({ model_name: 'model', url: join(root, 'model') })
  return { app, root, load: () => post(app, '/models', JSON_TYPE, body) }
}

t.test('every answer of a multi-model endpoint is as documented', async (t) => {
  const { app, root } = await buildLoaded(t)
  const load = (name: string, path: string): Pick<Case, 'url' | 'type' | 'body'> => ({
    url: '/models',
    type: JSON_TYPE,
    body: JSON.stringify({ model_name: name, url: join(root, path) }),
  })
  const gets = ['/ping', '/execution-parameters', '/models']
  await checkCases(t, app, [
    ...gets.map((url) => ({ name: 'GET', url, status: 200 })),
    ...gets.map((url) => ({
      name: 'GET with too many headers',
      url,
      status: 431,
      headers: tooMany,
    })),
    { ...load('model', 'model'), name: 'a load', status: 200 },
    { ...load('model', 'model'), name: 'a second load', status: 409 },
    { ...load('other', 'model'), name: 'a load over the budget', status: 507 },
    { ...load('other', 'absent'), name: 'a load of nothing', status: 400 },
    { ...load('other', '..'), name: 'a load from outside', status: 400 },
    { url: '/models', type: JSON_TYPE, body: '{', name: 'a load without JSON', status: 400 },
    {
      url: '/models',
      type: JSON_TYPE,
      body: 'x'.repeat((1 << 20) + 1),
      name: 'a large load',
      status: 413,
    },
    { url: '/models', type: 'x', body: '{}', name: 'a load of no type', status: 415 },
    { url: '/models', name: 'a list', status: 200 },
    { url: '/models?limit=1&next_page_token=1', name: 'a page', status: 200 },
    { url: '/models/model', name: 'a model', status: 200 },
    { url: '/models/other', name: 'no model', status: 404 },
    { url: '/models/model/explain/global', name: 'a global explanation', status: 200 },
    { url: '/models/other/explain/global', name: 'one of no model', status: 404 },
    {
      url: '/models/model/explain/global',
      name: 'one with too many headers',
      status: 431,
      headers: tooMany,
    },
    { url: '/models/other', method: 'DELETE', name: 'an unload of no model', status: 404 },
    ...['/models/other/invoke', '/models/other/explain'].map((url) => ({
      url,
      type: JSON_TYPE,
      body: '{}',
      name: 'no model',
      status: 404,
    })),
    ...['/models/model/invoke', '/models/model/explain'].flatMap((url) => [
      ...rowCases(url),
      ...accepts(url),
    ]),
    ...explainCases('/models/model/explain'),
    ...invokeCases('/models/model/invoke'),
    { url: '/models/model', method: 'DELETE', name: 'an unload', status: 200 },
  ])
})

/** Sends what the document itself gives as an example, and wants 200 of every route. */
async function checkExamples(
  t: Test,
  app: FastifyInstance,
  skip: readonly string[] = [],
): Promise<void> {
  const document = await readDocument(app)
  for (const [path, methods] of Object.entries(document.paths)) {
    const url = path.replace('{name}', 'model').replace('{version}', modelId)
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`
      if (method === 'head' || skip.includes(name)) continue
      // Which columns the models of such an endpoint have is not known beforehand.
      if (/\/models\/\{name\}\/(invoke|explain)$/.test(path)) continue
      await t.test(name, async (t) => {
        if (method !== 'post') {
          const answer = await app.inject({ method: method.toUpperCase() as Method, url })
          t.equal(answer.statusCode, 200)
          return checkAnswer(t, document, method, url, answer)
        }
        const contents = Object.entries(operation.requestBody?.content ?? {})
        const examples = contents.filter(([, { example }]) => example !== undefined)
        t.not(examples.length, 0, 'there is an example')
        for (const [type, { example, schema }] of examples) {
          const body = typeof example === 'string' ? example : JSON.stringify(example)
          const answer = await post(app, url, type, body)
          t.equal(answer.statusCode, 200, `the example of ${type}`)
          checkAnswer(t, document, method, url, answer)
          if (schema) t.equal(errorsOf(schema, example), '', 'fits its own schema')
        }
      })
    }
  }
}

t.test('every route of a model answers 200 to its example', async (t) => {
  await checkExamples(t, await buildTestApp(t))
})

t.test('every route of a multi-model endpoint answers 200 to its example', async (t) => {
  const { app, load } = await buildLoaded(t)
  t.equal((await load()).statusCode, 200)
  // A load names a directory of its machine, and an unload ends the others: both are above.
  await checkExamples(t, app, ['POST /models', 'DELETE /models/{name}'])
  const document = await readDocument(app)
  const { requestBody } = findOperation(document, 'POST', '/models') ?? {}
  const { example, schema } = requestBody?.content[JSON_TYPE] ?? {}
  t.match(example, { model_name: String, url: String }, 'a load has an example')
  if (schema) t.equal(errorsOf(schema, example), '')
})

t.test('every form that is read is a request of the document', async (t) => {
  const document = await readDocument(await buildTestApp(t))
  for (const url of ['/invocations', '/explain', '/v1/models/model:predict']) {
    const { requestBody } = findOperation(document, 'POST', url) ?? {}
    const { schema = {} } = requestBody?.content[JSON_TYPE] ?? {}
    for (const [name, value] of jsonForms) t.equal(errorsOf(schema, value), '', `${name} at ${url}`)
  }
})

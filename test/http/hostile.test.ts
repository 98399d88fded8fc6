/** Whatever is sent to whatever route: never a defect, always a whole answer, and a service that goes on. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { type InputErrorCode, inputErrorCodes } from '../../src/errors.ts'
import { statusOfCode } from '../../src/http/errors.ts'
import { runs } from '../effort.ts'
import {
  type Body,
  buildMultiModelApp,
  buildTestApp,
  checkpoint,
  mutants,
  passenger,
  post,
} from '../helper.ts'

const JSON_TYPE = 'application/json'
const single = await buildTestApp(t)
const root = join(t.testdir({ models: {} }), 'models')
await cp(checkpoint, join(root, 'm'), { recursive: true })
const multi = buildMultiModelApp(t, { root, memoryBudget: 200_000 })
const load = JSON.stringify({ model_name: 'm', url: join(root, 'm') })
await post(multi, '/models', JSON_TYPE, load)

const columns = Object.keys(passenger.object)
const rows = [passenger.list, [1, 'Cumings, Mrs. John', 'female', 38, 1, 0]]
const rowBodies: [type: string, body: string][] = [
  ['text/csv', passenger.csv],
  ['text/csv', `${passenger.header}\n${passenger.csv}\n`],
  [JSON_TYPE, JSON.stringify(passenger.object)],
  [JSON_TYPE, JSON.stringify(rows)],
  [JSON_TYPE, JSON.stringify({ instances: rows, parameters: { output: 'all', top: 2 } })],
  [JSON_TYPE, JSON.stringify({ instances: [{ features: rows[0] }] })],
  [JSON_TYPE, JSON.stringify({ dataframe_split: { columns, data: rows }, params: {} })],
  [JSON_TYPE, JSON.stringify({ inputs: { Age: [1], Sex: ['male'] } })],
  ['application/jsonlines', `${JSON.stringify(passenger.object)}\n`],
]
const inferBody = JSON.stringify({
  id: '1',
  inputs: columns.map((name, j) => ({
    name,
    shape: [2, 1],
    datatype: 'BYTES',
    data: rows.map((row) => row[j]),
  })),
  outputs: [{ name: 'predict' }, { name: 'predict_proba' }, { name: 'explain' }],
})

const routes = [
  { app: single, url: '/invocations', bodies: rowBodies },
  { app: single, url: '/explain', bodies: rowBodies },
  { app: single, url: '/v1/models/model:predict', bodies: rowBodies },
  { app: single, url: '/v1/models/model:explain', bodies: rowBodies },
  { app: single, url: '/v2/models/model/infer', bodies: [[JSON_TYPE, inferBody]] },
  { app: multi, url: '/models', bodies: [[JSON_TYPE, load]] },
  { app: multi, url: '/models/m/invoke', bodies: rowBodies },
  { app: multi, url: '/models/m/explain', bodies: rowBodies },
] as const

/** Codes of a 5xx that a request may earn. */
const earned: readonly string[] = ['insufficient_storage', 'overloaded', 'timeout']

/** Throws unless an answer is whole: data, or a problem that is no defect. */
function checkWhole({ statusCode, body, headers }: LightMyRequestResponse): void {
  if (statusCode === 200) {
    if (headers['content-type'] === JSON_TYPE) JSON.parse(body)
    return
  }
  const { code, status } = JSON.parse(body) as { code: InputErrorCode; status: number }
  if (headers['content-type'] !== 'application/problem+json') throw new Error('no problem')
  if (status !== statusCode || !Object.hasOwn(inputErrorCodes, code)) throw new Error(body)
  if (statusOfCode(code) !== status) throw new Error(`${code} is not ${status}`)
  if (statusCode >= 500 && !earned.includes(code)) throw new Error(body)
}

async function checkAlive(t: Test): Promise<void> {
  for (const app of [single, multi]) {
    t.equal((await app.inject({ url: '/ping' })).statusCode, 200, 'still there')
  }
  const answer = await post(multi, '/models/m/invoke', 'text/csv', passenger.csv)
  t.equal(answer.statusCode, 200, 'still answering')
}

/** Runs a property over every route and counts the statuses. */
async function checkRoutes(
  t: Test,
  seed: number,
  arbitrary: (
    bodies: readonly (readonly [string, string])[],
  ) => fc.Arbitrary<[type: string, body: Body, headers: Record<string, string>]>,
): Promise<void> {
  for (const { app, url, bodies } of routes) {
    await t.test(url, async (t) => {
      const statuses = new Set<number>()
      await fc.assert(
        fc.asyncProperty(arbitrary(bodies), async ([type, body, headers]) => {
          const answer = await post(app, url, type, body, headers)
          statuses.add(answer.statusCode)
          checkWhole(answer)
        }),
        { seed, numRuns: runs(75) },
      )
      t.ok(statuses.size > 0, [...statuses].sort().join(', '))
      await checkAlive(t)
    })
  }
}

/** Keys that some decoder looks at, so that random values reach it. */
const keys = [
  ...['instances', 'parameters', 'params', 'inputs', 'outputs', 'id', 'name', 'shape', 'datatype'],
  ...['data', 'features', 'values', 'keys', 'dataframe_split', 'dataframe_records', 'columns'],
  ...['model_name', 'url', 'output', 'top', 'binary_data_size', ...columns],
  ...['__proto__', 'constructor', 'toString', 'length', ''],
]
const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1, 2, 6, 1e308, 2 ** 53, '', 'male', 'predict', 'FP64', 'all'),
  fc.constantFrom(root, `${root}/m`, `${root}/../x`, '/', '..', '\0'),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const { value: known } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}))

t.test('random JSON is answered or refused', async (t) => {
  const text = fc.oneof(
    fc.json(),
    known.map((value) => JSON.stringify(value)),
  )
  await checkRoutes(t, 11, () => text.map((body) => [JSON_TYPE, body, {}]))
})

t.test('JSON of the right members and random values is answered or refused', async (t) => {
  await checkRoutes(t, 12, (bodies) => {
    const seeds = bodies.filter(([type]) => type === JSON_TYPE).map(([, body]) => body)
    return fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(30), known), { minLength: 1, maxLength: 3 }),
      )
      .map(([seed, changes]) => {
        let body = JSON.parse(seed) as unknown
        for (const [at, value] of changes) body = replaceAt(body, at, value)
        return [JSON_TYPE, JSON.stringify(body), {}]
      })
  })
})

/** Returns a value whose n-th inner value, counted in the order of its text, is another one. */
function replaceAt(value: unknown, n: number, replacement: unknown): unknown {
  let left = n
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) => (left-- === 0 ? replacement : inner)) ?? 'null',
  )
}

t.test('bodies cut short or with odd bytes are answered or refused', async (t) => {
  await checkRoutes(t, 13, (bodies) =>
    fc
      .constantFrom(...bodies)
      .chain(([type, body]) => mutants([body]).map((mutant) => [type, mutant, {}])),
  )
})

t.test('truncation at every byte is refused or answered', async (t) => {
  for (const { app, url, bodies } of routes) {
    const [, body] = bodies.at(-1) ?? ['', '']
    const type = bodies.at(-1)?.[0]
    for (let end = 0; end < body.length; end += 3) {
      checkWhole(await post(app, url, type, body.slice(0, end)))
    }
  }
  await checkAlive(t)
})

/** Header values as Node lets them pass: visible ASCII, spaces, tabs, Latin-1. */
const value = fc.oneof(
  fc
    .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
      maxLength: 80,
    })
    .map((codes) => String.fromCharCode(...codes)),
  fc
    .array(
      fc.constantFrom(
        ...[
          'application/json',
          'text/csv',
          'image/svg+xml',
          '*/*',
          'q=0',
          'q=1.5',
          'header=absent',
        ],
        ...['charset=utf-8', 'gzip', 'identity', 'explain=shap', 'top=1', 'output=all', 'format='],
        ...['score', '`true`', '[0]', '>`0.5`', '&&', 'keys(@)', '@', '|', '%0a', '1e9', '-1'],
        ...[',', ';', '=', ' ', '"', '\t', '(', ']', '/'],
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
  fc.nat(3000).map((length) => 'x'.repeat(length)),
)
const headerNames = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'content-type',
  'cookie',
  'expect',
  'inference-header-content-length',
  'origin',
  'user-agent',
  'x-amzn-sagemaker-custom-attributes',
  'x-amzn-sagemaker-enable-explanations',
  'x-amzn-sagemaker-inference-id',
  'x-amzn-sagemaker-target-model',
  'x-forwarded-for',
  'x-request-id',
]

t.test('random headers are read, ignored or refused', async (t) => {
  const headers = fc
    .array(fc.tuple(fc.constantFrom(...headerNames), value), { minLength: 1, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries))
  await checkRoutes(t, 14, (bodies) =>
    fc
      .tuple(fc.constantFrom(...bodies), headers)
      .map(([[type, body], headers]) => [type, body, headers]),
  )
})

t.test('random queries and names are answered or refused', async (t) => {
  const part = fc.oneof(
    fc.constantFrom('output', 'top', 'all', '1', 'format', 'clarify', '=', '&', '__proto__', '%'),
    fc.string({ maxLength: 5 }).map(encodeURIComponent),
  )
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...routes),
      text,
      text,
      async ({ app, url, bodies }, query, name) => {
        const [type, body] = bodies[0]
        checkWhole(await post(app, `${url}?${query}`, type, body))
        const named = url.replace(/(?<=models\/)[^/:]+/, name)
        checkWhole(await post(app, named, type, body))
      },
    ),
    { seed: 15, numRuns: runs(150) },
  )
  await checkAlive(t)
})

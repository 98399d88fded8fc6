/** SageMaker's multi-model endpoints: models loaded, listed, asked and unloaded by name. */
import { cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createThreadLoader } from '../../src/answering/loader.ts'
import { createModelMemory } from '../../src/answering/model-memory.ts'
import { createJobPool } from '../../src/answering/pool.ts'
import { memoryLimit } from '../../src/tables/memory-limit.ts'
import {
  type Body,
  buildMultiModelApp,
  buildTestApp,
  checkProblem,
  checkpoint,
  loadCheckpoint,
  passenger,
  post,
} from '../helper.ts'

const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const { artifact, files } = await loadCheckpoint()
/** Bytes of the model that ships, as the budget counts them. */
const modelBytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)

/** Returns a directory with copies of the model that ships, one per name. */
async function buildRoot(t: Test, ...names: readonly string[]): Promise<string> {
  const root = join(t.testdir({ models: {} }), 'models')
  await Promise.all(names.map((name) => cp(checkpoint, join(root, name), { recursive: true })))
  return root
}

function load(app: FastifyInstance, name: unknown, url: unknown): Promise<LightMyRequestResponse> {
  return post(app, '/models', JSON_TYPE, JSON.stringify({ model_name: name, url }))
}

const pathOf = (name: string) => `/models/${encodeURIComponent(name)}`

t.test('an endpoint begins ready and without a model', async (t) => {
  const app = buildMultiModelApp(t, { root: await buildRoot(t) })
  t.equal((await app.inject({ url: '/ping' })).statusCode, 200)
  t.match((await app.inject({ url: '/execution-parameters' })).json(), {
    BatchStrategy: 'MULTI_RECORD',
  })
  t.strictSame((await app.inject({ url: '/models' })).json(), { models: [] })
  for (const url of ['/invocations', '/explain', '/v1/models/m:predict']) {
    checkProblem(t, await post(app, url, CSV_TYPE, passenger.csv), 404, 'not_found', /"\/models"/)
  }
})

t.test('a model is loaded, described, asked and unloaded', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  const url = join(root, 'm')
  const loaded = await load(app, 'm', url)
  t.equal(loaded.statusCode, 200)
  t.equal(loaded.headers['content-type'], JSON_TYPE)
  t.strictSame((await app.inject({ url: '/models' })).json(), {
    models: [{ modelName: 'm', modelUrl: url }],
  })
  const described = await app.inject({ url: '/models/m' })
  t.equal(described.statusCode, 200)
  t.match(described.json(), { modelName: 'm', modelUrl: url, modelId: artifact.modelId })

  const single = await buildTestApp(t)
  for (const accept of [JSON_TYPE, CSV_TYPE, 'application/jsonlines', '*/*']) {
    for (const [path, like] of [
      ['/models/m/invoke', '/invocations'],
      ['/models/m/explain', '/explain'],
      ['/models/m/explain?output=all', '/explain?output=all'],
      ['/models/m/explain?format=clarify', '/explain?format=clarify'],
    ] as const) {
      const answer = await post(app, path, CSV_TYPE, passenger.csv, { accept })
      const expected = await post(single, like, CSV_TYPE, passenger.csv, { accept })
      t.equal(answer.statusCode, 200, `${path} ${accept}`)
      t.equal(answer.body, expected.body)
      t.equal(answer.headers['content-type'], expected.headers['content-type'])
    }
  }

  const unloaded = await app.inject({ method: 'DELETE', url: '/models/m' })
  t.equal(unloaded.statusCode, 200)
  t.equal(unloaded.headers['content-type'], JSON_TYPE)
  t.strictSame((await app.inject({ url: '/models' })).json(), { models: [] })
  const again = await app.inject({ method: 'DELETE', url: '/models/m' })
  checkProblem(t, again, 404, 'unknown_model')
  const gone = await post(app, '/models/m/invoke', CSV_TYPE, passenger.csv)
  checkProblem(t, gone, 404, 'unknown_model')
  t.equal((await load(app, 'm', url)).statusCode, 200, 'and loaded again')
  const answer = await post(app, '/models/m/invoke', CSV_TYPE, passenger.csv)
  t.equal(answer.statusCode, 200)
})

t.test('models are read, explained and given back with threads as without them', async (t) => {
  const root = await buildRoot(t, 'a', 'b')
  const loader = createThreadLoader()
  const pool = createJobPool(1)
  t.teardown(() => Promise.all([loader.close(), pool.close()]))
  const limits = { maxRows: 3000, maxAnswerBytes: 1 << 20, maxSeconds: 50 }
  const app = buildMultiModelApp(t, { root, loader }, { pool, limits })
  const inline = buildMultiModelApp(t, { root }, { limits })
  // More than the event loop takes, so that a worker has to know the model.
  const rows = `${passenger.csv}\n`.repeat(2500)
  const ask = (to: FastifyInstance, name: string, body: string) =>
    post(to, `/models/${name}/invoke`, CSV_TYPE, body, { accept: CSV_TYPE })
  for (const name of ['a', 'b']) {
    t.equal((await load(app, name, join(root, name))).statusCode, 200)
    t.equal((await load(inline, name, join(root, name))).statusCode, 200)
    for (const body of [passenger.csv, rows]) {
      const answer = await ask(app, name, body)
      t.equal(answer.statusCode, 200)
      t.equal(answer.body, (await ask(inline, name, body)).body)
    }
  }
  const running = ask(app, 'a', rows)
  const deleted = app.inject({ method: 'DELETE', url: '/models/a' })
  t.equal((await deleted).statusCode, 200)
  t.ok([200, 404].includes((await running).statusCode), 'a request under way ends well')
  t.equal((await ask(app, 'b', rows)).statusCode, 200, 'another model has workers again')
})

t.test('the headers of SageMaker mean what they do at /invocations', async (t) => {
  const root = await buildRoot(t, 'm')
  const lines: string[] = []
  const logger = pino({}, { write: (line) => void lines.push(line) })
  const app = buildMultiModelApp(t, { root }, { logger })
  await load(app, 'm', join(root, 'm'))
  lines.length = 0
  const attributes = 'x-amzn-sagemaker-custom-attributes'
  const explained = await post(app, '/models/m/invoke', CSV_TYPE, passenger.csv, {
    [attributes]: 'explain=shap;trace=1',
    'x-amzn-sagemaker-target-model': 'some/where.tar.gz',
    'x-amzn-sagemaker-inference-id': 'order-1',
  })
  t.equal(explained.statusCode, 200)
  t.equal(explained.headers[attributes], 'explain=shap;trace=1')
  const expected = await post(app, '/models/m/explain', CSV_TYPE, passenger.csv)
  t.equal(explained.body, expected.body)
  t.match(JSON.parse(lines[0] ?? ''), { inference_id: 'order-1', path: '/models/m/invoke' })
  const clarify = await post(app, '/models/m/invoke', CSV_TYPE, passenger.csv, {
    'x-amzn-sagemaker-enable-explanations': '`true`',
  })
  t.equal(clarify.json().version, '1.0')
})

t.test('a model that is not loaded is unknown, whatever is asked of it', async (t) => {
  const app = buildMultiModelApp(t, { root: await buildRoot(t) })
  for (const name of ['m', '__proto__', 'constructor', 'n'.repeat(500)]) {
    for (const [method, suffix] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/invoke'],
      ['POST', '/explain'],
    ] as const) {
      const answer = await app.inject({ method, url: `${pathOf(name)}${suffix}` })
      checkProblem(t, answer, 404, 'unknown_model', new RegExp(`"${name.slice(0, 64)}`))
    }
  }
})

// Names

const names = [
  'b1946ac92492d2347c6235b4d2611184',
  'n'.repeat(500),
  'n'.repeat(1024),
  'a b',
  'a/b',
  'a%2Fb',
  '100%',
  'a:b',
  'model:predict',
  'a?b#c',
  'a+b&c=d',
  '\u00e9\u4e2d\u{1f600}',
  '\u00e9'.repeat(1024),
  '__proto__',
  'constructor',
  'invoke',
  '*',
  '...',
  'a"\\b',
  '\n',
]
for (const name of names) {
  const shown = JSON.stringify(name.slice(0, 20))
  t.test(`a model may be called ${shown} (${name.length} characters)`, async (t) => {
    const root = await buildRoot(t, 'm')
    const app = buildMultiModelApp(t, { root })
    t.equal((await load(app, name, join(root, 'm'))).statusCode, 200)
    checkProblem(t, await load(app, name, join(root, 'm')), 409, 'conflict')
    t.strictSame(
      (await app.inject({ url: '/models' }))
        .json()
        .models.map(({ modelName }: { modelName: string }) => modelName),
      [name],
    )
    const path = pathOf(name)
    t.equal((await app.inject({ url: path })).json().modelName, name)
    const answer = await post(app, `${path}/invoke`, CSV_TYPE, passenger.csv)
    t.equal(answer.statusCode, 200, 'invoke')
    const explained = await post(app, `${path}/explain`, CSV_TYPE, passenger.csv)
    t.equal(explained.statusCode, 200, 'explain')
    const wrong = await app.inject({ url: `${path}/invoke` })
    checkProblem(t, wrong, 405, 'method_not_allowed')
    t.equal((await app.inject({ method: 'DELETE', url: path })).statusCode, 200, 'unload')
    t.strictSame((await app.inject({ url: '/models' })).json(), { models: [] })
  })
}

t.test('an encoded name and the name itself are one', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  t.equal((await load(app, 'model', join(root, 'm'))).statusCode, 200)
  for (const path of ['/models/model', '/models/m%6fdel', '/models/%6D%6F%64%65%6C']) {
    t.equal((await app.inject({ url: path })).json().modelName, 'model', path)
  }
  for (const path of ['/models/%zz', '/models/%ff', '/models/m%']) {
    checkProblem(t, await app.inject({ url: path }), 400, 'invalid_request')
  }
  for (const path of ['/models/', '/models/model/', '/models/model/invoke/x', '/models//invoke']) {
    t.equal((await post(app, path, CSV_TYPE, passenger.csv)).statusCode, 404, path)
  }
})

const methods: [method: string, url: string, allow: string[]][] = [
  ['PUT', '/models', ['GET', 'HEAD', 'POST']],
  ['DELETE', '/models', ['GET', 'HEAD', 'POST']],
  ['PUT', '/models/m', ['DELETE', 'GET', 'HEAD']],
  ['POST', '/models/m', ['DELETE', 'GET', 'HEAD']],
  ['GET', '/models/m/invoke', ['POST']],
  ['GET', '/models/a:b/invoke', ['POST']],
  ['DELETE', '/models/m/explain', ['POST']],
  ['POST', '/execution-parameters', ['GET', 'HEAD']],
]
for (const [method, url, allow] of methods) {
  t.test(`${method} ${url} is a wrong method`, async (t) => {
    const app = buildMultiModelApp(t, { root: await buildRoot(t) })
    const answer = await app.inject({ method: method as 'GET', url })
    checkProblem(t, answer, 405, 'method_not_allowed')
    t.strictSame(String(answer.headers['allow']).split(', ').sort(), allow)
  })
}

// Loading

const bodies: [
  name: string,
  body: string,
  code: 'empty_body' | 'invalid_json' | 'invalid_option',
][] = [
  ['nothing', '', 'empty_body'],
  ['what is no JSON', 'model_name=m', 'invalid_json'],
  ['null', 'null', 'invalid_option'],
  ['a list', '[]', 'invalid_option'],
  ['a text', '"m"', 'invalid_option'],
  ['a number', '1', 'invalid_option'],
  ['no name', '{"url":"/x"}', 'invalid_option'],
  ['an empty name', '{"model_name":"","url":"/x"}', 'invalid_option'],
  ['a number as a name', '{"model_name":1,"url":"/x"}', 'invalid_option'],
  ['a name of 1025', `{"model_name":"${'n'.repeat(1025)}","url":"/x"}`, 'invalid_option'],
  ['no url', '{"model_name":"m"}', 'invalid_option'],
  ['an empty url', '{"model_name":"m","url":""}', 'invalid_option'],
  ['a url that is no text', '{"model_name":"m","url":["/x"]}', 'invalid_option'],
]
for (const [name, body, code] of bodies) {
  t.test(`${name} loads no model`, async (t) => {
    const app = buildMultiModelApp(t, { root: await buildRoot(t) })
    checkProblem(t, await post(app, '/models', JSON_TYPE, body), 400, code)
  })
}

t.test("members of other servers' load are ignored", async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  const body = { model_name: 'm', url: join(root, 'm'), runtime: 'x', initial_workers: 1 }
  t.equal((await post(app, '/models', JSON_TYPE, JSON.stringify(body))).statusCode, 200)
})

t.test('a body that is packed is not read as one that is not', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  const body = JSON.stringify({ model_name: 'm', url: join(root, 'm') })
  const ask = (encoding: string, sent: Body) =>
    post(app, '/models', JSON_TYPE, sent, { 'content-encoding': encoding })
  checkProblem(t, await ask('br', body), 415, 'unsupported_encoding')
  checkProblem(t, await ask('gzip', body), 400, 'invalid_gzip')
  t.equal((await ask('gzip', gzipSync(body))).statusCode, 200)
})

const outside: [name: string, url: (root: string) => string][] = [
  ['the root itself', (root) => root],
  ['the root with a separator', (root) => `${root}/`],
  ['the directory above', (root) => `${root}/..`],
  ['a sibling by ..', (root) => `${root}/../outside`],
  ['a sibling by way of a model', (root) => `${root}/m/../../outside`],
  ['a sibling by name', (root) => join(dirname(root), 'outside')],
  ['a sibling that begins as the root does', (root) => `${root}-more`],
  ['a path relative to the process', () => 'model_checkpoint'],
  ['a relative path of two points', () => '../outside'],
  ['an absolute path', () => checkpoint],
  ['a directory of the system', () => '/etc'],
  ['the root of the machine', () => '/'],
  ['a file URL', (root) => `file://${root}/m`],
  ['an object store', () => 's3://bucket/model.tar.gz'],
  ['a path with NUL', (root) => `${root}/m\0`],
  ['two points and NUL', (root) => `${root}/\0/../../outside`],
]
for (const [name, urlOf] of outside) {
  t.test(`${name} does not lie below the root`, async (t) => {
    const root = await buildRoot(t, 'm')
    for (const sibling of ['outside', 'models-more']) {
      await cp(checkpoint, join(dirname(root), sibling), { recursive: true })
    }
    const app = buildMultiModelApp(t, { root })
    checkProblem(t, await load(app, 'm', urlOf(root)), 400, 'invalid_option', /does not lie below/)
    t.strictSame((await app.inject({ url: '/models' })).json(), { models: [] })
  })
}

t.test('a path that stays below the root is read, however it is written', async (t) => {
  const root = await buildRoot(t, 'm', '..m')
  await mkdir(join(root, 'deep'))
  await cp(checkpoint, join(root, 'deep', 'model'), { recursive: true })
  const app = buildMultiModelApp(t, { root })
  for (const [i, url] of [
    join(root, 'm'),
    `${root}/m/`,
    `${root}//m/.`,
    `${root}/deep/../m`,
    `${root}/deep/model`,
    `${root}/..m`,
    relative(process.cwd(), join(root, 'm')),
  ].entries()) {
    t.equal((await load(app, `m${i}`, url)).statusCode, 200, url)
  }
})

t.test('a link below the root does not lead out of it', async (t) => {
  const root = await buildRoot(t, 'm')
  const away = join(dirname(root), 'outside')
  await cp(checkpoint, away, { recursive: true })
  await symlink(away, join(root, 'link'))
  await symlink(dirname(root), join(root, 'up'))
  const app = buildMultiModelApp(t, { root })
  for (const url of [join(root, 'link'), join(root, 'up', 'outside')]) {
    checkProblem(t, await load(app, basename(url), url), 400, 'invalid_option')
  }
})

t.test('the root may itself be a link', async (t) => {
  const root = await buildRoot(t, 'm')
  const link = join(dirname(root), 'link')
  await symlink(root, link)
  const app = buildMultiModelApp(t, { root: link })
  t.equal((await load(app, 'm', join(link, 'm'))).statusCode, 200)
})

t.test('the root may be that of the machine, and written with a separator', async (t) => {
  const root = await buildRoot(t, 'm')
  for (const written of ['/', `${root}/`]) {
    const app = buildMultiModelApp(t, { root: written })
    t.equal((await load(app, 'm', join(root, 'm'))).statusCode, 200, written)
  }
})

const broken: [name: string, damage: (path: string) => Promise<unknown>, detail: RegExp][] = [
  ['a directory that is not there', (path) => rename(path, `${path}-gone`), /no model directory/],
  [
    'an empty directory',
    async (path) => {
      await rename(path, `${path}-gone`)
      await mkdir(path)
    },
    /is empty/,
  ],
  [
    'a file',
    async (path) => {
      await rename(path, `${path}-gone`)
      await writeFile(path, 'x')
    },
    /is not a directory/,
  ],
  [
    'a foreign model',
    async (path) => {
      await rename(path, `${path}-gone`)
      await mkdir(path)
      await writeFile(join(path, 'model.pkl'), 'x')
    },
    /"model.pkl", a foreign artifact/,
  ],
  ['a manifest that is no JSON', (path) => writeFile(join(path, 'manifest.json'), '{'), /manifest/],
  [
    'a file with one bit flipped',
    async (path) => {
      const bytes = await readFile(join(path, 'model.safetensors'))
      bytes[5000] = (bytes[5000] ?? 0) ^ 1
      await writeFile(join(path, 'model.safetensors'), bytes)
    },
    /model\.safetensors differs from the manifest's checksum/,
  ],
  [
    'a file cut short',
    (path) => writeFile(join(path, 'model.safetensors'), 'x'),
    /model\.safetensors has 1 bytes, the manifest says \d+/,
  ],
  [
    'a file that is a link',
    async (path) => {
      await rename(join(path, 'model.safetensors'), join(path, '..', 'away'))
      await symlink('../away', join(path, 'model.safetensors'))
    },
    /model\.safetensors" is a symbolic link/,
  ],
]
for (const [name, damage, detail] of broken) {
  t.test(`${name} is refused with the reason, and the name stays free`, async (t) => {
    const root = await buildRoot(t, 'm', 'fine')
    const app = buildMultiModelApp(t, { root })
    await damage(join(root, 'm'))
    checkProblem(t, await load(app, 'm', join(root, 'm')), 400, 'invalid_option', detail)
    t.equal((await app.inject({ url: '/models/m' })).statusCode, 404)
    t.equal((await load(app, 'm', join(root, 'fine'))).statusCode, 200)
  })
}

t.test('a path that is too long for the machine is refused', async (t) => {
  const root = await buildRoot(t)
  const app = buildMultiModelApp(t, { root })
  for (const url of [join(root, 'x'.repeat(300)), join(root, 'x/'.repeat(5000))]) {
    checkProblem(t, await load(app, 'm', url), 400, 'invalid_option', /cannot be loaded/)
  }
})

t.test('of loads of one name at once, one is done and the others conflict', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  const answers = await Promise.all([1, 2, 3, 4].map(() => load(app, 'm', join(root, 'm'))))
  const codes = answers.map(({ statusCode }) => statusCode).sort()
  t.strictSame(codes, [200, 409, 409, 409])
  for (const answer of answers.filter(({ statusCode }) => statusCode !== 200)) {
    checkProblem(t, answer, 409, 'conflict', /"m" is loaded already/)
  }
  const names = await Promise.all(['a', 'b'].map((name) => load(app, name, join(root, 'm'))))
  t.strictSame(
    names.map(({ statusCode }) => statusCode),
    [200, 200],
    'other names are not',
  )
})

t.test('a name that is loaded conflicts before its url is looked at', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root })
  await load(app, 'm', join(root, 'm'))
  checkProblem(t, await load(app, 'm', join(root, 'nothing')), 409, 'conflict')
})

// Memory

t.test('a model over the memory set aside is refused until another is unloaded', async (t) => {
  const root = await buildRoot(t, 'm')
  const url = join(root, 'm')
  const app = buildMultiModelApp(t, { root, memoryBudget: 2 * modelBytes })
  t.equal((await load(app, 'a', url)).statusCode, 200)
  t.equal((await load(app, 'b', url)).statusCode, 200, 'exactly what is set aside')
  for (let i = 0; i < 3; i++) {
    const full = await load(app, 'c', url)
    checkProblem(
      t,
      full,
      507,
      'insufficient_storage',
      new RegExp(`${modelBytes} bytes, 0 are left`),
    )
  }
  t.equal((await app.inject({ url: '/models/c' })).statusCode, 404)
  t.equal((await app.inject({ method: 'DELETE', url: '/models/a' })).statusCode, 200)
  t.equal((await load(app, 'c', url)).statusCode, 200)
  for (const name of ['b', 'c']) {
    const answer = await post(app, `/models/${name}/invoke`, CSV_TYPE, passenger.csv)
    t.equal(answer.statusCode, 200, name)
  }
})

t.test('loads at once do not exceed the memory set aside', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root, memoryBudget: 2 * modelBytes })
  const names = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(names.map((name) => load(app, name, join(root, 'm'))))
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 200, 507, 507])
  t.equal((await app.inject({ url: '/models' })).json().models.length, 2)
})

t.test('a model larger than all memory set aside never fits', async (t) => {
  const root = await buildRoot(t, 'm')
  for (const memoryBudget of [0, modelBytes - 1]) {
    const app = buildMultiModelApp(t, { root, memoryBudget })
    checkProblem(t, await load(app, 'm', join(root, 'm')), 507, 'insufficient_storage')
  }
})

// Many models

t.test('a model that does not fit into the memory of the container is refused', async (t) => {
  const names = Array.from({ length: 12 }, (_, i) => `m${i}`)
  const root = await buildRoot(t, ...names)
  const base = dirname(root)
  await writeFile(join(base, 'membership'), '0::/\n')
  await writeFile(join(base, 'memory.max'), `${800 << 20}\n`)
  const limit = memoryLimit({ membership: join(base, 'membership'), root: base })
  t.equal(limit, 800 << 20)
  // As if every model had 41 MB, of which twice as much is used once it is loaded.
  const scale = (41 << 20) / modelBytes
  let held = 0
  let collected = 0
  const memory = createModelMemory({
    limit,
    kept: 60 << 20,
    used: () => (60 << 20) + held * 2 * (41 << 20),
    collect: async () => void collected++,
  })
  const app = buildMultiModelApp(t, {
    root,
    memoryBudget: Number.POSITIVE_INFINITY,
    memory: { ...memory, admit: (bytes, coming) => memory.admit(bytes * scale, coming * scale) },
  })
  let answer = await load(app, 'm0', join(root, 'm0'))
  for (; answer.statusCode === 200; answer = await load(app, `m${held}`, join(root, `m${held}`)))
    held++
  t.equal(held, 5, 'models before the first refusal')
  checkProblem(
    t,
    answer,
    507,
    'insufficient_storage',
    /takes about 270 MB of memory, 199 MB of 838 MB are left/,
  )
  t.ok(collected > 0, 'room was made first')
  t.equal((await post(app, '/models/m4/invoke', CSV_TYPE, passenger.csv)).statusCode, 200)
  t.equal((await app.inject({ method: 'DELETE', url: '/models/m0' })).statusCode, 200)
  held--
  t.equal((await load(app, 'm7', join(root, 'm7'))).statusCode, 200, 'after another is unloaded')
})

t.test('200 models are loaded and listed in pages', async (t) => {
  const root = await buildRoot(t, 'm')
  const app = buildMultiModelApp(t, { root, memoryBudget: 200 * modelBytes })
  const all = Array.from({ length: 200 }, (_, i) => `model-${String(i).padStart(3, '0')}`)
  // Backwards, so that the order of the list is its own.
  const statuses = new Set<number>()
  for (const name of all.toReversed()) {
    statuses.add((await load(app, name, join(root, 'm'))).statusCode)
  }
  t.strictSame([...statuses], [200])
  const page = async (query: string) => {
    const answer = await app.inject({ url: `/models${query}` })
    t.equal(answer.statusCode, 200, query)
    const { models, nextPageToken } = answer.json() as {
      models: { modelName: string; modelUrl: string }[]
      nextPageToken?: string
    }
    t.ok(models.every(({ modelUrl }) => modelUrl === join(root, 'm')))
    return { names: models.map(({ modelName }) => modelName), nextPageToken }
  }
  const walk = async (limit: string) => {
    const names: string[] = []
    let token: string | undefined
    let pages = 0
    do {
      const found = await page(`?${limit}${token === undefined ? '' : `&next_page_token=${token}`}`)
      names.push(...found.names)
      token = found.nextPageToken
      pages++
    } while (token !== undefined && pages < 300)
    return { names, pages }
  }
  for (const [limit, pages] of [
    ['', 2],
    ['limit=100', 2],
    ['limit=67', 3],
    ['limit=50', 4],
  ] as const) {
    t.strictSame(await walk(limit), { names: all, pages }, `${limit}: sorted, no empty last page`)
  }
  t.type((await page('')).nextPageToken, 'string')
  for (const limit of ['0', '-1', '101', '1e9', '1.5', 'x', '', '100&limit=3', 'NaN']) {
    t.strictSame((await page(`?limit=${limit}`)).names, all.slice(0, 100), `limit=${limit}`)
  }
  for (const token of ['x', '-1', '1.5', '', '1e99']) {
    t.strictSame(
      (await page(`?limit=2&next_page_token=${token}`)).names,
      all.slice(0, 2),
      `next_page_token=${token}`,
    )
  }
  t.strictSame(await page('?next_page_token=200'), { names: [], nextPageToken: undefined })
  t.strictSame(await page('?next_page_token=199'), {
    names: all.slice(199),
    nextPageToken: undefined,
  })
  checkProblem(t, await load(app, 'one-more', join(root, 'm')), 507, 'insufficient_storage')
  const last = await post(app, '/models/model-199/invoke', CSV_TYPE, passenger.csv)
  t.equal(last.statusCode, 200)
})

t.test('an endpoint that stops says so', async (t) => {
  const root = await buildRoot(t, 'm')
  let draining = false
  const app = buildMultiModelApp(t, { root }, { isDraining: () => draining })
  await load(app, 'm', join(root, 'm'))
  draining = true
  checkProblem(t, await app.inject({ url: '/ping' }), 503, 'shutting_down')
  const last = await post(app, '/models/m/invoke', CSV_TYPE, passenger.csv)
  t.equal(last.statusCode, 200, 'what still arrives is answered')
})

/** The runner against a command that does as it is told. */
import { createServer } from 'node:net'
import t from 'tap'
import { runCases } from './runner.ts'

/** Trains nothing, serves what a test asks for. */
const fake = `
import { createServer } from 'node:http'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
const [command, ...args] = process.argv.slice(2)
const { env } = process
const option = (name) => args[args.indexOf(name) + 1]
if (command === 'train' && args.includes('--model-dir')) {
  mkdirSync(option('--model-dir'), { recursive: true })
  writeFileSync(option('--model-dir') + '/manifest.json', '{"files":{}}')
} else if (command === 'train') {
  console.log('validation:auc=0.5;')
  console.log('other\\tline')
  mkdirSync(env.SAGEMAKER_BASE_DIR + '/model', { recursive: true })
  writeFileSync(env.SAGEMAKER_BASE_DIR + '/model/weights', 'x')
  mkdirSync(env.SAGEMAKER_BASE_DIR + '/output', { recursive: true })
  writeFileSync(env.SAGEMAKER_BASE_DIR + '/output/failure', ' '.repeat(1020) + 'late reason')
  process.exitCode = Number(env.FAKE_STATUS ?? 0)
} else if (command === 'serve') {
  if (env.FAKE_REFUSES) { console.error('no such model'); process.exit(1) }
  let count = 0
  const routes = {
    '/ping': () => '',
    '/count': () => ++count,
    '/env': () => ({ base: env.SAGEMAKER_BASE_DIR, model: env.SM_MODEL_DIR, port: env.PORT }),
    '/files': () => existsSync(env.SM_MODEL_DIR + '/manifest.json'),
    '/headers': (body, request) => Object.keys(request.headers).sort(),
    '/models': (body) => ({ body, isLocal: !body.includes('"/opt/ml') && existsSync(JSON.parse(body).url) }),
    '/invocations': (body) => body.trim().split('\\n').map(() => 0.5),
    '/v2/slow': () => new Promise((resolve) => setTimeout(resolve, 50, 'late')),
    '/crash': () => { console.log('it hurts'); process.exit(3) },
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    const route = routes[request.url]
    const answer = route ? JSON.stringify(await route(body, request)) : 'nothing'
    response.writeHead(route ? 200 : 404, { 'content-type': 'application/json' }).end(answer)
  })
  const port = args.includes('--port') ? option('--port') : env.FAKE_PORT ?? env.SAGEMAKER_BIND_TO_PORT
  server.listen(Number(port), '127.0.0.1', () =>
    console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })))
}
`

interface Given {
  readonly id: string
  readonly request: Readonly<Record<string, unknown>>
  readonly expect?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

const get = (path: string) => ({ method: 'GET', path })
const post = (path: string, body: string) => ({ method: 'POST', path, body })
const exec = { method: 'EXEC', path: 'train' }
const json = (path: string, value: unknown) => ({
  body: [{ kind: 'json', path, check: 'equals', value }],
})
/** An object with a member `then` must not be written as one. */
const afterwards = (sentence: string) => Object.fromEntries([['then', sentence]])
const serves = 'serve from /opt/ml/model answers /ping 200 and predicts 3 features'
const loaded = { ...post('/models', '{"url":"/opt/ml/models/m1/model"}') }

const table: [given: Given, reason: RegExp | undefined][] = [
  [{ id: 'first', request: get('/count'), expect: json('$', 1) }, undefined],
  [{ id: 'a server is used again', request: get('/count'), expect: json('$', 2) }, undefined],
  [
    {
      id: 'requests go before',
      before: [{ ...get('/count'), expect_status: [200] }],
      request: get('/count'),
      expect: json('$', 2),
    },
    undefined,
  ],
  [
    { id: 'they go to a server of their own', request: get('/count'), expect: json('$', 3) },
    undefined,
  ],
  [
    {
      id: 'a wrong answer before',
      before: [{ ...get('/nowhere'), expect_status: [200] }],
      request: get('/count'),
    },
    /^before: GET \/nowhere \| got 404/,
  ],
  [
    { id: 'another environment', env: { A: '1' }, request: get('/count'), expect: json('$', 1) },
    undefined,
  ],
  [{ id: 'another model', model: 'bin1', request: get('/count'), expect: json('$', 1) }, undefined],
  [
    {
      id: 'the environment of a container',
      request: get('/env'),
      expect: json('$', { base: '/opt/ml', model: '/opt/ml/model' }),
    },
    undefined,
  ],
  [{ id: 'a model is there', request: get('/files'), expect: json('$', true) }, undefined],
  [
    { id: 'no model is there', model: 'none', request: get('/files'), expect: json('$', false) },
    undefined,
  ],
  [
    {
      id: 'paths are mapped',
      model: 'mme',
      request: loaded,
      expect: json('$', { body: loaded.body, isLocal: true }),
    },
    undefined,
  ],
  [
    {
      id: 'no header is added',
      request: { ...post('/headers', 'x'), headers: { 'X-Own': '1' } },
      expect: json('$', ['connection', 'content-length', 'host', 'x-own']),
    },
    undefined,
  ],
  [
    {
      id: 'a later case is referred to',
      request: post('/invocations', '1\n2'),
      expect: { body: [{ kind: 'predictions_equal', case: 'two rows' }] },
    },
    undefined,
  ],
  [
    {
      id: 'another number of rows',
      request: post('/invocations', '1'),
      expect: { body: [{ kind: 'predictions_equal', case: 'two rows' }] },
    },
    /1 predictions, the other answer has 2/,
  ],
  [{ id: 'two rows', request: post('/invocations', '3\n4') }, undefined],
  [
    {
      id: 'a command is no reference',
      request: post('/invocations', '1'),
      expect: { body: [{ kind: 'predictions_equal', case: 'a command' }] },
    },
    /is a command/,
  ],
  [{ id: 'in time', request: get('/v2/slow'), expect: { max_ms: 10_000 } }, undefined],
  [{ id: 'too late', request: get('/v2/slow'), expect: { max_ms: 40 } }, /took \d+ ms, at most 40/],
  [
    { id: 'a wrong status', request: get('/nowhere') },
    /^status 404, wanted 200 \| got 404 .*nothing/,
  ],
  [
    { id: 'one of two statuses', request: get('/nowhere'), expect: { status: [200, 404] } },
    undefined,
  ],
  [
    {
      id: 'a wrong header',
      request: get('/ping'),
      expect: { headers: [{ name: 'Content-Type', op: 'equals', value: 'text/csv' }] },
    },
    /header Content-Type is "application\/json"/,
  ],
  [{ id: 'a crash', request: get('/crash') }, /the server ended \(status 3\): .*it hurts/s],
  [{ id: 'a server after the crash', request: get('/count'), expect: json('$', 1) }, undefined],
  [
    { id: 'no server', env: { FAKE_REFUSES: '1' }, request: get('/ping') },
    /did not start: no such model/,
  ],
  [
    {
      id: 'the port that is asked for',
      env: { SAGEMAKER_BIND_TO_PORT: '0' },
      request: get('/ping'),
    },
    undefined,
  ],
  [{ id: 'an unknown model', model: 'bin9', request: get('/ping') }, /"bin9" is not known/],
  [
    { id: 'an unknown check', request: get('/ping'), expect: { body: [{ kind: 'nice' }] } },
    /"nice" is not known/,
  ],
  [{ id: 'an unknown member', request: get('/ping'), retries: 3 }, /unknown member "retries"/],
  [
    { id: 'an unknown expectation', request: get('/ping'), expect: { min_ms: 3 } },
    /unknown member "min_ms"/,
  ],
  [
    { id: 'a harness setting', env: { _memory: '1' }, request: get('/ping') },
    /_memory is not known/,
  ],
  [{ id: 'no status', request: get('/ping'), expect: { status: [] } }, /a status is \[\]/],
  [
    { id: 'files of a request', request: get('/ping'), expect: { files_created: ['/opt/ml/x'] } },
    /of commands only/,
  ],
  [
    {
      id: 'a command',
      model: 'none',
      files: { '/opt/ml/input/data/train/a.csv': '(3 rows: label first, 2 features)' },
      request: exec,
      expect: {
        status: [0],
        files_created: ['/opt/ml/model/*'],
        files_absent: ['/opt/ml/output/success'],
        stdout_regex: 'validation:[a-z]+=([0-9.]+)',
        note: 'no TAB characters on metric lines',
      },
    },
    undefined,
  ],
  [{ id: 'a command fails', model: 'none', request: exec, env: { FAKE_STATUS: '4' } }, /status 4/],
  [
    {
      id: 'a file that was there is not created',
      model: 'none',
      files: { '/opt/ml/input/data/train/a.csv': '1,2' },
      request: exec,
      expect: { status: [0], files_created: ['/opt/ml/input/**', '/opt/ml/model/*.json'] },
    },
    /no file \/opt\/ml\/input\/\*\* was created; no file \/opt\/ml\/model\/\*\.json/,
  ],
  [
    {
      id: 'a reason',
      model: 'none',
      request: exec,
      expect: { status: [0], file_regex: { '/opt/ml/output/failure': '^ +late$' } },
    },
    undefined,
  ],
  [
    {
      id: 'a reason that SageMaker does not read',
      model: 'none',
      request: exec,
      expect: { status: [0], file_regex: { '/opt/ml/output/failure': 'reason' } },
    },
    /failure does not match reason/,
  ],
  [
    {
      id: 'no reason',
      model: 'none',
      request: exec,
      expect: { status: [0], file_regex: { '/opt/ml/output/why': 'reason' } },
    },
    /no file \/opt\/ml\/output\/why/,
  ],
  [
    {
      id: 'a line with a TAB',
      model: 'none',
      request: exec,
      expect: { status: [0], stdout_regex: 'other.line', note: 'no TAB' },
    },
    /has a TAB/,
  ],
  [
    {
      id: 'no such line',
      model: 'none',
      request: exec,
      expect: { status: [0], stdout_regex: 'test:auc' },
    },
    /stdout does not match/,
  ],
  [
    {
      id: 'and then it serves',
      model: 'none',
      request: exec,
      expect: { status: [0], ...afterwards(serves) },
    },
    undefined,
  ],
  [
    {
      id: 'and then it does not',
      model: 'none',
      env: { FAKE_REFUSES: '1' },
      request: exec,
      expect: { status: [0], ...afterwards(serves) },
    },
    /then: the server did not start/,
  ],
  [
    {
      id: 'and then something else',
      model: 'none',
      request: exec,
      expect: { status: [0], ...afterwards('all is well') },
    },
    /cannot do this: all is well/,
  ],
  [
    {
      id: 'a file elsewhere',
      model: 'none',
      files: { '/etc/passwd': '' },
      request: exec,
      expect: { status: [0] },
    },
    /not below \/opt\/ml/,
  ],
]

t.setTimeout(180_000)

t.test('cases end as they should', { timeout: 180_000 }, async (t) => {
  const cli = `${t.testdir({ 'cli.mjs': fake })}/cli.mjs`
  const text = table.map(([{ expect, ...given }]) =>
    JSON.stringify({ model: 'bin3', ...given, expect: { status: [200], ...expect } }),
  )
  const results = await runCases([...text, 'no json', text[0] ?? ''].join('\n'), { cli })
  t.equal(results.length, table.length + 2)
  for (const [index, [{ id }, reason]] of table.entries()) {
    const found = results[index]?.reason
    if (reason) t.match(found, reason, `${id}: fails`)
    else t.equal(found, undefined, `${id}: passes`)
  }
  t.match(results.at(-2), { id: `line ${table.length + 1}`, reason: /JSON/ })
  t.match(results.at(-1), { id: 'first', reason: /same id/ })
})

t.test('a port that is asked for is used if it is free', async (t) => {
  const cli = `${t.testdir({ 'cli.mjs': fake })}/cli.mjs`
  const busy = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => busy.once('listening', resolve))
  t.teardown(() => busy.close())
  const { port } = busy.address() as { port: number }
  const given = { id: 'a', model: 'none', request: get('/ping'), expect: { status: [200] } }
  const run = async (env: Record<string, string>) =>
    (await runCases(JSON.stringify({ ...given, env }), { cli }))[0]?.reason
  t.equal(await run({ SAGEMAKER_BIND_TO_PORT: String(port) }), undefined, 'another port is used')
  const wrong = await run({ SAGEMAKER_BIND_TO_PORT: '29090', FAKE_PORT: '0' })
  t.match(wrong, /the server listens on \d+, not on 29090/)
})

/** Who may ask: tokens and what stands for them, and addresses that are not served without. */
import { randomBytes } from 'node:crypto'
import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { checkExposure, createAccess, isReachable } from '../../src/http/access.ts'
import { cli, root, shapserve, startServing } from '../command.ts'
import { buildTestApp, checkProblem, exchange, listen, passenger, post } from '../helper.ts'

const [first, second, stranger] = [1, 2, 3].map(() => randomBytes(32).toString('base64url')) as [
  string,
  string,
  string,
]
const silent = { warn() {}, error() {} }
const CSV = 'text/csv'

/** Returns a file with these lines. */
async function tokenFile(t: Test, text: string, mode = 0o600): Promise<string> {
  const path = join(t.testdir(), 'tokens')
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

async function buildClosedApp(t: Test, text = `${first}\n${second}\n`) {
  const access = await createAccess(await tokenFile(t, text), silent)
  t.teardown(() => access.close())
  return buildTestApp(t, { access })
}

t.test('each of the tokens opens every route, and what is none opens nothing', async (t) => {
  const app = await buildClosedApp(t, `\n${first}\r\n  ${second}  \n\n`)
  const ask = (authorization?: string) =>
    post(
      app,
      '/invocations',
      CSV,
      passenger.csv,
      authorization === undefined ? {} : { authorization },
    )
  for (const valid of [`Bearer ${first}`, `bearer  ${second} `])
    t.equal((await ask(valid)).statusCode, 200, valid.slice(0, 7))
  const flipped = `${first.slice(0, -1)}${first.endsWith('A') ? 'B' : 'A'}`
  const wrong: Record<string, string | undefined> = {
    missing: undefined,
    empty: '',
    'scheme alone': 'Bearer',
    'scheme and blank': 'Bearer ',
    'another scheme': `Basic ${first}`,
    'no scheme': first,
    'another token': `Bearer ${stranger}`,
    'one character off': `Bearer ${flipped}`,
    'one too few': `Bearer ${first.slice(0, -1)}`,
    'one too many': `Bearer ${first}A`,
    'both at once': `Bearer ${first} ${second}`,
    'with a comma': `Bearer ${first}, Bearer ${second}`,
    long: `Bearer ${'A'.repeat(8000)}`,
    'not ASCII': `Bearer ${'\u00e9'.repeat(43)}`,
  }
  const bodies = new Set<string>()
  for (const [name, authorization] of Object.entries(wrong)) {
    const answer = await ask(authorization)
    t.equal(answer.headers['www-authenticate'], 'Bearer', name)
    checkProblem(t, answer, 401, 'unauthorized')
    bodies.add(answer.body.replace(/urn:uuid:[-0-9a-f]+/, ''))
  }
  t.equal(bodies.size, 1, 'nothing tells what was wrong')
  for (const [method, url] of [
    ...(
      ['/invocations', '/explain', '/v2/models/model/infer', '/v1/models/model:predict'] as const
    ).map((url) => ['POST', url] as const),
    ...(
      ['/model', '/v2', '/openapi.json', '/docs', '/execution-parameters', '/no-such'] as const
    ).map((url) => ['GET', url] as const),
  ]) {
    const answer = await app.inject({ method, url: `${url}?access_token=${first}` })
    checkProblem(t, answer, 401, 'unauthorized')
  }
})

t.test('probes are answered without a token', async (t) => {
  const app = await buildClosedApp(t)
  for (const url of ['/ping', '/health', '/v2/health/live', '/v2/health/ready']) {
    t.equal((await app.inject(url)).statusCode, 200, url)
    t.equal((await app.inject({ method: 'HEAD', url })).statusCode, 200, `HEAD ${url}`)
  }
  checkProblem(t, await app.inject({ method: 'POST', url: '/ping' }), 401, 'unauthorized')
  checkProblem(t, await app.inject('/ping/'), 401, 'unauthorized')
})

t.test('who has no token is refused before a byte of the body is there', async (t) => {
  const port = await listen(await buildClosedApp(t))
  const head = `POST /invocations HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${CSV}\r\n`
  const length = `content-length: ${25 << 20}\r\n`
  const [early] = await exchange(port, `${head}${length}\r\n`)
  t.equal(early?.status, 401, 'nothing of the body was sent')
  const twice = `authorization: Bearer ${first}\r\nauthorization: Bearer ${first}\r\n`
  const body = passenger.csv
  const [answer] = await exchange(
    port,
    `${head}${twice}content-length: ${body.length}\r\n\r\n${body}`,
  )
  t.equal(answer?.status, 401, 'two headers')
  const once = `authorization: Bearer ${first}\r\n`
  const [good] = await exchange(port, `${head}${once}content-length: ${body.length}\r\n\r\n${body}`)
  t.equal(good?.status, 200)
})

t.test('one usual row over a connection that is kept', async (t) => {
  const port = await listen(await buildClosedApp(t))
  const ask = (path: string, type: string, body: string, token?: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: {
        'content-type': type,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
    })
  const row = JSON.stringify(passenger.object)
  for (let i = 0; i < 3; i++) {
    for (const path of ['/invocations', '/explain']) {
      t.equal((await ask(path, 'application/json', row)).status, 401, path)
      t.equal((await ask(path, CSV, passenger.csv, stranger)).status, 401, path)
      t.equal((await ask(path, 'application/json', row, second)).status, 200, path)
    }
  }
})

t.test('tokens are added and taken away while the service runs', async (t) => {
  const path = await tokenFile(t, first)
  const errors: object[] = []
  const log = { warn() {}, error: (facts: object) => errors.push(facts) }
  const access = await createAccess(path, log, 10)
  t.teardown(() => access.close())
  const app = await buildTestApp(t, { access })
  const statusOf = async (token: string) =>
    (await app.inject({ url: '/model', headers: { authorization: `Bearer ${token}` } })).statusCode
  const until = async (expected: readonly number[]) => {
    for (;;) {
      const found = [await statusOf(first), await statusOf(second)]
      if (`${found}` === `${expected}`) return
      await sleep(5)
    }
  }
  const replace = async (text: string) => {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }
  t.strictSame([await statusOf(first), await statusOf(second)], [200, 401])
  await replace(`${first}\n${second}`)
  await until([200, 200])
  await replace(second)
  await until([401, 200])
  for (const act of [() => replace('short'), () => replace('\n'), () => rm(path)]) {
    const before = errors.length
    await act()
    while (errors.length < before + 2) await sleep(5)
    t.strictSame([await statusOf(first), await statusOf(second)], [401, 200], 'as before')
  }
  t.notMatch(JSON.stringify(errors), /short/, 'the file is named, its lines are not shown')
})

t.test('a file without good tokens stops the start', async (t) => {
  const cases: [text: string, why: RegExp][] = [
    ['', /has no token$/],
    [' \n\n', /has no token$/],
    [`${first}\ntoo-short-secret\n`, /less than 32 characters in line 2$/],
    [`${first} ${second}`, /something else than a token in line 1$/],
    [`${first}\u0000`, /something else than a token in line 1$/],
    ['A'.repeat(70_000), /more than 65536 bytes$/],
  ]
  for (const [text, message] of cases) {
    const path = await tokenFile(t, text)
    await t.rejects(createAccess(path, silent), { code: 'invalid_file', message })
  }
  await t.rejects(createAccess(root, silent), { message: /is not a file$/ })
  const { status, stderr, stdout } = await shapserve(
    ['serve', '--model-dir', 'model_checkpoint', '--port', '0'],
    { env: { AUTH_TOKEN_FILE: await tokenFile(t, 'too-short-secret') } },
  )
  t.equal(status, 1)
  t.match(stderr, /^shapserve: the token file ".*tokens" has a token of less than 32 .* line 1\n$/)
  t.notMatch(stdout + stderr, 'too-short-secret')
})

t.test('a file that everybody may read is warned of', async (t) => {
  const warnings: object[] = []
  const log = { warn: (facts: object) => warnings.push(facts), error() {} }
  for (const mode of [0o600, 0o640, 0o644])
    (await createAccess(await tokenFile(t, first, mode), log)).close()
  t.strictSame(warnings, [{ mode: '644' }])
})

t.test('addresses that others reach', async (t) => {
  const own = ['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LOCALHOST']
  const others = [
    '0.0.0.0',
    '::',
    '192.0.2.1',
    '::ffff:192.0.2.1',
    'example.org',
    '127.0.0.1.example.org',
  ]
  for (const host of own) t.equal(isReachable(host), false, host)
  for (const host of others) t.equal(isReachable(host), true, host)
  const none = { tokenFile: '', allowUnauthenticated: false }
  t.throws(() => checkExposure('--host', '::', none), { message: /^--host :: lets everybody ask/ })
  checkExposure('--host', '127.0.0.1', none)
  checkExposure('--host', '::', { ...none, tokenFile: 'x' })
  checkExposure('--host', '::', { ...none, allowUnauthenticated: true })
})

t.test('the command is not open to others unless it is told so, and says no secret', async (t) => {
  const serve = ['serve', '--model-dir', 'model_checkpoint', '--port', '0', '--host', '0.0.0.0']
  for (const workers of ['1', '2']) {
    const refused = await shapserve([...serve, '--workers', workers])
    t.equal(refused.status, 1)
    t.equal(refused.stdout, '', 'before anything else')
    t.match(refused.stderr, /^shapserve: --host 0\.0\.0\.0 lets everybody ask: .*\n$/)
  }
  const open = await startServing(process.execPath, [cli, ...serve, '--allow-unauthenticated'])
  t.teardown(() => open.kill('SIGKILL'))
  t.equal((await fetch(`${open.url}/model`)).status, 200)
  const env = { AUTH_TOKEN_FILE: await tokenFile(t, first), ALLOW_UNAUTHENTICATED: 'true' }
  const closed = await startServing(process.execPath, [cli, ...serve, '--log-level', 'trace'], {
    env,
  })
  t.teardown(() => closed.kill('SIGKILL'))
  const ask = (token: string, query = '') =>
    fetch(`${closed.url}/model${query}`, { headers: { authorization: `Bearer ${token}` } })
  t.equal(
    (await ask(stranger, `?token=${first}`)).status,
    401,
    'tokens count beside the permission',
  )
  const good = await ask(first)
  t.equal(good.status, 200)
  t.notMatch(await good.text(), first)
  const document = await (
    await fetch(`${closed.url}/openapi.json`, { headers: { authorization: `Bearer ${first}` } })
  ).json()
  t.match(document, {
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    paths: {
      '/ping': { get: { security: [] } },
      '/invocations': { post: { responses: { 401: { description: String } } } },
    },
  })
  while (!closed.output().includes('"/openapi.json"')) await sleep(10)
  for (const token of [first, stranger]) t.notMatch(closed.output(), token, 'no token in the log')
})

/** `shapserve doctor`: what it finds of directories and services that are well, and of those that are not. */
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cli, run } from '../command.ts'
import { checkpoint } from '../helper.ts'

interface Report {
  readonly passed: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: string
    readonly text: string
  }[]
}

async function examine(target: string, ...flags: readonly string[]) {
  const { status, stdout, stderr } = await run(process.execPath, [
    cli,
    'doctor',
    target,
    '--json',
    ...flags,
  ])
  const { passed, checks } = JSON.parse(
    stdout || `{"checks":[],"stderr":${JSON.stringify(stderr)}}`,
  ) as Report
  return {
    status,
    passed,
    of: new Map(checks.map(({ name, state, text }) => [name, `${state} ${text}`])),
  }
}

async function pretend(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

t.test('an address where nobody listens says so', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: closed } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const { status, of } = await examine(`http://127.0.0.1:${closed}`)
  t.equal(status, 1)
  t.match(of.get('ping'), /could not be asked: nobody listens there \(ECONNREFUSED\)/)
})

t.test('a model directory that is well', async (t) => {
  const { status, passed, of } = await examine(checkpoint)
  t.equal(status, 0)
  t.equal(passed, true)
  t.strictSame(
    [...of.keys()],
    [
      'directory',
      'start',
      'ping',
      'model',
      'invocation',
      'formats',
      'accept',
      'bad input',
      'explanation',
      'batch transform',
      'stop',
    ],
  )
  for (const [name, text] of of) t.match(text, /^ok /, name)
  t.match(of.get('explanation'), /SHAP values of 6 columns/)
})

t.test('a directory that is not', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'doctor-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const missing = await examine(join(directory, 'none'))
  t.equal(missing.status, 1)
  t.match(missing.of.get('directory'), /^failed ".*none" is not there$/)
  const damaged = join(directory, 'damaged')
  await cp(checkpoint, damaged, { recursive: true })
  await writeFile(join(damaged, 'model.safetensors'), 'x')
  const found = await examine(damaged)
  t.equal(found.status, 1)
  t.strictSame([...found.of.keys()], ['directory'])
  t.match(found.of.get('directory'), /^failed .*model\.safetensors/)
  await symlink('/nowhere', join(directory, 'link'))
  t.match((await examine(join(directory, 'link'))).of.get('directory'), /^failed /)
})

t.test('services that are not well', async (t) => {
  const notReady = await pretend(t, (_request, response) => response.writeHead(503).end())
  const first = await examine(notReady)
  t.equal(first.status, 1)
  t.strictSame([...first.of.keys()], ['ping'])
  t.match(first.of.get('ping'), /^failed \/ping answers 503; SageMaker takes/)

  const other = await pretend(t, ({ url }, response) => {
    response.writeHead(url === '/ping' ? 200 : 404).end('{}')
  })
  const second = await examine(other)
  t.equal(second.status, 1)
  t.match(second.of.get('model'), /^skipped there is no \/model/)
  t.match(second.of.get('bad input'), /^failed a body of type image\/png is answered 404, not 415/)

  // It answers rows in CSV with other numbers, and its SHAP values do not sum up.
  const wrong = await pretend(t, (request, response) => {
    const type = request.headers['content-type'] ?? ''
    const answers: Record<string, unknown> = {
      '/model': { estimator: 'e', model_id: 'm', example: { a: 1, b: 'x' } },
      '/invocations': { predictions: [type.startsWith('text/csv') ? 1 : 0] },
      '/explain': {
        base_values: [0.5],
        explanations: [{ outputs: [1], shap_values: [[0.125, 0.125]] }],
      },
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answers[request.url ?? ''] ?? {}))
  })
  const third = await examine(wrong)
  t.equal(third.passed, false)
  t.match(third.of.get('invocation'), /^ok /)
  t.match(third.of.get('formats'), /^failed CSV gives \[1\], a JSON object gave \[0\]$/)
  t.match(third.of.get('accept'), /^failed Accept: text\/csv is answered 200 as application\/json$/)
  t.match(
    third.of.get('explanation'),
    /^failed \/explain: the SHAP values miss the output by 0\.25$/,
  )
})

t.test('a service that asks for a token gets one', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'doctor-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'tokens')
  await writeFile(file, '\n  secret-token  \nother\n')
  const asked: (string | undefined)[] = []
  const url = await pretend(t, ({ headers, url }, response) => {
    asked.push(headers.authorization)
    const isKnown = headers.authorization === 'Bearer secret-token' || url === '/ping'
    response.writeHead(isKnown ? 404 : 401).end()
  })
  await examine(url, '--token-file', file)
  t.ok(asked.length > 0 && asked.every((value) => value === 'Bearer secret-token'))
  const without = await run(process.execPath, [
    cli,
    'doctor',
    url,
    '--token-file',
    join(directory, 'none'),
  ])
  t.equal(without.status, 1)
  t.match(without.stderr, /none" cannot be read: ENOENT/)
})

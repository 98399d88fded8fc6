/** Requests for which there is no room, or whose headers are refused: answered before their bodies come. */

import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { createAccess } from '../../src/http/access.ts'
import { createAdmission } from '../../src/http/admission.ts'
import type { AppOptions } from '../../src/http/app.ts'
import { createMemoryGuard } from '../../src/http/memory-guard.ts'
import { createTurns } from '../../src/http/turns.ts'
import { buildTestApp, listen, loadCheckpoint, passenger } from '../helper.ts'
import { open, readAnswer, requestOf } from '../load.ts'

const CSV = 'text/csv'
const limits = { maxRows: 100_000, maxAnswerBytes: 1 << 30, maxSeconds: 1000 }

/** Returns a port and its log, whose one worker explains while as many explanations wait as may. */
async function serveBusy(t: Test, more: Partial<AppOptions> = {}, headers = '') {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  const pool = createJobPool(1)
  const options = { pool, maxBodyBytes: 1 << 24, bodyBudget: 1 << 26, logger, ...more, limits }
  const port = await listen(await buildTestApp(t, options))
  const body = `${passenger.csv}\n`.repeat(20_000)
  const busy = requestOf('/explain?method=tree_interventional', CSV, body, headers)
  for (let i = 0; i < 3; i++) {
    const socket = (await open(port)) as Socket
    t.teardown(() => socket.destroy())
    socket.write(busy)
  }
  while (pool.load.waiting.explain < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  t.teardown(() => pool.close())
  return { port, lines, pool }
}

/** Returns what is answered to the headers of a request alone, and what comes to another one behind its body. */
async function askByHeaders(t: Test, port: number, head: string, bytes: number) {
  const socket = (await open(port)) as Socket
  t.teardown(() => socket.destroy())
  const first = readAnswer(socket)
  socket.write(head)
  const answer = await first
  if (answer.closes) return { answer, after: undefined }
  socket.write(Buffer.alloc(bytes, 'x'))
  const second = readAnswer(socket)
  socket.write('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n')
  return { answer, after: (await second).status }
}

const head = (path: string, bytes: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\n${more}content-length: ${bytes}\r\n\r\n`

t.test('what no queue has room for is refused before its body comes', async (t) => {
  const { port, lines, pool } = await serveBusy(t)
  const before = pool.load.refused
  const large = head('/explain', 100_000, 'x-request-id: mine\r\n')
  const { answer, after } = await askByHeaders(t, port, large, 100_000)
  t.match(answer.head, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  t.match(answer.head, /\r\nretry-after: 1\r\n/i)
  t.match(answer.head, /\r\nx-request-id: mine\r\n/i)
  t.match(JSON.parse(answer.body.toString()), { status: 503, code: 'overloaded' })
  t.equal(after, 200, 'the connection goes on behind the body')
  t.equal(pool.load.refused, before + 1)
  const line = JSON.parse(lines.find((line) => line.includes('"status":503')) ?? '{}')
  t.match(line, { method: 'POST', path: '/explain', request_id: 'mine', code: 'overloaded' })
  const small = requestOf('/invocations', CSV, passenger.csv)
  const socket = (await open(port)) as Socket
  socket.write(small)
  t.equal((await readAnswer(socket)).status, 200, 'small ones are answered')
  socket.destroy()
})

t.test('what is refused by its headers is refused for that, however busy all is', async (t) => {
  const { port } = await serveBusy(t)
  const cases = [
    ['too large', head('/explain', 1 << 25), 413, 'too_large'],
    [
      'a coding',
      head('/explain', 100_000, 'content-encoding: br\r\n'),
      415,
      'unsupported_encoding',
    ],
    ['a type', head('/explain', 100_000).replace('csv', 'x'), 415, 'unsupported_media_type'],
    ['a path', head('/x', 100_000), 404, 'not_found'],
    ['a method', head('/ping', 100_000), 405, 'method_not_allowed'],
    ['an answer', head('/explain', 100_000, 'accept: text/x\r\n'), 406, 'not_acceptable'],
  ] as const
  for (const [what, text, status, code] of cases) {
    const { answer, after } = await askByHeaders(
      t,
      port,
      text,
      Number(/length: (\d+)/.exec(text)?.[1]),
    )
    t.equal(answer.status, status, what)
    t.match(JSON.parse(answer.body.toString()), { status, code }, what)
    t.equal(after, 200, `${what}: the connection goes on behind the body`)
  }
})

t.test('the first of several reasons is said, before the body comes', async (t) => {
  const token = 'x'.repeat(43)
  const path = join(t.testdir(), 'tokens')
  await writeFile(path, token, { mode: 0o600 })
  const access = await createAccess(path, { warn() {}, error() {} })
  t.teardown(() => access.close())
  let used = 0
  const memory = createMemoryGuard({ limit: 100, used: () => used, collect: async () => {} })
  const authorization = `authorization: Bearer ${token}\r\n`
  const { port, lines } = await serveBusy(t, { access, memory }, authorization)
  used = 100
  // Short memory is seen at the next look.
  while (memory.mayEnter()) await new Promise((resolve) => setTimeout(resolve, 5))
  const most = 1 << 24
  let request = {
    path: '/x',
    headers: 'x-request-id: mine\r\nhost: y\r\ncontent-encoding: br\r\naccept: text/x\r\n',
    type: 'text/x',
    bytes: most + 1,
  }
  /** What is refused, and what then is put right. */
  type Mend = (was: typeof request) => Partial<typeof request>
  const without =
    (header: string): Mend =>
    ({ headers }) => ({ headers: headers.replace(header, '') })
  const steps: [status: number, code: string, detail: RegExp, mend: Mend][] = [
    [400, 'invalid_request', /Host/, without('host: y\r\n')],
    [401, 'unauthorized', /token/, ({ headers }) => ({ headers: headers + authorization })],
    [404, 'not_found', /\/x/, () => ({ path: '/explain' })],
    [406, 'not_acceptable', /text\/x/, without('accept: text/x\r\n')],
    [415, 'unsupported_media_type', /text\/x/, () => ({ type: CSV })],
    [415, 'unsupported_encoding', /br/, without('content-encoding: br\r\n')],
    [413, 'too_large', /16777216/, () => ({ bytes: most })],
    [503, 'overloaded', /workers are busy/, () => ({ path: '/invocations' })],
    [503, 'overloaded', /short of memory/, () => ({})],
  ]
  for (const [status, code, detail, mend] of steps) {
    const { path, headers, type, bytes } = request
    lines.length = 0
    const text = head(path, bytes, headers).replace(CSV, type)
    const { answer, after } = await askByHeaders(t, port, text, bytes)
    t.match(answer, { status, closes: false, type: 'application/problem+json' }, code)
    const { instance, ...problem } = JSON.parse(answer.body.toString())
    t.match(problem, { status, code, detail }, code)
    t.match(answer.head, /\r\nx-request-id: mine\r\n/, code)
    const said = { 401: /\r\nwww-authenticate: Bearer\r\n/i, 503: /\r\nretry-after: 1\r\n/i }
    t.match(answer.head, said[status as keyof typeof said] ?? /./, code)
    t.equal(after, 200, `${code}: the connection goes on behind the body`)
    const [line, ...others] = lines.filter((line) => line.includes('"POST"'))
    t.strictSame(others, [], `${code}: one line`)
    const logged = JSON.parse(line ?? '{}')
    t.match(logged, { method: 'POST', path, status, code, request_id: 'mine' })
    t.equal(instance, `urn:uuid:${logged.reqId}`, `${code}: one id`)
    request = { ...request, ...mend(request) }
  }
})

t.test(
  'a busy event loop sends on only what a worker begins at once, on a core of its own',
  async (t) => {
    const { pool } = await serveBusy(t)
    const turns = createTurns()
    const make = (hasSpareCore: boolean) =>
      createAdmission(turns, { pool, offloads: true, hasSpareCore, maxBodyBytes: 1 << 20 })
    const [own, shared] = [make(true), make(false)]
    const job = (...classes: ('predict' | 'explain')[]) =>
      ({ operation: 'explain', isIsolated: false, classes }) as const
    const isHere = (admission: typeof own, ms: number) =>
      [job('predict'), job('explain'), job('predict', 'explain')].map((expected) =>
        admission.isForHere(expected, 1000, ms),
      )
    t.strictSame(isHere(own, 5), [true, true, true], 'nothing else to do')
    const spin = () => {
      for (const until = performance.now() + 10; performance.now() < until; );
    }
    void turns.run(10, spin, () => {})
    t.strictSame(isHere(own, 0.5), [true, true, true], 'less than the way there and back')
    t.strictSame(isHere(own, 5), [false, true, true], 'explanations wait for the worker')
    t.strictSame(isHere(shared, 5), [true, true, true], 'no core is idle')
    t.strictSame(isHere(shared, 20), [false, false, false], 'what takes long never stays')
  },
)

t.test('what went to a worker comes back when it takes no longer', async (t) => {
  const pool = createJobPool(1)
  t.teardown(() => pool.close())
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  const { predictor, ...rest } = await loadCheckpoint()
  let spinMs = 30
  const predict: typeof predictor.predict = (...args) => {
    for (const until = performance.now() + spinMs; performance.now() < until; );
    return predictor.predict(...args)
  }
  const model = { ...rest, predictor: { ...predictor, predict } }
  // Without one, no request goes to a worker for being in the way of others.
  const hasSpareCore = false
  const port = await listen(await buildTestApp(t, { pool, logger, model, hasSpareCore }))
  const socket = (await open(port)) as Socket
  t.teardown(() => socket.destroy())
  /** Asks until a request was computed in a worker, or was not; returns whether that has happened. */
  const askUntil = async (worker: number) => {
    for (let i = 0; i < 500; i++) {
      socket.write(requestOf('/invocations', CSV, `${passenger.csv}\n`.repeat(20)))
      const { status, body } = await readAnswer(socket)
      if (status !== 200) throw new Error(body.toString())
      while (lines.length === 0) await new Promise(setImmediate)
      if (JSON.parse(lines.pop()!).worker === worker) return true
    }
    return false
  }
  t.ok(await askUntil(0), 'here at first')
  t.ok(await askUntil(1), 'it takes long')
  spinMs = 0
  t.ok(await askUntil(0), 'it does not any more')
})

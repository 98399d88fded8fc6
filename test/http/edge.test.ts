/** The edge: health is answered there as by the routes, and what comes before the routes are there waits for them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/http/app.ts'
import { openExchanges } from '../../src/http/connections.ts'
import { createEdge } from '../../src/http/edge.ts'
import type { FinishedRequest } from '../../src/http/request-log.ts'
import { buildRoutes } from '../../src/http/routes.ts'
import { createService } from '../../src/http/service.ts'
import {
  checkProblem,
  exchange,
  loadCheckpoint,
  passenger,
  type RawAnswer,
  type TestOptions,
  testOptions,
} from '../helper.ts'
import { open, readAnswer, requestOf } from '../load.ts'

const CSV = 'text/csv'
const LAST = 'connection: close\r\n'

/** Listens with the edge alone; `complete` builds the routes behind it. */
async function serve(t: Test, overrides: TestOptions = {}) {
  const lines: string[] = []
  const finished: FinishedRequest[] = []
  const options = testOptions({
    logger: pino({}, { write: (line) => void lines.push(line) }),
    observer: { finished: (request) => void finished.push(request) },
    ...overrides,
  })
  const routes = buildRoutes(await loadCheckpoint(), createService(options))
  const edge = createEdge(routes, options)
  edge.server.listen(0, '127.0.0.1')
  await once(edge.server, 'listening')
  t.teardown(() => void edge.server.close())
  const { port } = edge.server.address() as AddressInfo
  const complete = async () => {
    const app = buildApp(routes, options, edge)
    t.teardown(() => app.close())
    await app.ready()
  }
  /** Resolves when so many requests have come that are not answered. */
  const waiting = async (count: number) => {
    const openOnes = () => [...edge.connections.all].flatMap((one) => openExchanges(one)).length
    while (openOnes() < count) await sleep(1)
  }
  return { port, lines, finished, complete, waiting, edge }
}

function get(path: string, headers = '', version = '1.1', method = 'GET'): string {
  return `${method} ${path} HTTP/${version}\r\nHost: x\r\n${headers}\r\n`
}

/** What of an answer does not differ from one request to the next. */
function sameOf({ status, headers, body }: RawAnswer) {
  const told = [...headers].map(([name, value]) => [
    name,
    name === 'date' ? 'a date' : value.replace(/^[0-9a-f-]{36}$/, 'an id'),
  ])
  return { status, headers: told, body: body.replace(/urn:uuid:[0-9a-f-]{36}/, 'an id') }
}

t.test('health is answered as by the routes, and counted as there', async (t) => {
  // Any header that may ask for something sends a request through the routes.
  const byRoutes = 'x-other: 1\r\n'
  for (const [what, overrides, version, headers] of [
    ['as usual', {}, '1.1', ''],
    ['a probe', {}, '1.1', 'User-Agent: kube-probe/1.33\r\nAccept: */*\r\n'],
    ['HTTP/1.0', {}, '1.0', ''],
    ['HTTP/2.0', {}, '2.0', ''],
    ['two hosts', {}, '1.1', 'Host: y\r\n'],
    ['a body', {}, '1.1', 'Content-Length: 0\r\n'],
    ["an id of the caller's", {}, '1.1', 'X-Request-Id: mine\r\n'],
    ['while the service stops', { isDraining: () => true }, '1.1', ''],
    ['scarce connections', { connectionLimits: { most: 1, freshMs: 1e9 } }, '1.1', ''],
  ] satisfies [string, TestOptions, string, string][]) {
    const { port, lines, finished, complete } = await serve(t, overrides)
    await complete()
    const [own] = await exchange(port, get('/ping', `${headers}${LAST}`, version))
    const [other] = await exchange(port, get('/ping', `${headers}${byRoutes}${LAST}`, version))
    t.strictSame(sameOf(own as RawAnswer), sameOf(other as RawAnswer), what)
    const [first, second] = finished.map(({ ms, ...rest }) => ({ ...rest, ms: typeof ms }))
    t.strictSame(first, second, `${what}: counted`)
    t.equal(finished.length, 2)
    const logged = lines.filter((line) => line.includes('"method"'))
    t.equal(logged.length, own?.status === 200 ? 0 : 2, `${what}: logged unless it is 200`)
  }
})

t.test('health and ordinary rows are answered before there are routes', async (t) => {
  const { port, complete, edge } = await serve(t)
  const pings = await exchange(port, get('/ping'), get('/ping'), get('/ping', LAST))
  t.strictSame(
    pings.map(({ status, body }) => [status, body]),
    new Array(3).fill([200, '']),
  )
  const socket = await open(port)
  socket?.write(requestOf('/invocations', CSV, passenger.csv))
  const { status } = await readAnswer(socket!)
  t.equal(status, 200)
  socket?.destroy()
  const wanted = edge.wanted.then(() => 'wanted')
  t.equal(await Promise.race([wanted, sleep(20, 'not wanted')]), 'not wanted')
  const late = exchange(port, get('/execution-parameters', LAST))
  t.equal(await wanted, 'wanted')
  await complete()
  t.equal((await late)[0]?.status, 200)
})

t.test('what comes before the routes waits for them, in its order and with its body', async (t) => {
  const { port, complete, waiting, lines } = await serve(t)
  const rows = `${passenger.csv}\n`.repeat(5000)
  const pipelined = exchange(
    port,
    requestOf('/invocations', CSV, passenger.csv, 'x-other: 1\r\n'),
    get('/ping'),
    get('/no-such'),
    requestOf('/explain', CSV, rows.slice(0, 100)),
    requestOf('/invocations', CSV, rows, LAST),
  )
  const others = Promise.all(
    ['/', '/execution-parameters', '/docs', '/v2/health/ready'].map((path) =>
      exchange(port, get(path, LAST)),
    ),
  )
  await waiting(8)
  await sleep(50)
  t.equal(lines.length, 0, 'nothing is answered or refused')
  await complete()
  const answers = await pipelined
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 404, 400, 413],
  )
  t.match(answers[0]?.body, /^\{"predictions":\[\{/)
  t.match(answers[3]?.body, /row 3 has 3 fields/)
  t.strictSame(
    (await others).map(([answer]) => answer?.status),
    [404, 200, 302, 200],
  )
})

t.test('a request that waits longer than its deadline is told so', async (t) => {
  const { port, lines, complete } = await serve(t, { deadlineMs: 100 })
  const [answer] = await exchange(port, requestOf('/no-such', CSV, 'x', LAST))
  if (!answer) return t.fail('no answer')
  checkProblem(t, answer, 503, 'timeout', /took longer than 0.1 s/)
  t.match(lines.join(''), /"path":"\/no-such","status":503.*"code":"timeout"/)
  await complete()
  t.equal(lines.length, 1, 'and is not answered again')
})

t.test('whoever leaves before there are routes is logged once', async (t) => {
  const { port, lines, finished, complete, waiting } = await serve(t)
  const socket = await open(port)
  socket?.write(get('/no-such'))
  await waiting(1)
  socket?.destroy()
  while (lines.length === 0) await sleep(1)
  await complete()
  await sleep(10)
  t.match(lines, [/"path":"\/no-such","status":499.*"code":"client_closed"/])
  t.match(finished, [{ status: 499 }])
})

/** The way of one row through HTTP: the same answers, headers and log lines as through the routes. */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { InputError } from '../../src/errors.ts'
import { gatherLines } from '../../src/http/log-stream.ts'
import { createMemoryGuard } from '../../src/http/memory-guard.ts'
import { nextRequestId } from '../../src/http/request-id.ts'
import { buildTestApp, exchange, listen, passenger, type RawAnswer } from '../helper.ts'

/** Any header that may ask for something sends a request through the routes. */
const BY_ROUTES = 'x-other: 1\r\n'
const JSON_TYPE = 'application/json'

type Overrides = Parameters<typeof buildTestApp>[1]

/** Returns a port that is listened on, and the log. */
async function serve(t: Test, overrides: Overrides = {}) {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  const port = await listen(await buildTestApp(t, { ...overrides, logger }))
  return { port, lines }
}

function requestOf(path: string, body: string, headers = '', type = JSON_TYPE): string {
  const length = Buffer.byteLength(body)
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\n${headers}content-length: ${length}\r\n\r\n${body}`
}

/** What of an answer must be the same whichever way it went. */
function sameOf({ status, headers, body }: RawAnswer) {
  // Each request has an id of its own.
  const told = [...headers]
    .filter(([name]) => name !== 'date')
    .map(([name, value]) => [
      name,
      value.replace(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'an id'),
    ])
  // Every answer names its own request.
  const text = body.replace(/urn:uuid:[0-9a-f-]{36}/g, 'urn:uuid')
  return { status, headers: told, body: text }
}

/** What a log line says that does not differ from one request to the next, in its order. */
function lineOf(line: string): unknown {
  const { time: _, ms, reqId, ...rest } = JSON.parse(line) as Record<string, unknown>
  return {
    keys: Object.keys(JSON.parse(line) as object),
    ms: typeof ms,
    id: String(reqId).length,
    rest,
  }
}

/** Returns the guard of a process without room for a second request. */
function fullMemory() {
  const memory = createMemoryGuard({ limit: 100, used: () => 99, collect: async () => {} })
  memory.enter()
  return memory
}

const object = JSON.stringify(passenger.object)

const cases: readonly (readonly [what: string, path: string, body: string, headers?: string])[] = [
  ['an object', '/invocations', object],
  ['instances', '/invocations', JSON.stringify({ instances: [passenger.object] })],
  ['an unknown category', '/invocations', object.replace('"male"', '"other"')],
  ['an explanation', '/explain', object],
  ['an explanation with warnings', '/explain', object.replace('"male"', '"other"')],
  ['letters of more than a byte', '/explain', object.replace('Robert', 'Zoë ☃')],
  ['CSV asked for', '/invocations', object, 'accept: text/csv\r\n'],
  ['anything asked for', '/invocations', object, 'Accept: */*\r\nUser-Agent: curl/8\r\n'],
  ['a type that there is not', '/invocations', object, 'accept: image/png\r\n'],
  ['several rows', '/invocations', JSON.stringify([passenger.object, passenger.object])],
  ['a column too many', '/invocations', object.replace('{', '{"PassengerId":1,')],
  ['a bad number', '/invocations', object.replace('28', '"x"')],
  ['no JSON', '/invocations', object.slice(0, -1)],
  ['no UTF-8 mark', '/invocations', `\ufeff${object}`],
  ['options in the query', '/explain?top=2', object],
  ['another encoding', '/invocations', object, 'content-encoding: br\r\n'],
  ['two types', '/invocations', object, 'content-type: text/csv\r\n'],
  ['two hosts', '/invocations', object, 'host: y\r\n'],
]

t.test('answers and log lines are those of the routes', async (t) => {
  const { port, lines } = await serve(t)
  for (const [what, path, body, headers = ''] of cases) {
    lines.length = 0
    const [own] = await exchange(port, requestOf(path, body, `${headers}connection: close\r\n`))
    const [other] = await exchange(
      port,
      requestOf(path, body, `${headers}${BY_ROUTES}connection: close\r\n`),
    )
    t.strictSame(sameOf(own as RawAnswer), sameOf(other as RawAnswer), what)
    const [first, second, ...more] = lines.filter((line) => line.includes('"method"'))
    t.strictSame(lineOf(first as string), lineOf(second as string), `${what}: the log`)
    t.strictSame(more, [], `${what}: one line for each`)
  }
})

t.test('one line of CSV, and what the operator sets for all answers', async (t) => {
  for (const overrides of [
    {},
    { defaultAccept: 'text/csv' },
    { defaultAccept: 'lines' },
    { selection: ['probability', 'labels'] },
    { enableExplanations: 'probability > `0`' },
    { isBatch: true },
    { limits: { maxAnswerBytes: 10 } },
    { limits: { maxSeconds: 0 } },
    { maxBodyBytes: passenger.csv.length - 1 },
    { maxBodyBytes: passenger.csv.length },
    { memory: fullMemory() },
  ] satisfies Overrides[]) {
    const { port } = await serve(t, overrides)
    for (const path of ['/invocations', '/explain']) {
      const ask = (headers: string) =>
        exchange(
          port,
          requestOf(path, passenger.csv, `${headers}connection: close\r\n`, 'text/csv'),
        )
      const [[own], [other]] = await Promise.all([ask(''), ask(BY_ROUTES)])
      t.strictSame(
        sameOf(own as RawAnswer),
        sameOf(other as RawAnswer),
        `${path} ${JSON.stringify(overrides)}`,
      )
    }
  }
})

t.test('versions of HTTP are those of the routes', async (t) => {
  const { port } = await serve(t)
  for (const [version, status] of [
    ['0.9', 400],
    ['1.0', 200],
    ['1.1', 200],
    ['2.0', 400],
  ] as const) {
    const request = requestOf('/invocations', object, 'connection: close\r\n')
    const [answer] = await exchange(port, request.replace('HTTP/1.1', `HTTP/${version}`))
    t.equal(answer?.status, status, version)
  }
})

t.test('requests one behind the other are answered in their order', async (t) => {
  const { port } = await serve(t)
  const one = requestOf('/invocations', object)
  const ping = 'GET /ping HTTP/1.1\r\nhost: x\r\n\r\n'
  const bad = requestOf('/invocations', '{}')
  const last = requestOf('/explain', object, 'connection: close\r\n')
  const answers = await exchange(
    port,
    one + ping + one + bad + requestOf('/invocations', object, BY_ROUTES) + last,
  )
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 400, 200, 200],
  )
  t.match(answers[0]?.body, /predicted_label/)
  t.equal(answers[1]?.body, '')
  t.equal(answers[2]?.body, answers[0]?.body)
  t.equal(answers[4]?.body, answers[0]?.body)
  t.match(answers[5]?.body, /shap_values/)
})

t.test('a body that comes after its headers, in pieces or not at all', async (t) => {
  const { port, lines } = await serve(t, { deadlineMs: 400 })
  const whole = requestOf('/invocations', object, 'connection: close\r\n')
  const { connect } = await import('node:net')
  const send = async (pieces: readonly string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let received = ''
    socket.on('data', (piece) => {
      received += piece
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    for (const piece of pieces) {
      socket.write(piece)
      await sleep(20)
    }
    await closed
    return received
  }
  const at = whole.indexOf('{')
  const [all, late, pieces, cut] = await Promise.all([
    send([whole]),
    send([whole.slice(0, at), whole.slice(at)]),
    send([whole.slice(0, 40), whole.slice(40, at + 5), whole.slice(at + 5)]),
    send([whole.slice(0, at + 5)]),
  ])
  const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n'))
  t.match(all, /^HTTP\/1\.1 200 /)
  t.equal(bodyOf(late), bodyOf(all))
  t.equal(bodyOf(pieces), bodyOf(all))
  t.match(cut, /^HTTP\/1\.1 408 /)
  t.equal(lines.filter((line) => line.includes('"status":200')).length, 3)
  t.equal(lines.filter((line) => line.includes('"status":408')).length, 1)
})

t.test('an answer that nobody reads is logged as lost', async (t) => {
  const { port, lines } = await serve(t)
  const { connect } = await import('node:net')
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  // Many answers that are not read, so that not all of them can be sent.
  const many = requestOf('/explain', object).repeat(500)
  for (let i = 0; i < 60; i++) socket.write(many)
  const lost = () => lines.filter((line) => line.includes('"status":499'))
  for (let i = 0; i < 100 && lines.length < 500; i++) await sleep(20)
  socket.resetAndDestroy()
  for (let i = 0; i < 100 && lost().length === 0; i++) await sleep(20)
  t.ok(lost().length > 0, 'some are lost')
  t.match(JSON.parse(lost()[0] as string), {
    method: 'POST',
    path: '/explain',
    status: 499,
    rows: 1,
    code: 'client_closed',
  })
})

t.test(
  'lines of the log are written together, in their order, and none is kept back',
  async (t) => {
    const written: string[] = []
    const stream = gatherLines({ write: (lines: string) => written.push(lines) > 0 })
    for (const line of ['a\n', 'b\n', 'c\n']) stream.write(line)
    t.strictSame(written, [], 'they wait')
    for (let i = 0; i < 100 && written.length === 0; i++) await sleep(5)
    t.strictSame(written, ['a\nb\nc\n'])
    stream.write('d\n')
    stream.flushSync()
    stream.flushSync()
    t.strictSame(written.slice(1), ['d\n'])
    stream.write('x'.repeat(1 << 20))
    t.equal(written.length, 3, 'many do not wait')
  },
)

t.test('ids of requests are UUIDs of version 4, each once', (t) => {
  const ids = Array.from({ length: 5000 }, nextRequestId)
  t.equal(new Set(ids).size, ids.length)
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.strictSame(
    ids.filter((id) => !uuid.test(id)),
    [],
  )
  t.end()
})

t.test('who may not ask is not answered', async (t) => {
  const access = {
    check({ headers }: IncomingMessage) {
      if (headers.authorization !== 'Bearer right')
        throw new InputError('unauthorized', 'send a valid token')
    },
    close: () => {},
  }
  const { port } = await serve(t, { access })
  const ask = async (headers: string) => {
    const body = requestOf('/invocations', object, `${headers}connection: close\r\n`)
    return (await exchange(port, body))[0]?.status
  }
  t.equal(await ask(''), 401)
  t.equal(await ask('authorization: Bearer wrong\r\n'), 401)
  t.equal(await ask('authorization: Bearer right\r\n'), 200)
})

t.test('while the service stops, one row is answered with an end to its connection', async (t) => {
  let isStopping = false
  const { port } = await serve(t, { isDraining: () => isStopping })
  isStopping = true
  const [answer] = await exchange(port, requestOf('/invocations', object))
  t.equal(answer?.status, 200)
  t.equal(answer?.headers.get('connection'), 'close')
})

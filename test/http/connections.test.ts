/** Connections from outside: refusals that can be read, deadlines that are told, and a log line for all that is lost. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { timeoutsOf } from '../../src/http/deadlines.ts'
import { buildTestApp, checkProblem, listen, passenger } from '../helper.ts'
import { open, type RawAnswer, readAnswer, requestOf } from '../load.ts'

const CSV = 'text/csv'
const small = requestOf('/invocations', CSV, passenger.csv)
type Overrides = Parameters<typeof buildTestApp>[1]

/** Returns a port that is listened on, and what is logged. */
async function serve(t: Test, overrides: Overrides = {}) {
  const lines: string[] = []
  const heard: (() => void)[] = []
  const write = (line: string) => {
    lines.push(line)
    for (const hear of heard.splice(0)) hear()
  }
  const logger = pino({ level: 'info' }, { write })
  const port = await listen(await buildTestApp(t, { ...overrides, logger }))
  /** Resolves with the first line that has a text. */
  const logged = async (text: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.includes(text))
      if (found !== undefined) return found
      await new Promise<void>((resolve) => heard.push(resolve))
    }
  }
  return { port, logged }
}

async function connectTo(t: Test, port: number): Promise<Socket> {
  const socket = await open(port)
  if (!socket) throw new Error('nobody listens')
  t.teardown(() => socket.destroy())
  return socket
}

function problemOf({ status, body, type }: RawAnswer) {
  return { status, type, body: body.toString() }
}

/** Writes everything before it reads anything, as a simple client does. */
async function writeThenRead(t: Test, port: number, head: string, body: Buffer) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  socket.pause()
  await once(socket, 'connect')
  const errors: string[] = []
  socket.on('error', ({ message }) => errors.push(message))
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`)
  await new Promise((resolve) => socket.write(body, resolve))
  t.strictSame(errors, [], 'everything can be written')
  return readAnswer(socket)
}

const refusals = [
  ['404 not_found', 'POST /nowhere', 'Content-Type: text/csv'],
  ['404 not_found', 'POST /models/m/invoke', 'Content-Type: text/csv'],
  ['405 method_not_allowed', 'POST /ping', 'Content-Type: text/csv'],
  ['405 method_not_allowed', 'PUT /invocations', 'Content-Type: text/csv'],
  ['406 not_acceptable', 'POST /invocations', 'Content-Type: text/csv\r\nAccept: image/png'],
  ['413 too_large', 'POST /invocations', 'Content-Type: text/csv'],
  ['415 unsupported_media_type', 'POST /invocations', 'Content-Type: text/xml'],
  ['415 unsupported_encoding', 'POST /explain', 'Content-Type: text/csv\r\nContent-Encoding: br'],
  ['400 duplicate_content_type', 'POST /explain', 'Content-Type: a/b\r\nContent-Type: text/csv'],
] as const

for (const [expected, line, headers] of refusals) {
  // More than the system keeps of what nobody reads; one as much as it likes.
  const large = expected === '413 too_large' ? 50 : 12
  t.test(`${line}: ${expected} can be read after 1 and ${large} MB, whoever closes`, async (t) => {
    const { port } = await serve(t, { maxBodyBytes: 1000 })
    for (const megabytes of [1, large]) {
      for (const connection of ['Connection: close\r\n', '']) {
        const head = `${line} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${connection}`
        const answer = await writeThenRead(t, port, head, Buffer.alloc(megabytes << 20, '1'))
        const [status, code] = expected.split(' ')
        checkProblem(t, problemOf(answer), Number(status), code as 'not_found')
      }
    }
  })
}

t.test('what a deadline leaves to the other limits', (t) => {
  for (const deadlineMs of [1, 55_000, 595_000, 86_400_000]) {
    const { headersTimeout, requestTimeout, keepAliveTimeout, connectionTimeout } =
      timeoutsOf(deadlineMs)
    t.ok(requestTimeout > deadlineMs, 'the deadline answers first')
    t.ok(headersTimeout <= requestTimeout, 'as Node wants it')
    t.ok(keepAliveTimeout > 60_000, 'longer than load balancers keep connections')
    t.ok(connectionTimeout > keepAliveTimeout)
  }
  t.end()
})

t.test(
  'a body that does not arrive is refused at the deadline, on a kept connection too',
  async (t) => {
    const { port, logged } = await serve(t, { deadlineMs: 300 })
    for (const requestsBefore of [0, 2]) {
      const socket = await connectTo(t, port)
      for (let i = 0; i < requestsBefore; i++) {
        socket.write(small)
        t.match(await readAnswer(socket), { status: 200, closes: false })
      }
      socket.write(small.subarray(0, -3))
      const answer = await readAnswer(socket)
      checkProblem(t, problemOf(answer), 408, 'request_timeout', /0\.3 s/)
      t.ok(answer.closes)
    }
    t.match(JSON.parse(await logged('"msg":"request"')), {
      status: 408,
      path: '/invocations',
      code: 'request_timeout',
    })
  },
)

t.test('an answer that takes too long is given up at the deadline', async (t) => {
  const pool = createJobPool(1)
  t.teardown(() => pool.close())
  const limits = { maxRows: 100_000, maxAnswerBytes: 1 << 30 }
  const { port, logged } = await serve(t, { pool, limits, deadlineMs: 1, maxBodyBytes: 1 << 26 })
  const socket = await connectTo(t, port)
  // Packed it arrives whole with its headers: the deadline cannot come before its end.
  const packed = gzipSync(`${passenger.csv}\n`.repeat(20_000))
  const head = `POST /explain?method=tree_interventional HTTP/1.1\r\nHost: x\r\nContent-Type: ${CSV}\r\n`
  const encoded = `Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(head + encoded), packed]))
  const answer = await readAnswer(socket)
  checkProblem(t, problemOf(answer), 503, 'timeout', /0\.001 s; send fewer rows/)
  t.match(JSON.parse(await logged('"msg":"request"')), {
    status: 503,
    path: '/explain',
    code: 'timeout',
  })
})

t.test('an answer that nobody waits for is logged as lost', async (t) => {
  const pool = createJobPool(1)
  t.teardown(() => pool.close())
  const limits = { maxRows: 100_000, maxAnswerBytes: 1 << 30 }
  const rows = `${passenger.csv}\n`.repeat(20_000)
  const large = { pool, limits, maxBodyBytes: 1 << 26, bodyBudget: 1 << 28 }
  const computed = requestOf('/explain?method=tree_interventional', CSV, rows)
  const sent = requestOf('/invocations', CSV, `${passenger.csv}\n`.repeat(90_000))
  const closed = { status: 499, code: 'client_closed' }
  // A body that ends early may still be answered in time.
  const cut = { status: /^4(00|99)$/ }
  const cases: [name: string, request: Buffer, untilSent: boolean, line: object][] = [
    ['while the body arrives', small.subarray(0, -3), false, cut],
    ['while it is computed', computed, false, closed],
    ['while it is sent', sent, true, closed],
  ]
  for (const [name, request, untilSent, expected] of cases) {
    const { port, logged } = await serve(t, large)
    const socket = await connectTo(t, port)
    await new Promise((resolve) => socket.write(request, resolve))
    if (untilSent) await once(socket, 'data')
    if (untilSent) socket.resetAndDestroy()
    else socket.destroy()
    const line = JSON.parse(await logged('"msg":"request"')) as Record<string, unknown>
    t.match(line, { method: 'POST', ...expected }, name)
  }
})

t.test('what is not HTTP is answered behind the answers before it', async (t) => {
  const { port } = await serve(t)
  const socket = await connectTo(t, port)
  socket.write(small)
  t.match(await readAnswer(socket), { status: 200, closes: false })
  socket.write(Buffer.concat([small, small, Buffer.from('nonsense\r\n\r\n')]))
  t.match(await readAnswer(socket), { status: 200 })
  t.match(await readAnswer(socket), { status: 200 })
  const answer = await readAnswer(socket)
  checkProblem(t, problemOf(answer), 400, 'invalid_request')
  t.ok(answer.closes)
})

t.test('a body that is no body is answered on a kept connection', async (t) => {
  const { port, logged } = await serve(t)
  const socket = await connectTo(t, port)
  socket.write(small)
  t.match(await readAnswer(socket), { status: 200, closes: false })
  const head = 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n'
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nnonsense\r\n`)
  checkProblem(t, problemOf(await readAnswer(socket)), 400, 'invalid_request', /HTTP/)
  t.match(JSON.parse(await logged('"status":400')), { code: 'invalid_request' })
})

t.test('headers over the limit are refused readably, however much follows', async (t) => {
  const { port } = await serve(t)
  const head = `POST /invocations HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n`
  const answer = await writeThenRead(t, port, head, Buffer.alloc(8 << 20, '1'))
  checkProblem(t, problemOf(answer), 431, 'too_many_headers')
})

t.test('refusals leave nothing behind on a kept connection', async (t) => {
  const app = await buildTestApp(t)
  const port = await listen(app)
  const accepted = once(app.server, 'connection')
  const socket = await connectTo(t, port)
  const [peer] = (await accepted) as [Socket]
  const body = '1'.repeat(60_000)
  const refused = `POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`
  const listeners = () => peer.listenerCount('close')
  socket.write(small)
  t.equal((await readAnswer(socket)).status, 200)
  const before = listeners()
  for (let i = 0; i < 20; i++) {
    // The rest comes when the answer is there: until then it is watched.
    socket.write(refused)
    t.equal((await readAnswer(socket)).status, 404)
    socket.write(body)
  }
  socket.write(small)
  t.equal((await readAnswer(socket)).status, 200)
  while (listeners() > before) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(listeners(), before)
})

const expecting = 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n'

t.test('H14 nobody is told to send a body that is refused', async (t) => {
  const { port } = await serve(t, { maxBodyBytes: 1000 })
  for (const [head, status] of [
    [`${expecting}Content-Length: 1001\r\n`, 413],
    [`${expecting}Accept: image/png\r\nContent-Length: 10\r\n`, 406],
    [`${expecting.replace('text/csv', 'text/xml')}Content-Length: 10\r\n`, 415],
    [`${expecting.replace('/invocations', '/nowhere')}Content-Length: 10\r\n`, 404],
  ] as const) {
    const socket = await connectTo(t, port)
    socket.write(`${head}Expect: 100-continue\r\n\r\n`)
    t.equal((await readAnswer(socket)).status, status, `${status} at once`)
  }
})

t.test('H15 whoever asks is told to send the body when it is his turn', async (t) => {
  const { port } = await serve(t)
  const head = `${expecting}Content-Length: ${passenger.csv.length}\r\nExpect: 100-continue\r\n\r\n`
  const socket = await connectTo(t, port)
  for (const before of [0, 1, 3]) {
    socket.write(Buffer.concat([...new Array<Buffer>(before).fill(small), Buffer.from(head)]))
    for (let i = 0; i < before; i++) t.equal((await readAnswer(socket)).status, 200)
    const invitation = await readAnswer(socket)
    t.match(invitation, { status: 100, body: Buffer.alloc(0) })
    socket.write(passenger.csv)
    t.equal((await readAnswer(socket)).status, 200, `behind ${before} others`)
  }
  // Whoever does not wait needs no invitation.
  socket.write(Buffer.from(`${head}${passenger.csv}`))
  t.equal((await readAnswer(socket)).status, 200)
})

t.test('H42 whoever ends his stream behind a request still reads the answers', async (t) => {
  const { port } = await serve(t)
  const packed = gzipSync(passenger.csv)
  const head = `${expecting}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`
  // What is packed is not answered at once.
  const request = Buffer.concat([Buffer.from(head), packed])
  for (const count of [1, 3]) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    const ended = once(socket, 'end')
    socket.end(Buffer.concat(new Array<Buffer>(count).fill(request)))
    for (let i = 0; i < count; i++) t.equal((await readAnswer(socket)).status, 200)
    socket.resume()
    await ended
  }
})

/** Answers that are sent block by block: the same bytes as at once, at the client's pace, cut off where they must end. */
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { buildTestApp, checkProblem, listen, passenger, post } from '../helper.ts'

const CSV = 'text/csv'
const limits = { maxRows: 1e6, maxAnswerBytes: 1 << 20, maxSeconds: 50 }
/** More than the event loop reads by itself. */
const rows = (count: number) => `${passenger.csv}\n`.repeat(count)

const pool = createJobPool(1)
t.teardown(() => pool.close())

/** Returns an application with one worker that answers in small blocks. */
async function buildWithWorker(
  t: Test,
  options: Partial<Parameters<typeof buildTestApp>[1]> = {},
): Promise<FastifyInstance> {
  const budget = { maxBodyBytes: 4 << 20, bodyBudget: 6 << 20 }
  return buildTestApp(t, { ...budget, limits, pool, blockBytes: 1 << 14, ...options })
}

t.test('an answer in blocks is the answer at once', async (t) => {
  const app = await buildWithWorker(t)
  const plain = await buildTestApp(t, { limits: { ...limits, maxAnswerBytes: 1e9 } })
  const half = rows(1500)
  for (const [url, accept] of [
    ['/invocations', 'application/json'],
    ['/invocations', CSV],
    ['/invocations', 'application/x-npy'],
    ['/explain', 'application/json'],
    ['/explain', CSV],
    ['/explain?output=all&top=2', 'application/jsonlines'],
  ] as const) {
    const answer = await post(app, url, CSV, half + half, { accept })
    t.equal(answer.statusCode, 200, `${url} ${accept}`)
    t.equal(answer.headers['content-type'], accept)
    // Small bodies are answered at once.
    const small = await post(plain, url, CSV, rows(1400), { accept })
    const large = await post(app, url, CSV, rows(1400), { accept })
    t.ok(small.rawPayload.equals(large.rawPayload), `${url} ${accept}`)
    if (accept !== 'application/x-npy') t.ok(answer.rawPayload.length > 2 * small.rawPayload.length)
  }
})

t.test('the last row of a large body is checked before the first answer leaves', async (t) => {
  const app = await buildWithWorker(t)
  const answer = await post(app, '/invocations', CSV, `${rows(20_000)}3,x,male,old,0,0\n`)
  checkProblem(t, answer, 400, 'invalid_number', /^row 20001, column "Age"/)
})

t.test('the memory of every body is given back', async (t) => {
  const app = await buildWithWorker(t, { maxBodyBytes: 1 << 20, bodyBudget: 1 << 20 })
  // More than half of the budget.
  const body = rows(20_000)
  for (let i = 0; i < 4; i++) {
    t.equal((await post(app, '/invocations', CSV, body, { accept: CSV })).statusCode, 200)
    const answer = await post(app, '/invocations', CSV, `${body}x\n`)
    t.equal(answer.statusCode, 400)
  }
})

/** Asks for a large answer over a socket. */
async function ask(port: number) {
  const body = rows(60_000)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `POST /explain HTTP/1.1\r\nHost: x\r\nContent-Type: ${CSV}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const received: Buffer[] = []
  await new Promise<void>((resolve) => {
    socket.once('data', (piece) => {
      received.push(piece)
      socket.pause()
      resolve()
    })
  })
  return { socket, received }
}

t.test('a client that leaves ends the work on its answer', async (t) => {
  const app = await buildWithWorker(t)
  const { socket } = await ask(await listen(app))
  socket.destroy()
  // There is one worker: it answers the next request because it does not go on with this one.
  t.equal((await post(app, '/invocations', CSV, rows(3000))).statusCode, 200)
})

t.test('a client that does not read holds a worker no longer than the deadline', async (t) => {
  const app = await buildWithWorker(t, { deadlineMs: 3000 })
  const { socket, received } = await ask(await listen(app))
  const connections = () =>
    new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)))
  while ((await connections()) > 0) await setTimeout(50)
  // There is one worker.
  const other = await buildWithWorker(t)
  t.equal((await post(other, '/invocations', CSV, rows(3000))).statusCode, 200)
  socket.on('data', (piece: Buffer) => received.push(piece))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await closed
  const text = Buffer.concat(received).toString('latin1')
  t.match(text, /^HTTP\/1.1 200 OK/)
  t.notMatch(text.slice(-7), /0\r\n\r\n$/, 'no end that would make it look whole')
})

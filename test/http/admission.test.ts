/** Requests for which there is no room, or whose headers are refused: answered before their bodies come. */

import type { Socket } from 'node:net'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { buildTestApp, listen, passenger } from '../helper.ts'
import { open, readAnswer, requestOf } from '../load.ts'

const CSV = 'text/csv'
const limits = { maxRows: 100_000, maxAnswerBytes: 1 << 30, maxSeconds: 1000 }

/** Returns a port and its log, whose one worker explains while as many explanations wait as may. */
async function serveBusy(t: Test) {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  const pool = createJobPool(1)
  const options = { pool, limits, maxBodyBytes: 1 << 24, bodyBudget: 1 << 26, logger }
  const port = await listen(await buildTestApp(t, options))
  const body = `${passenger.csv}\n`.repeat(20_000)
  const busy = requestOf('/explain?method=tree_interventional', CSV, body)
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

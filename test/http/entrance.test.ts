/** Requests enter a few at a time: what is cheap goes before them, and who leaves meanwhile is told of. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { InputError } from '../../src/errors.ts'
import { markArrived, openExchanges, trackConnections } from '../../src/http/connections.ts'
import { enterInRounds, type Unrouted } from '../../src/http/entrance.ts'
import { refuseExchange } from '../../src/http/late-answers.ts'
import { createRequestLog } from '../../src/http/request-log.ts'
import { open, readAnswer, requestOf } from '../load.ts'

const POSTS = 8

/** Starts a server that needs longer for every request than a round has, and notes in which order they come. */
async function serve(t: Test) {
  const order: string[] = []
  const unrouted: Unrouted[] = []
  const lines: string[] = []
  const logger = pino({}, { write: (line) => void lines.push(line) })
  const log = createRequestLog(logger, undefined, [])
  const server = createServer()
  const connections = trackConnections(server, (exchange, cut) =>
    exchange.answered?.log(exchange, cut ?? 'client_closed'),
  )
  const next: RequestListener = (request, response) => {
    order.push(request.url as string)
    for (const until = performance.now() + 5; performance.now() < until; );
    response.end('x')
  }
  const { enter, open: openTo } = enterInRounds(connections, (told) => {
    unrouted.push(told)
    log.unrouted(told)
  })
  openTo(next)
  /** Resolves when so many requests have come. */
  let come = 0
  let tell = () => {}
  const all = new Promise<void>((resolve) => {
    tell = resolve
  })
  server.on('request', (request, response) => {
    process.nextTick(markArrived, connections.of(request.socket)!, request)
    enter(request, response)
    if (++come === POSTS) tell()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const opened = await Promise.all(Array.from({ length: POSTS + 1 }, () => open(port)))
  const [asking, ...sockets] = opened as [Socket, ...Socket[]]
  t.teardown(() => {
    for (const socket of opened) socket?.destroy()
  })
  // The system has taken them; the server accepts one after the other.
  while (connections.count <= POSTS) await new Promise(setImmediate)
  return { order, unrouted, lines, connections, all, sockets, asking }
}

const post = (i: number) => requestOf(`/${i}`, 'text/csv', 'x', `x-request-id: caller-${i}\r\n`)

t.test('a question for health does not stand behind all others', async (t) => {
  const { order, unrouted, sockets, asking } = await serve(t)
  const answers = [...sockets, asking].map(readAnswer)
  for (const [i, socket] of sockets.entries()) socket.write(post(i))
  asking.write('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n')
  for (const { status } of await Promise.all(answers)) t.equal(status, 200)
  t.ok(order.indexOf('/ping') <= 2, `${order}`)
  const posts = order.filter((url) => url !== '/ping')
  t.strictSame(
    posts,
    [0, 1, 2, 3, 4, 5, 6, 7].map(String).map((i) => `/${i}`),
    'in their order',
  )
  t.strictSame(unrouted, [])
})

t.test('who left or was answered meanwhile is told of, and never comes', async (t) => {
  const { order, unrouted, lines, connections, all, sockets } = await serve(t)
  const answers = sockets.map((socket) => readAnswer(socket).catch(() => undefined))
  for (const [i, socket] of sockets.entries()) socket.write(post(i))
  await all
  const held = [...connections.all].filter((one) => openExchanges(one).length > 0)
  const [gone, late] = held.slice(-2)
  gone!.socket.destroy()
  refuseExchange(openExchanges(late!)[0]!, new InputError('timeout', 'too late'), false)
  const got = await Promise.all(answers)
  const statuses = got.map((answer) => answer?.status)
  t.equal(statuses.filter((status) => status === 200).length, POSTS - 2)
  t.equal(statuses.filter((status) => status === 503).length, 1)
  t.equal(order.length, POSTS - 2)
  const told = unrouted.map(({ status, code }) => ({ status, code }))
  t.match(
    told.sort((a, b) => (a.status ?? 0) - (b.status ?? 0)),
    [
      { status: undefined, code: 'client_closed' },
      { status: 503, code: 'timeout' },
    ],
  )
  const refused = got.find((answer) => answer?.status === 503)!
  const { instance } = JSON.parse(refused.body.toString())
  const line = JSON.parse(lines.find((line) => line.includes('"timeout"'))!)
  t.equal(instance, `urn:uuid:${line.reqId}`, 'one id in the answer and in the log')
  t.match(line, { method: 'POST', status: 503, code: 'timeout', request_id: /^caller-\d$/ })
  t.match(refused.head, `\r\nx-request-id: ${line.request_id}\r\n`, 'and the one of its caller')
})

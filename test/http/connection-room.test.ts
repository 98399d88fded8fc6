/** Many connections: those that nobody uses give way, and health is answered whatever the others do. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { RoomLimits } from '../../src/http/connection-room.ts'
import { connectionsOf } from '../../src/http/connections.ts'
import { listenOn } from '../../src/http/listen.ts'
import { buildTestApp, listen } from '../helper.ts'

const MOST = 32
const PING = 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'
const HALF = 'POST /invocations HTTP/1.1\r\nHost: x\r\n'
const HEAD = `${HALF}Content-Type: text/csv\r\nContent-Length: 500\r\n\r\n`
const atOnce = { most: MOST, freshMs: 0, bodyMs: 0 }
const never = { most: MOST, freshMs: 1e9, bodyMs: 1e9 }

async function serve(t: Test, connectionLimits: RoomLimits) {
  const lines: string[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => void lines.push(line) } }
  const { pino } = await import('pino')
  const app = await buildTestApp(t, {
    connectionLimits,
    logger: pino({ level: logger.level }, logger.stream) as never,
  })
  const port = await listen(app)
  const connections = connectionsOf(app.server)
  const seen = async (bytes: number) => {
    const all = () => [...(connections?.all ?? [])]
    while (all().some(({ socket, isEnding }) => !isEnding && socket.bytesRead < bytes))
      await sleep(1)
  }
  return { port, lines, seen, count: () => connections?.count ?? 0 }
}

interface Client {
  readonly socket: Socket
  text: string
  isClosed: boolean
}

/** Opens a connection over which so much is sent. */
async function open(t: Test, port: number, sent: string): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  const client: Client = { socket, text: '', isClosed: false }
  socket.on('data', (piece) => {
    client.text += piece
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    client.isClosed = true
  })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  if (sent !== '') socket.write(sent)
  return client
}

async function statusOf(client: Client): Promise<string | undefined> {
  while (!client.text.includes('\r\n\r\n') && !client.isClosed) await sleep(1)
  return /^HTTP\/1.1 (\d+)/.exec(client.text)?.[1]
}

t.test('idle connections give way, the oldest first, and the log tells once', async (t) => {
  const { port, lines, count } = await serve(t, atOnce)
  const clients: Client[] = []
  for (let i = 0; i < 40; i++) {
    const client = await open(t, port, PING)
    t.equal(await statusOf(client), '200')
    clients.push(client)
  }
  while (!clients[4]?.isClosed) await sleep(1)
  const others = clients.filter(({ text }) => !/connection: close/i.test(text))
  t.ok(others.length < 40, 'some are told to close')
  const left = others.findIndex(({ isClosed }) => !isClosed)
  t.ok(left >= 4 && others.slice(left).every(({ isClosed }) => !isClosed), 'the oldest are closed')
  t.ok(count() <= MOST, `${count()} are open`)
  t.match(clients.at(-1)?.text, /connection: close/i, 'the last one is told to close')
  t.notMatch(clients[0]?.text, /connection: close/i)
  t.equal(lines.filter((line) => line.includes('too many connections')).length, 1)
})

for (const [name, sent] of [
  ['without a byte', ''],
  ['with half a request', HALF],
  ['with a body that does not come', HEAD],
] as const) {
  t.test(`connections ${name} give way`, async (t) => {
    const { port, seen } = await serve(t, atOnce)
    const clients: Client[] = []
    for (let i = 0; i < MOST + 3; i++) {
      clients.push(await open(t, port, sent))
      await seen(sent.length)
    }
    t.equal(await statusOf(await open(t, port, PING)), '200')
    const first = clients[0] as Client
    if (sent === '') while (!first.isClosed) await sleep(1)
    else t.equal(await statusOf(first), '503', 'whoever has begun is told')
    t.notOk(clients.at(-1)?.isClosed, 'the last one is not')
  })
}

t.test('where all are in use, health is answered and others are told to try again', async (t) => {
  const { port, lines } = await serve(t, never)
  for (let i = 0; i < MOST; i++) await open(t, port, HEAD)
  const ping = await open(t, port, PING)
  t.equal(await statusOf(ping), '200')
  const asking = await open(t, port, HEAD)
  t.equal(await statusOf(asking), '503')
  t.match(asking.text, /retry-after: 1/i)
  t.match(asking.text, /connection: close/i)
  t.equal(lines.length, 1)
})

t.test('all listeners of a server have one limit together', async (t) => {
  const app = await buildTestApp(t, { connectionLimits: never })
  await app.ready()
  const place = { host: '127.0.0.1', port: 0 }
  const listening = await listenOn(place, app.server, () =>
    createServer((socket) => app.server.emit('connection', socket)),
  )
  await listening.openDoors()
  t.teardown(() => {
    for (const listener of listening.servers) listener.close()
  })
  const { port } = app.server.address() as AddressInfo
  const clients: Client[] = []
  for (let i = 0; i < 2 * MOST; i++) clients.push(await open(t, port, ''))
  const limit = MOST + MOST / 8
  while (clients.filter(({ isClosed }) => !isClosed).length > limit) await sleep(1)
  t.equal(connectionsOf(app.server)?.count, limit)
})

t.test(
  'a burst of connections shuts the door to nobody once they are not fresh any more',
  async (t) => {
    const freshMs = 500
    const { port, count } = await serve(t, { most: MOST, freshMs, bodyMs: 1e9 })
    const burst = await Promise.all(Array.from({ length: 2 * MOST }, () => open(t, port, '')))
    t.equal(burst.length, 2 * MOST)
    await sleep(3 * freshMs)
    for (let i = 0; i < 5; i++) {
      const client = await open(t, port, PING)
      t.equal(await statusOf(client), '200')
    }
    t.ok(count() <= MOST + MOST / 8 + 1, 'and they are still bounded')
  },
)

/** A thousand clients that send a byte a second, half of them headers and half of them a body, beside normal ones. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../../test/load.ts'
import { printUnexpected, startTally } from './latencies.ts'
import { asking, closedLoop } from './load.ts'
import { trainModel } from './models.ts'
import { aim, must, mustReach, type Part, tell } from './part.ts'
import { startServer } from './server.ts'

const EACH = 500
const NORMAL = 4
const EVERY_MS = 1000
/** Headers have 10 s, looked at once a second, and the machine half a second; a body has the deadline. */
const HEADER_MS = 11_500
const DEADLINE_MS = 55_000
const TOLERANCE_MS = 1000
/** Beside the slow clients' time: the normal ones alone, before, and connecting. */
const AROUND_S = 15

interface Slow {
  readonly socket: Socket
  readonly began: number
  /** When the server had closed it, in milliseconds from its beginning. */
  closedAfter: number | undefined
  answered: boolean
}

async function connectSlow(port: number, head: string): Promise<Slow | undefined> {
  const socket = await open(port).catch(() => undefined)
  if (!socket) return undefined
  const client: Slow = {
    socket,
    began: performance.now(),
    closedAfter: undefined,
    answered: false,
  }
  socket.on('data', (piece: Buffer) => {
    client.answered ||= piece.toString('latin1').startsWith('HTTP/1.1 408')
  })
  const ended = () => {
    client.closedAfter ??= performance.now() - client.began
    socket.destroy()
  }
  socket.on('end', ended)
  socket.on('close', ended)
  socket.write(head)
  return client
}

async function connectAll(port: number, head: string): Promise<Slow[]> {
  const clients: Slow[] = []
  for (let i = 0; i < EACH; i++) {
    const client = await connectSlow(port, head)
    if (client) clients.push(client)
  }
  return clients
}

/** Sends a byte a second on every connection that is open, for a time. */
async function dribble(clients: readonly Slow[], seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    for (const { socket } of clients) if (socket.writable) socket.write('a')
    await sleep(EVERY_MS)
  }
}

export const slow: Part = {
  what: `${2 * EACH} slow clients: closed in time, others do not notice`,
  seconds: 75,
  async run({ cli, seconds, directory }) {
    const deadline = Math.min(DEADLINE_MS, Math.max(2000, (seconds - AROUND_S) * 1000))
    const flags = ['--deadline-ms', String(deadline)]
    const server = await startServer({ cli, modelDir: trainModel(cli, directory, 'forest'), flags })
    try {
      const { port } = server
      const row = asking('normal', '/invocations', 'text/csv', '1.5,2.5,3.5')
      const alone = startTally()
      await closedLoop(port, NORMAL, 2, () => row)
      await closedLoop(port, NORMAL, 3, () => row, alone.add)
      const before = server.readDescriptors()
      const headers = await connectAll(port, 'POST /invocations HTTP/1.1\r\nhost: x\r\nx-slow: ')
      const bodies = await connectAll(
        port,
        'POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 1000\r\n\r\n',
      )
      const slow = [...headers, ...bodies]
      const tally = startTally()
      const time = Math.max(HEADER_MS, deadline) / 1000 + 3
      await Promise.all([dribble(slow, time), closedLoop(port, NORMAL, time, () => row, tally.add)])
      printUnexpected(tally)
      const wrong = [...tally.unexpected.values()].reduce((sum, count) => sum + count, 0)
      const longest = (clients: readonly Slow[]) =>
        Math.max(...clients.map(({ closedAfter }) => closedAfter ?? Number.POSITIVE_INFINITY))
      const figures = [
        mustReach('slow clients connected', slow.length, 2 * EACH),
        must('normal requests that failed', wrong, 0),
        tell('normal requests answered', tally.count - wrong),
        tell('normal p99 alone', alone.quantileOf(200, 0.99), 'ms'),
        tell('normal p99 beside', tally.quantileOf(200, 0.99), 'ms'),
        aim(
          'normal p99 beside, times alone',
          tally.quantileOf(200, 0.99) / alone.quantileOf(200, 0.99),
          2,
        ),
        must('slow headers closed after at most', longest(headers) / 1000, HEADER_MS / 1000, 's'),
        must(
          'slow bodies closed after at most',
          longest(bodies) / 1000,
          (deadline + TOLERANCE_MS) / 1000,
          's',
        ),
        mustReach('told 408', slow.filter(({ answered }) => answered).length, slow.length),
        must('descriptors left', server.readDescriptors() - before, 5),
      ]
      for (const { socket } of slow) socket.destroy()
      return figures
    } finally {
      await server.stop()
    }
  },
}

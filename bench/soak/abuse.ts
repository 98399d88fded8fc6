/** Every abusive body a hundred times: what is answered, and how memory stands afterwards and meanwhile. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, requestOf } from '../../test/load.ts'
import { type Abuse, BODY_LIMIT, makeAbuses } from './abusive.ts'
import { asking, send } from './load.ts'
import { trainModel } from './models.ts'
import { type Figure, must, mustBe, type Part } from './part.ts'
import { type Server, startServer } from './server.ts'

const TIMES = 100
const MOST_GROWTH = 8
/** Sockets that announce a whole body and send nothing of it. */
const ANNOUNCING = 11
const MIB = 1 << 20

/** Sends a request once; returns the status, or undefined of one that is given up. */
export async function sendAbuse(
  port: number,
  { ask, abandoned }: Abuse,
): Promise<{ status: number; isExpected: boolean; why: string }> {
  if (ask) {
    const { outcome, socket } = await send(port, ask)
    socket?.destroy()
    const { status, why } = outcome
    return { status, isExpected: ask.expected.includes(status), why }
  }
  const socket = await open(port)
  if (!socket) return { status: 0, isExpected: false, why: 'refused' }
  socket.write(abandoned as Buffer)
  await sleep(20)
  socket.destroy()
  return { status: 0, isExpected: true, why: '' }
}

async function repeatAbuse(server: Server, abuse: Abuse, seconds: number): Promise<Figure[]> {
  await sendAbuse(server.port, abuse)
  await server.collect()
  const before = server.readMemory().rss
  server.resetPeak()
  const end = performance.now() + seconds * 1000
  let wrong = 0
  let times = 0
  for (; times < TIMES && performance.now() < end; times++) {
    const { status, isExpected, why } = await sendAbuse(server.port, abuse)
    if (isExpected) continue
    wrong++
    if (wrong === 1) console.log(`${abuse.name}: ${status} ${why}`)
  }
  const { peak } = server.readMemory()
  await server.collect()
  const { rss } = server.readMemory()
  const what = `${abuse.name}, ${times} times`
  return [
    must(`${what}: wrong answers`, wrong, 0),
    must(`${what}: memory, growth`, (rss - before) / MIB, MOST_GROWTH, 'MiB'),
    must(`${what}: memory, peak above`, (peak - before) / MIB, (4 * BODY_LIMIT) / MIB, 'MiB'),
  ]
}

/** Whether a small request is answered while others announce bodies that never come. */
async function announce(server: Server): Promise<Figure> {
  const head = requestOf('/invocations', 'text/csv', '').toString()
  const whole = Buffer.from(head.replace('length: 0', `length: ${BODY_LIMIT}`))
  const opened: (Socket | undefined)[] = await Promise.all(
    Array.from({ length: ANNOUNCING }, () => open(server.port)),
  )
  for (const socket of opened) socket?.write(whole)
  await sleep(200)
  const { outcome, socket } = await send(
    server.port,
    asking('small', '/invocations', 'text/csv', '1,2,3'),
  )
  socket?.destroy()
  for (const one of opened) {
    one?.destroy()
    if (one && !one.closed) await once(one, 'close')
  }
  const what = `status of a small body while ${ANNOUNCING} sockets announce 25 MiB`
  return mustBe(what, outcome.status, 200)
}

export const abuse: Part = {
  what: `every abusive body ${TIMES} times: refused, in bounded memory`,
  seconds: 600,
  async run({ cli, seconds, directory }) {
    const modelDir = trainModel(cli, directory, 'forest')
    const server = await startServer({ cli, modelDir, flags: ['--log-level', 'fatal'] })
    try {
      const abuses = makeAbuses()
      const figures: Figure[] = []
      for (const abuse of abuses) {
        if (server.isAlive())
          figures.push(...(await repeatAbuse(server, abuse, seconds / abuses.length)))
      }
      figures.push(await announce(server))
      const { outcome, socket } = await send(
        server.port,
        asking('after', '/invocations', 'text/csv', '1,2,3'),
      )
      socket?.destroy()
      return [...figures, mustBe('status of a good request afterwards', outcome.status, 200)]
    } finally {
      await server.stop()
    }
  },
}

/** Every abusive body a hundred times: what is answered, and how memory stands afterwards and meanwhile. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, requestOf } from '../../test/load.ts'
import { type Abuse, BODY_LIMIT, makeAbuses } from './abusive.ts'
import { asking, send } from './load.ts'
import { trainModel } from './models.ts'
import { type Figure, must, mustBe, type Part } from './part.ts'
import { IMAGE_ENV, type Server, startServer } from './server.ts'

const TIMES = 100
const MOST_GROWTH = 8
const MIB = 1 << 20
/** How often the memory is looked at meanwhile, and how long an idle server has to give back what it needs no more. */
const LOOKS = 4
const IDLE_MS = 1500
/** Bodies that are announced and never come, the largest first: together they leave no memory that is set aside. */
const announced = [BODY_LIMIT, 4 * MIB, MIB, MIB / 16].flatMap((bytes) =>
  new Array<number>(16).fill(bytes),
)

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

/** Returns the resident bytes of a server that has had nothing to do for a moment. */
async function readIdle(server: Server): Promise<number> {
  await sleep(IDLE_MS)
  return server.readMemory().rss
}

async function repeatAbuse(server: Server, abuse: Abuse, seconds: number): Promise<Figure[]> {
  await sendAbuse(server.port, abuse)
  const before = await readIdle(server)
  server.resetPeak()
  const end = performance.now() + seconds * 1000
  const series: number[] = []
  let rss = before
  let wrong = 0
  let times = 0
  while (times < TIMES && performance.now() < end) {
    const { status, isExpected, why } = await sendAbuse(server.port, abuse)
    times++
    if (!isExpected && wrong++ === 0) console.log(`${abuse.name}: ${status} ${why}`)
    if (times % (TIMES / LOOKS) > 0) continue
    rss = await readIdle(server)
    series.push(rss)
  }
  if (times % (TIMES / LOOKS) > 0) rss = await readIdle(server)
  const { peak } = server.readMemory()
  const what = `${abuse.name}, ${times} times`
  const mebibytes = [before, ...series].map((bytes) => (bytes / MIB).toFixed(0)).join(', ')
  return [
    must(`${what}: wrong answers`, wrong, 0),
    must(`${what}: memory, growth (${mebibytes})`, (rss - before) / MIB, MOST_GROWTH, 'MiB'),
    must(`${what}: memory, peak above`, (peak - before) / MIB, (4 * BODY_LIMIT) / MIB, 'MiB'),
  ]
}

/** Whether small requests are answered while others announce bodies that never come. */
async function announce(server: Server): Promise<Figure> {
  const head = requestOf('/invocations', 'text/csv', '').toString()
  const opened: Socket[] = []
  for (const bytes of announced) {
    const socket = await open(server.port)
    if (!socket) continue
    opened.push(socket)
    socket.write(head.replace('length: 0', `length: ${bytes}`))
  }
  await sleep(200)
  const { outcome, socket } = await send(
    server.port,
    asking('small', '/invocations', 'text/csv', '1.5,2.5,3.5\n'.repeat(5000)),
  )
  socket?.destroy()
  for (const one of opened) {
    one.destroy()
    if (!one.closed) await once(one, 'close')
  }
  const what = `status of a body of 60 KB while ${announced.length} sockets announce larger ones`
  return mustBe(what, outcome.status, 200)
}

export const abuse: Part = {
  what: `every abusive body ${TIMES} times: refused, in bounded memory`,
  seconds: 600,
  async run({ cli, seconds, directory }) {
    const modelDir = trainModel(cli, directory, 'forest')
    const server = await startServer({
      cli,
      modelDir,
      flags: ['--log-level', 'fatal'],
      env: IMAGE_ENV,
    })
    try {
      const abuses = makeAbuses()
      const figures: Figure[] = []
      for (const abuse of abuses) {
        if (server.isAlive())
          figures.push(...(await repeatAbuse(server, abuse, seconds / abuses.length)))
      }
      figures.push(await announce(server))
      await sleep(1000)
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

/** Clients that take their time or leave: how long the server waits for each, and what it has left afterwards. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, requestOf } from '../../test/load.ts'
import { freePort } from '../free-port.ts'
import { IMAGE_ENV, type Server, startServer } from '../soak/server.ts'
import { exchange } from './wire.ts'

const ping = 'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'
const start = 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n'
/** Limits of the server, in seconds: headers, a request with its answer, an unused connection. */
const DEADLINE = 20
const LIMITS = { headers: 10, body: DEADLINE, unused: 72 } as const
/** Limits are looked at once a second, by a machine that fuzzes meanwhile. */
const LATE = 2.5
const UPLOADS = 2000
const AT_ONCE = 50
const MIB = 1 << 20
const MOST_GROWTH = 4
/** A computation ends so soon after its client has left. */
const LEFT_MS = 250
/** As many descriptors as a server in trouble may have, and more clients than those. */
const DESCRIPTORS = 128
const CLIENTS = 300

/** Returns what is wrong, or undefined. */
type Check = (server: Server) => Promise<string | undefined>

interface Ended {
  readonly seconds: number
  readonly text: string
}

async function connected(port: number): Promise<Socket> {
  const socket = await open(port)
  if (!socket) throw new Error('nobody listens')
  return socket
}

/** Sends what a client says, a piece a second from then on, and returns when the server ended it and what it said. */
async function wait(port: number, first: string, piece?: string): Promise<Ended> {
  const socket = await connected(port)
  const began = performance.now()
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  socket.write(first)
  const clock = piece && setInterval(() => socket.writable && socket.write(piece), 1000)
  await Promise.race([once(socket, 'end'), once(socket, 'close'), sleep(100_000)])
  if (clock) clearInterval(clock)
  socket.destroy()
  return { seconds: (performance.now() - began) / 1000, text }
}

function judge({ seconds, text }: Ended, limit: number, answer: RegExp): string | undefined {
  const isInTime = seconds >= limit - 1 && seconds <= limit + LATE
  if (isInTime && answer.test(text)) return undefined
  return `ended after ${seconds.toFixed(1)} s with ${JSON.stringify(text.slice(0, 80))}`
}

const said408 = /^HTTP\/1\.1 408 .*"code":"request_timeout"/s

/** Uploads of which half has come when their client leaves. */
async function abortUploads(server: Server, count: number): Promise<void> {
  const bytes = 256 << 10
  const half = Buffer.alloc(bytes / 2, '1,2,3\n')
  for (let done = 0; done < count; done += AT_ONCE) {
    const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => connected(server.port)))
    for (const socket of sockets) {
      socket.write(`${start}Content-Length: ${bytes}\r\n\r\n`)
      socket.write(half)
    }
    await sleep(20)
    for (const socket of sockets) socket.destroy()
  }
  // A connection that its client has reset is closed within some seconds.
  await sleep(8000)
}

async function readGauge(port: number, name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const checks: Readonly<Record<string, Check>> = {
  'H17 headers, a byte a second': async ({ port }) =>
    judge(await wait(port, 'POST /invocations HTTP/1.1\r\nHo', 'o'), LIMITS.headers, said408),
  'H18 a body, a byte a second': async ({ port }) =>
    judge(await wait(port, `${start}Content-Length: 1000\r\n\r\n`, '1'), LIMITS.body, said408),
  'H18 chunks, one a second': async ({ port }) =>
    judge(
      await wait(port, `${start}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n1\r\n'),
      LIMITS.body,
      said408,
    ),
  'H19 nothing': async ({ port }) =>
    judge(await wait(port, ''), LIMITS.headers, /^(|HTTP\/1\.1 408 .*)$/s),
  'H20 an answer that nobody reads': async ({ port }) => {
    const socket = await connected(port)
    socket.pause()
    const more = 'accept: application/json\r\n'
    socket.write(requestOf('/explain', 'text/csv', '1.5,2.5,3.5\n'.repeat(40_000), more))
    const began = performance.now()
    // What the system has taken in is read slowly; that makes no room for more.
    const clock = setInterval(() => socket.read(1), 1000)
    const ended = async () => {
      // A paused client does not see the end: it writes, and is told that nobody is there.
      while (!socket.destroyed && performance.now() - began < 100_000) {
        await sleep(500)
        socket.write('\r\n')
      }
    }
    await ended()
    clearInterval(clock)
    socket.destroy()
    const seconds = (performance.now() - began) / 1000
    return judge({ seconds, text: '' }, LIMITS.body, /^$/)
  },
  'H21 a connection that nobody uses': async ({ port }) =>
    judge(await wait(port, ping), LIMITS.unused, /^HTTP\/1\.1 200 /),
}

/** What must not be measured beside anything else. */
const alone: Readonly<Record<string, Check>> = {
  [`H40 ${UPLOADS} uploads given up half-way`]: async (server) => {
    await abortUploads(server, UPLOADS / 4)
    const [rss, descriptors] = [server.readMemory().rss, server.readDescriptors()]
    await abortUploads(server, UPLOADS)
    const grown = (server.readMemory().rss - rss) / MIB
    const opened = server.readDescriptors() - descriptors
    if (grown <= MOST_GROWTH && opened <= 2) return undefined
    return `memory grew by ${grown.toFixed(1)} MiB, descriptors by ${opened}`
  },
}

async function leaveDuringCompute(cli: string, modelDir: string): Promise<string | undefined> {
  const port = await freePort()
  const flags = ['--metrics', `127.0.0.1:${port}`, '--log-level', 'fatal']
  const server = await startServer({ cli, modelDir, flags })
  const times: number[] = []
  try {
    for (let i = 0; i < 5; i++) {
      const socket = await connected(server.port)
      socket.write(
        requestOf('/explain', 'text/csv', '1.5,2.5,3.5\n'.repeat(100_000), 'accept: text/csv\r\n'),
      )
      for (let asked = 0; (await readGauge(port, 'shapserve_jobs_running{')) === 0; asked++) {
        if (asked > 200) return 'the job was never seen'
        await sleep(10)
      }
      socket.destroy()
      const left = performance.now()
      while ((await readGauge(port, 'shapserve_jobs_running{')) > 0) {
        if (performance.now() - left > 10_000) return 'it was computed to its end'
        await sleep(5)
      }
      times.push(performance.now() - left)
    }
    // A busy machine may be late once or twice.
    const ms = times.sort((a, b) => a - b)[2] ?? 0
    if (ms > LEFT_MS) return `it went on for ${ms.toFixed(0)} ms`
    const told = await readGauge(
      port,
      'shapserve_requests_total{route="/explain",protocol="shapserve",status="499"',
    )
    return told === 5 ? undefined : `${told} of 5 were counted as 499`
  } finally {
    await server.stop()
  }
}

async function exhaustDescriptors(cli: string, modelDir: string): Promise<string | undefined> {
  const port = await freePort()
  const serve = `exec "${process.execPath}" "${cli}" serve --model-dir "${modelDir}" --port ${port} --log-level fatal`
  const child = spawn('sh', ['-c', `ulimit -n ${DESCRIPTORS}; ${serve}`], { stdio: 'ignore' })
  const sockets: Socket[] = []
  try {
    for (let tries = 0; ; tries++) {
      const found = await exchange(port, [Buffer.from(ping)]).catch(() => undefined)
      if (found?.answers[0]?.status === 200) break
      if (tries > 300) return 'the server did not start'
      await sleep(50)
    }
    for (let i = 0; i < CLIENTS; i++) {
      const socket = await open(port).catch(() => undefined)
      if (socket) sockets.push(socket)
      // Some are used, some wait.
      if (i % 3 === 0) socket?.write(ping)
    }
    // Connections that have just opened are not closed for others.
    await sleep(1500)
    for (let i = 0; i < 20; i++) {
      const found = await exchange(port, [Buffer.from(ping)]).catch(() => undefined)
      const status = found?.answers[0]?.status ?? 'no answer'
      if (status !== 200 || found!.ms > 1000) return `/ping ${i}: ${status} in ${found?.ms} ms`
      await sleep(100)
    }
    return undefined
  } finally {
    for (const socket of sockets) socket.destroy()
    child.kill('SIGKILL')
  }
}

/** Returns the checks that failed, with what was found; a minute and a half. */
export async function testPatience(cli: string, modelDir: string): Promise<string[]> {
  const flags = ['--log-level', 'fatal', '--deadline-ms', String(DEADLINE * 1000)]
  const server = await startServer({ cli, modelDir, flags, env: IMAGE_ENV })
  const wrong: string[] = []
  const note = async (name: string, checked: Promise<string | undefined>) => {
    const found = await checked.catch(String)
    if (found !== undefined) wrong.push(`${name}: ${found}`)
  }
  try {
    for (const [name, check] of Object.entries(alone)) await note(name, check(server))
    await Promise.all([
      ...Object.entries(checks).map(([name, check]) => note(name, check(server))),
      note('H41 a client that leaves during an explanation', leaveDuringCompute(cli, modelDir)),
      note('H46 more clients than descriptors', exhaustDescriptors(cli, modelDir)),
    ])
  } finally {
    await server.stop()
  }
  return wrong
}

/**
 * Requests per second, latency and start of the built server, each beside a bare node:http server in the same run.
 * `npm run bench -- serve [--cli FILE] [--seconds N] [--warm-up N] [--starts N]`
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism, cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const HOST = '127.0.0.1'
const MODEL = 'model_checkpoint'
const CONCURRENCIES = [1, 8, 32]
const START_MS = 30_000

interface Scenario {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly type?: string
  readonly body?: string
}

const row = { Pclass: 1, Name: 'Cumings, Mrs. John', Sex: 'female', Age: 38, SibSp: 1, Parch: 0 }

const scenarios: readonly Scenario[] = [
  { name: '/invocations, JSON, 1 row', ...post('/invocations', 'application/json', asJson(row)) },
  { name: '/invocations, CSV, 1 row', ...post('/invocations', 'text/csv', csvRows(1)) },
  { name: '/invocations, CSV, 100 rows', ...post('/invocations', 'text/csv', csvRows(100)) },
  { name: '/explain, JSON, 1 row', ...post('/explain', 'application/json', asJson(row)) },
  { name: '/ping', method: 'GET', path: '/ping' },
]

function post(path: string, type: string, body: string): Omit<Scenario, 'name'> {
  return { method: 'POST', path, type, body }
}

function asJson(value: object): string {
  return JSON.stringify(value)
}

/** Returns rows in the model's order, the same at every call. */
function csvRows(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const [title, sex] = i % 3 === 0 ? ['Mrs', 'female'] : ['Mr', 'male']
    return `${(i % 3) + 1},"Doe, ${title}. N${i}",${sex},${1 + ((i * 7) % 70)},${i % 4},${i % 3}\n`
  })
  return lines.join('')
}

/** What one load run has measured; milliseconds. */
interface Load {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time that a request takes the server; undefined where /proc does not say. */
  readonly serverMicros: number | undefined
  /** The same of this client. */
  readonly clientMicros: number
}

/** Returns the bytes of a keep-alive request. */
function requestBytes({ method, path, type, body = '' }: Scenario): Buffer {
  const length = Buffer.byteLength(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${HOST}`,
    ...(type === undefined ? [] : [`content-type: ${type}`, `content-length: ${length}`]),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Reads one answer after another on a keep-alive connection. It is a socket because node:http's own
 * client takes twice the time of the bare server: it would be measured instead of the servers.
 */
function openConnection(port: number, request: Buffer, onAnswer: (bytes: number) => boolean) {
  const socket = connect(port, HOST)
  socket.setNoDelay(true)
  const done = new Promise<void>((resolve, reject) => {
    let pending = Buffer.alloc(0)
    let isOver = false
    socket.on('connect', () => socket.write(request))
    socket.on('data', (piece) => {
      pending = pending.length === 0 ? piece : Buffer.concat([pending, piece])
      const end = pending.indexOf(HEAD_END)
      if (end < 0) return
      const head = pending.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
      if (!head.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
        isOver = true
        socket.destroy()
        reject(new Error(`unexpected answer: ${pending.toString('latin1', 0, 300)}`))
        return
      }
      if (pending.length < end + HEAD_END.length + length) return
      pending = Buffer.alloc(0)
      if (onAnswer(length)) {
        socket.write(request)
        return
      }
      isOver = true
      socket.end()
      resolve()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (!isOver) reject(new Error('the server closed a connection'))
    })
  })
  return done
}

/** Keeps so many requests on their way for some seconds; answers to the first ones do not count. */
async function load(
  { port, cpuMicros }: Server,
  scenario: Scenario,
  concurrency: number,
  { warmUp, seconds }: { warmUp: number; seconds: number },
): Promise<Load> {
  const request = requestBytes(scenario)
  const latencies: number[] = []
  const from = performance.now() + warmUp * 1000
  const until = from + seconds * 1000
  const readUsage = () => ({ client: process.cpuUsage(), server: cpuMicros() })
  /** At the first answer that counts and at the first that comes after them. */
  const usages: Usage[] = []
  let isOver = false
  const connections = Array.from({ length: concurrency }, () => {
    let sent = performance.now()
    return openConnection(port, request, () => {
      const now = performance.now()
      if (now >= from && !isOver) {
        isOver = now >= until
        if (usages.length === 0 || isOver) usages.push(readUsage())
        if (!isOver) latencies.push(now - sent)
      }
      sent = now
      return now < until
    })
  })
  await Promise.all(connections)
  const sorted = Float64Array.from(latencies).sort()
  const [first, last] = usages
  if (!first || !last) throw new Error(`${scenario.name}: too few answers in ${seconds} s`)
  const client = last.client.user + last.client.system - first.client.user - first.client.system
  return {
    perSecond: sorted.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    serverMicros:
      first.server === undefined || last.server === undefined
        ? undefined
        : (last.server - first.server) / sorted.length,
    clientMicros: client / sorted.length,
  }
}

interface Usage {
  readonly client: NodeJS.CpuUsage
  readonly server: number | undefined
}

/** Returns how many bytes one answer has. */
async function answerSize(port: number, scenario: Scenario): Promise<number> {
  let size = 0
  await openConnection(port, requestBytes(scenario), (bytes) => {
    size = bytes
    return false
  })
  return size
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  const index = Math.ceil(sorted.length * share) - 1
  return sorted[Math.max(0, Math.min(sorted.length - 1, index))] ?? Number.NaN
}

/** Server on core 1, client on core 0, where the machine has them and taskset. */
function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0
}

interface Server {
  readonly port: number
  /** From the start of the process to the first 200 of /ping. */
  readonly startMs: number
  /** Processor time that the process has taken so far, where the system tells. */
  readonly cpuMicros: () => number | undefined
  readonly stop: () => Promise<void>
}

/** Starts a server that takes a port in its arguments, and waits until it answers. */
async function startServer(args: (port: number) => string[], pinned: boolean): Promise<Server> {
  const port = await freePort()
  const command = [process.execPath, ...args(port)]
  const [file = '', ...rest] = pinned ? ['taskset', '-c', '1', ...command] : command
  const started = performance.now()
  // The log goes where it costs its writing but no reading.
  const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'ignore'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    const startMs = await untilReady(child, port, started)
    return {
      port,
      startMs,
      cpuMicros: () => processMicros(child.pid),
      async stop() {
        await end(child)
        process.off('exit', kill)
      },
    }
  } catch (error) {
    kill()
    throw error
  }
}

/** A tick is 10 ms on every Linux that Node runs on. */
const TICK_MICROS = 10_000

function processMicros(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
  } catch {
    return undefined
  }
}

async function untilReady(child: ChildProcess, port: number, started: number): Promise<number> {
  const ping = { name: '', method: 'GET', path: '/ping' } as const
  for (;;) {
    try {
      await answerSize(port, ping)
      return performance.now() - started
    } catch (error) {
      const late = performance.now() - started > START_MS
      if (late || child.exitCode !== null)
        throw new Error('a server did not start', { cause: error })
      await sleep(1)
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, HOST)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'dist/cli.js' },
      seconds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '2' },
      starts: { type: 'string', default: '9' },
    },
  })
  return {
    cli: values.cli,
    seconds: Number(values.seconds),
    warmUp: Number(values['warm-up']),
    starts: Number(values.starts),
  }
}

async function main(): Promise<number> {
  const { cli, seconds, warmUp, starts } = readOptions()
  if (!existsSync(cli)) {
    console.error(`there is no ${cli}; npm run build makes it`)
    return 2
  }
  const pinned = canPin()
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)])
  const place = pinned ? 'server on core 1, client on core 0' : 'not pinned'
  console.log(`Node ${process.versions.node}, ${cpus().length} cores, ${place}\n`)
  const shapserve = (port: number) => [
    ...[cli, 'serve', '--host', HOST, '--port', String(port), '--model-dir', MODEL],
  ]
  const bare = (port: number) => ['bench/bare-server.mjs', String(port)]
  await measureStarts(shapserve, bare, { pinned, starts })
  await measureLoads(shapserve, bare, { pinned, seconds, warmUp })
  return 0
}

type Args = (port: number) => string[]

async function measureStarts(
  shapserve: Args,
  bare: Args,
  { pinned, starts }: { pinned: boolean; starts: number },
): Promise<void> {
  const times: { own: number[]; bare: number[] } = { own: [], bare: [] }
  for (let i = 0; i < starts; i++) {
    for (const [list, args] of [
      [times.own, shapserve],
      [times.bare, bare],
    ] as const) {
      const server = await startServer(args, pinned)
      list.push(server.startMs)
      await server.stop()
    }
  }
  const [own, reference] = [median(times.own), median(times.bare)]
  console.log(`| start to the first 200, median of ${starts} | ms | bare ms | ratio |`)
  console.log('|---|---|---|---|')
  console.log(
    `| shapserve serve | ${own.toFixed(0)} | ${reference.toFixed(0)} | ${(own / reference).toFixed(2)} |\n`,
  )
}

async function measureLoads(
  shapserve: Args,
  bare: Args,
  { pinned, ...times }: { pinned: boolean; seconds: number; warmUp: number },
): Promise<void> {
  const own = await startServer(shapserve, pinned)
  const reference = await startServer(bare, pinned)
  try {
    const head = [
      ...['request', 'at once', 'requests/s', 'p50 ms', 'p99 ms', 'bare requests/s', 'ratio'],
      ...['CPU µs', 'bare CPU µs', 'CPU ratio'],
    ]
    console.log(`| ${head.join(' | ')} |`)
    console.log(`|${'---|'.repeat(head.length)}`)
    const clientMicros: number[] = []
    for (const scenario of scenarios) {
      const size = await answerSize(own.port, scenario)
      const reading = { ...scenario, path: `/${size}` }
      for (const concurrency of CONCURRENCIES) {
        const found = await load(own, scenario, concurrency, times)
        const other = await load(reference, reading, concurrency, times)
        clientMicros.push(found.clientMicros, other.clientMicros)
        const cells = [
          scenario.name,
          concurrency,
          found.perSecond.toFixed(0),
          found.p50.toFixed(2),
          found.p99.toFixed(2),
          other.perSecond.toFixed(0),
          (found.perSecond / other.perSecond).toFixed(2),
          found.serverMicros?.toFixed(0) ?? '-',
          other.serverMicros?.toFixed(0) ?? '-',
          ((found.serverMicros ?? Number.NaN) / (other.serverMicros ?? Number.NaN)).toFixed(1),
        ]
        console.log(`| ${cells.join(' | ')} |`)
      }
    }
    console.log(`\nThe client takes ${median(clientMicros).toFixed(0)} µs of CPU per request.`)
  } finally {
    await own.stop()
    await reference.stop()
  }
}

process.exitCode = await main()

/** The built server as a process that is watched from outside: its memory, processor time and descriptors. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { freePort } from '../free-port.ts'

/** What the image sets for the allocator; threads' arenas and freed blocks stay with the process otherwise. */
export const IMAGE_ENV = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' } as const

const HOST = '127.0.0.1'
const START_MS = 30_000
/** Kernel ticks a second, in which /proc counts processor time. */
const TICKS = 100

export interface ServerOptions {
  readonly cli: string
  readonly modelDir: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Modules of bench/soak that are preloaded besides the one that collects. */
  readonly preload?: readonly string[]
}

export interface Server {
  readonly port: number
  /** Resident bytes now, and at most since the peak was reset. */
  readMemory(): { readonly rss: number; readonly peak: number }
  resetPeak(): void
  /** Processor time that it has taken, in seconds. */
  readCpu(): number
  readDescriptors(): number
  /** Collects garbage; returns what is left. */
  collect(): Promise<{ readonly heapBytes: number; readonly rssBytes: number }>
  /** Whether the process runs. */
  isAlive(): boolean
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

/** Starts a server on a free port and waits for its /ping; its log, at the level of `info`, goes nowhere. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { cli, modelDir, flags = [], env = {}, preload = [] } = options
  const port = await freePort()
  const preloads = ['inside.mjs', ...preload].flatMap((name) => [
    '--import',
    pathToFileURL(`bench/soak/${name}`).href,
  ])
  const serve = [cli, 'serve', '--model-dir', modelDir, '--host', HOST, '--port', String(port)]
  const child = spawn(process.execPath, ['--expose-gc', ...preloads, ...serve, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  let complaint = ''
  child.stderr?.on('data', (piece: Buffer) => {
    complaint = (complaint + piece).slice(-4000)
  })
  child.on('exit', (status, signal) => {
    running.delete(child)
    if (status !== 0) console.log(`the server ended with ${status ?? signal}: ${complaint}`)
  })
  await untilReady(child, port)
  const proc = `/proc/${child.pid}`
  const kibibytes = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(read(`${proc}/status`))?.[1] ?? 0)
  return {
    port,
    readMemory: () => ({ rss: kibibytes('VmRSS'), peak: kibibytes('VmHWM') }),
    resetPeak: () => writeFileSync(`${proc}/clear_refs`, '5'),
    readCpu() {
      // The name of the process may hold blanks; the fields behind it do not.
      const fields = read(`${proc}/stat`).split(') ')[1]?.split(' ') ?? []
      return (Number(fields[11]) + Number(fields[12])) / TICKS
    },
    readDescriptors: () => readdirSync(`${proc}/fd`).length,
    async collect() {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(START_MS) })
      child.send('')
      const [left] = await answer
      return left as { heapBytes: number; rssBytes: number }
    },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'exit')
      const late = setTimeout(() => child.kill('SIGKILL'), START_MS)
      child.kill('SIGTERM')
      await closed
      clearTimeout(late)
    },
  }
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  const started = performance.now()
  for (;;) {
    if (child.exitCode !== null || performance.now() - started > START_MS)
      throw new Error('the server did not start')
    const answer = await fetch(`http://${HOST}:${port}/ping`).catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(20)
  }
}

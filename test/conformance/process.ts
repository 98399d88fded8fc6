/** The service's command as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'

export type Env = Readonly<Record<string, string>>

export interface Finished {
  /** -1 for a command that did not end by itself. */
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: string
  readonly ms: number
}

export interface RunningServer {
  readonly port: number
  /** Returns how the process ended and what it printed last; undefined if it runs after this time. */
  readonly ended: (withinMs: number) => Promise<string | undefined>
  readonly stop: () => Promise<void>
}

const START_MS = 30_000
const STOP_MS = 5000
const TAIL = 400

/** What the service reads; a case sets these, the runner's own surroundings must not. */
const settings =
  /^(SAGEMAKER_|SM_|SHAPSERVE_|PORT$|LOG_LEVEL$|MAX_CONTENT_LENGTH$|DRAIN_MS$|NODE_OPTIONS$|TAP)/

function cleanEnv(env: Env): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !settings.test(name))
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...env }
}

/** Returns how a command ended; one that runs too long is killed. */
export async function runCommand(
  cli: string,
  args: readonly string[],
  options: { env?: Env; cwd?: string; input?: Buffer; timeoutMs?: number } = {},
): Promise<Finished> {
  const started = performance.now()
  const child = spawn(process.execPath, [cli, ...args], {
    env: cleanEnv(options.env ?? {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece))
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000)
  const [status] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return {
    status: status ?? -1,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString(),
    ms: performance.now() - started,
  }
}

/**
 * Starts `serve` and waits until it says where it listens.
 * @throws Error when it ends, says nothing, or listens elsewhere than the environment asks
 */
export async function startServer(cli: string, env: Env): Promise<RunningServer> {
  const asked = env.SAGEMAKER_BIND_TO_PORT
  const port = asked === undefined || asked === '0' ? undefined : await freePort(Number(asked))
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--host', '127.0.0.1', ...(asked === undefined ? ['--port', '0'] : [])],
    {
      env: cleanEnv({
        ...env,
        ...(port === undefined ? {} : { SAGEMAKER_BIND_TO_PORT: String(port) }),
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.once('exit', () => process.off('exit', killed))
  let printed = ''
  const end = new Promise<string>((resolve) => {
    child.once('close', (status, signal) =>
      resolve(`the server ended (${signal ?? `status ${status}`}): ${printed.slice(-TAIL).trim()}`),
    )
  })
  const ended = (withinMs: number) =>
    Promise.race([end, setTimeoutPromise(withinMs, undefined, { ref: false })])
  const stop = () => stopChild(child)
  try {
    const found = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the server did not start: ${printed.slice(-TAIL)}`)),
        START_MS,
      )
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (piece: Buffer) => {
          printed = (printed + piece.toString()).slice(-65_536)
          const url = /http:\/\/(?:127\.0\.0\.1|localhost|0\.0\.0\.0):(\d+)/.exec(printed)
          if (!url) return
          clearTimeout(timer)
          resolve(Number(url[1]))
        })
      }
      // After "close" everything that was printed has been read.
      child.on('close', () => {
        clearTimeout(timer)
        reject(new Error(`the server did not start: ${printed.slice(-TAIL).trim()}`))
      })
      child.on('error', reject)
    })
    if (port !== undefined && found !== port)
      throw new Error(`the server listens on ${found}, not on ${port}`)
    return { port: found, ended, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const closed = once(child, 'close')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  child.kill('SIGTERM')
  await closed
  clearTimeout(timer)
}

/** Returns the port if nothing listens on it, else any free one. */
async function freePort(wanted: number): Promise<number> {
  for (const port of [wanted, 0]) {
    const probe = createServer()
    const found = await new Promise<number | undefined>((resolve) => {
      probe.once('error', () => resolve(undefined))
      probe.listen(port, '127.0.0.1', () => {
        const address = probe.address()
        probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
      })
    })
    if (found !== undefined) return found
  }
  throw new Error('there is no free port')
}

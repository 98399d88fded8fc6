/** Servers as processes of their own, on a core of their own where the machine has one to spare. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { answerSize } from './client.ts'

const START_MS = 30_000

/** Server on core 1, client on core 0, where the machine has them and taskset. */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0
}

export interface Server {
  readonly port: number
  /** From the start of the process to the first 200 of /ping. */
  readonly startMs: number
  /** Processor time that the process and those that it started have taken so far, where the system tells. */
  readonly cpuMicros: () => number | undefined
  readonly stop: () => Promise<void>
}

/** Starts a server, a program of Node unless said otherwise, that takes a port in its arguments, and waits until it answers. */
export async function startServer(
  args: (port: number) => string[],
  pinned: boolean,
  program = process.execPath,
): Promise<Server> {
  const port = await freePort()
  const command = [program, ...args(port)]
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
      cpuMicros: () => treeMicros(child.pid),
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

/** Of processes that have ended it knows nothing. */
function treeMicros(pid: number | undefined): number | undefined {
  const own = processMicros(pid)
  return own === undefined
    ? own
    : childrenOf(pid).reduce((sum, child) => sum + (treeMicros(child) ?? 0), own)
}

function childrenOf(pid: number | undefined): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return list === '' ? [] : list.split(' ').map(Number)
  } catch {
    return []
  }
}

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

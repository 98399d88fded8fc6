/** One process of the service, as its supervisor sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Samples } from '../http/metrics.ts'
import type { ServerOptions } from '../http/server.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { fromFailure, type Order, type Readiness, type Report } from './messages.ts'

/** How long samples are waited for. */
const SAMPLES_MS = 1000

export interface ServingProcess {
  readonly pid: number | undefined
  /** Resolves once it can answer; throws why it cannot. */
  readonly ready: Promise<Readiness>
  /** Resolves with how it ended, and the clients that were never handed over. */
  readonly ended: Promise<Ending>
  /** Whether connections may be given to it: after {@link open}, until it leaves. */
  readonly takes: boolean
  open(): void
  /** Hands a client over. */
  give(socket: Socket): void
  order(order: Order): void
  /** Returns what it has counted; undefined when it does not answer in time. */
  samples(): Promise<Samples | undefined>
  kill(): void
}

export interface Ending {
  /** Such as `status 1` or `signal SIGKILL`. */
  readonly how: string
  /** Milliseconds that it lived. */
  readonly livedMs: number
  readonly left: readonly Socket[]
  /** Whether it was ended because it did not turn its event loop any more. */
  readonly wasBlocked: boolean
  /** Why it could not start, or not become complete. */
  readonly failure: Error | undefined
}

/**
 * Starts a process that loads the model.
 * @param blockedMs milliseconds for which its event loop may be blocked, once it is ready, before it is ended
 */
export function startProcess(
  options: ServerOptions,
  processes: number,
  blockedMs?: number,
): ServingProcess {
  const startedAt = performance.now()
  const name = import.meta.url.endsWith('.ts') ? 'served-process.ts' : 'served-process.js'
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), { serialization: 'advanced' })
  /** Clients that may still be here: Node hands one over at a time. */
  const giving = new Set<Socket>()
  /** Who waits for samples. */
  const asking: ((samples: Samples | undefined) => void)[] = []
  let isOpen = false
  let wasBlocked = false
  let failure: Error | undefined
  const giveUp = () => {
    wasBlocked = true
    isOpen = false
    child.kill('SIGKILL')
  }
  let heart: Heartbeat | undefined
  const ended = endOf(child).then((how): Ending => {
    isOpen = false
    heart?.stop()
    for (const answer of asking.splice(0)) answer(undefined)
    const left = [...giving].filter(({ destroyed }) => !destroyed)
    return { how, livedMs: performance.now() - startedAt, left, wasBlocked, failure }
  })
  const ready = new Promise<Readiness>((resolve, reject) => {
    child.on('message', (report: Report) => {
      if (report.kind === 'failed') {
        failure = fromFailure(report.failure)
        isOpen = false
        return reject(failure)
      }
      if (report.kind === 'beat') return heart?.beat()
      if (report.kind === 'ready') {
        // A model may take its time to be loaded.
        heart = startHeartbeat(() => order({ kind: 'beat' }), giveUp, blockedMs)
        return resolve(report)
      }
      if (report.kind === 'samples') {
        for (const answer of asking.splice(0)) answer(report.samples)
        return
      }
      isOpen = false
      order({ kind: 'closed' })
    })
    void ended.then(({ how }) => reject(new Error(`a process ended at its start by ${how}`)))
  })
  // Whoever starts a process hears of its failure; until then it must not end the supervisor.
  ready.catch(() => {})
  const order = (message: Order) => {
    if (child.connected) child.send(message, () => {})
  }
  order({ kind: 'start', options, processes })
  return {
    pid: child.pid,
    ready,
    ended,
    get takes() {
      return isOpen && child.connected
    },
    open() {
      isOpen = true
    },
    give(socket) {
      giving.add(socket)
      child.send({ kind: 'connection' } satisfies Order, socket, {}, () => giving.delete(socket))
    },
    order,
    samples() {
      return new Promise((resolve) => {
        asking.push(resolve)
        order({ kind: 'samples' })
        setTimeout(() => resolve(undefined), SAMPLES_MS)
      })
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(String(error)))
    child.on('exit', (status, signal) =>
      resolve(signal === null ? `status ${status}` : `signal ${signal}`),
    )
  })
}

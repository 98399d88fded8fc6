/** Who may use a worker when: explanations have a bounded queue of their own and never more than half of the workers. */
import { InputError } from '../errors.ts'
import type { JobClass } from './job-class.ts'

export interface JobQueue {
  /**
   * Returns once the job may run; whoever runs one leaves afterwards.
   * @param ms estimated milliseconds that it takes
   * @throws InputError `overloaded` when the queue is full, the signal's reason when it is aborted
   */
  enter(kind: JobClass, signal: AbortSignal, ms?: number): Promise<void>
  leave(kind: JobClass): void
  /** Whether a job of so many estimated milliseconds would be refused. */
  isFull(kind: JobClass, ms?: number): boolean
  /** Refuses a job; throws InputError `overloaded`. */
  refuse(): never
  /** Whether a job would run at once. */
  isFree(kind: JobClass): boolean
  readonly waiting: Readonly<Record<JobClass, number>>
  readonly running: Readonly<Record<JobClass, number>>
  /** Jobs that were refused. */
  readonly refused: number
}

/** How many jobs run at once, of either class and of both. */
export interface Slots {
  readonly predict: number
  readonly explain: number
  readonly all: number
}

/**
 * Returns the slots of so many workers. A single one gets a second beside it, for predictions while it explains: they
 * would wait a minute for it.
 */
export function slotsOf(workers: number): Slots {
  return {
    predict: workers,
    explain: Math.max(1, Math.floor(workers / 2)),
    all: Math.max(2, workers),
  }
}

/** For every job that runs, so many may wait, and more of them as long as all take no more than these milliseconds. */
const WAITING_PER_SLOT = 2
const WAITING_MS_PER_SLOT = 500

/** Thrown again and again: an error of its own for each would cost more than all else of a refusal. */
const tooMany = new InputError(
  'overloaded',
  'all workers are busy and the queue is full; try again',
)

interface Waiting {
  readonly start: () => void
  readonly ms: number
}

/** Returns the queue in front of workers. */
export function createJobQueue(slots: Slots): JobQueue {
  const lines: Record<JobClass, Waiting[]> = { predict: [], explain: [] }
  const running = { predict: 0, explain: 0 }
  let refused = 0
  const hasSlot = (kind: JobClass) =>
    running[kind] < slots[kind] && running.predict + running.explain < slots.all
  const startWaiting = () => {
    // Predictions are short: they go first.
    for (const kind of ['predict', 'explain'] as const) {
      while (hasSlot(kind)) {
        const next = lines[kind].shift()
        if (!next) break
        running[kind]++
        next.start()
      }
    }
  }
  const isFull = (kind: JobClass, ms = Number.POSITIVE_INFINITY) => {
    const line = lines[kind]
    if (line.length < WAITING_PER_SLOT * slots[kind]) return false
    return line.reduce((sum, own) => sum + own.ms, ms) > WAITING_MS_PER_SLOT * slots[kind]
  }
  const refuse = (): never => {
    refused++
    throw tooMany
  }
  return {
    isFull,
    refuse,
    async enter(kind, signal, ms = Number.POSITIVE_INFINITY) {
      signal.throwIfAborted()
      const line = lines[kind]
      if (line.length === 0 && hasSlot(kind)) {
        running[kind]++
        return
      }
      if (isFull(kind, ms)) refuse()
      await new Promise<void>((resolve, reject) => {
        const start = () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        }
        const waiting: Waiting = { start, ms }
        const giveUp = () => {
          line.splice(line.indexOf(waiting), 1)
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        line.push(waiting)
      })
    },
    leave(kind) {
      running[kind]--
      startWaiting()
    },
    isFree: (kind) => lines[kind].length === 0 && hasSlot(kind),
    get waiting() {
      return { predict: lines.predict.length, explain: lines.explain.length }
    },
    running,
    get refused() {
      return refused
    },
  }
}

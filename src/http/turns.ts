/** Computing on the event loop in turns, between which it answers what is cheap; what would wait too long is refused. */
import type { MaybePromise } from '../answering/job.ts'
import { InputError } from '../errors.ts'

export interface TurnLimits {
  /** Milliseconds of computing between two looks at what has arrived. */
  readonly turnMs: number
  /**
   * The same where looking takes longer: then a turn takes as long, up to this, so that refusing requests does not keep
   * the event loop from answering others.
   */
  readonly mostTurnMs: number
  /** Longest time, in estimated milliseconds of computing, that work may have before it. */
  readonly waitMs: number
}

/**
 * How often the event loop looks between two turns: it accepts one connection at a time, and whoever asks for health
 * over a new one stands behind all others that have just come.
 */
const LOOKS = 16

const usual: TurnLimits = { turnMs: 8, mostTurnMs: 24, waitMs: 250 }
/** Work up to this many estimated milliseconds has half of every turn for itself: it need not wait for heavy work. */
const LIGHT_MS = 0.5

export interface Turns {
  /**
   * Does work now, or where this turn is over, in one that follows.
   * @param ms estimated milliseconds that it takes
   * @param onDone is told how many milliseconds it took until it returned
   * @throws InputError `overloaded` when too much work waits, and what the work throws
   */
  run<T>(ms: number, work: () => MaybePromise<T>, onDone: (ms: number) => void): MaybePromise<T>
  /** Whether work of so many estimated milliseconds would be refused. */
  isFull(ms: number): boolean
  /** Refuses work; throws InputError `overloaded`. */
  refuse(): never
  /** Whether work that comes now must wait. */
  readonly isBusy: boolean
  /** How much work waits, and how much was refused. */
  readonly waiting: number
  readonly refused: number
}

interface Waiting {
  readonly ms: number
  readonly start: () => void
}

/** Work in its order, with its estimated milliseconds. */
interface Line {
  readonly list: Waiting[]
  ms: number
}

/** Thrown again and again: an error of its own for each would cost more than all else of a refusal. */
const tooMany = new InputError('overloaded', 'too many requests wait for their turn; try again')

/** Returns the turns of this event loop. */
export function createTurns(limits: Partial<TurnLimits> = {}): Turns {
  const { turnMs, mostTurnMs, waitMs } = { ...usual, ...limits }
  const light: Line = { list: [], ms: 0 }
  const heavy: Line = { list: [], ms: 0 }
  /** Milliseconds computed since the event loop last looked at what has arrived, and when it began to look. */
  let spent = 0
  let lookedAt = performance.now()
  let isLooking = false
  let looks = 0
  let refused = 0
  const look = () => {
    if (isLooking) return
    isLooking = true
    setImmediate(nextTurn)
  }
  const startUntil = (line: Line, limit: number) => {
    while (spent < limit) {
      const next = line.list.shift()
      if (!next) return
      line.ms -= next.ms
      next.start()
    }
  }
  const nextTurn = () => {
    isLooking = false
    const isTired = spent >= turnMs || light.list.length + heavy.list.length > 0
    if (isTired && ++looks < LOOKS) return look()
    looks = 0
    const looking = performance.now() - lookedAt - spent
    const limit = Math.max(turnMs, Math.min(mostTurnMs, looking))
    spent = 0
    startUntil(light, limit / 2)
    startUntil(heavy, limit)
    startUntil(light, limit)
    lookedAt = performance.now()
    // What arrives behind work that waits, waits too; otherwise there is a new turn for it.
    spent = 0
    if (light.list.length + heavy.list.length > 0) look()
  }
  const lineOf = (ms: number) => (ms <= LIGHT_MS ? light : heavy)
  const isFull = (ms: number) => {
    const line = lineOf(ms)
    return line.list.length > 0 && line.ms + ms > waitMs
  }
  const refuse = (): never => {
    refused++
    throw tooMany
  }
  const compute = <T>(work: () => MaybePromise<T>, onDone: (ms: number) => void) => {
    const began = performance.now()
    try {
      return work()
    } finally {
      const took = performance.now() - began
      spent += took
      look()
      onDone(took)
    }
  }
  return {
    run(ms, work, onDone) {
      const line = lineOf(ms)
      if (spent < turnMs && line.list.length === 0) return compute(work, onDone)
      if (isFull(ms)) refuse()
      line.ms += ms
      look()
      return new Promise((resolve, reject) => {
        const start = () => {
          try {
            resolve(compute(work, onDone))
          } catch (error) {
            reject(error as Error)
          }
        }
        line.list.push({ ms, start })
      })
    },
    isFull,
    refuse,
    get isBusy() {
      return spent >= turnMs || light.list.length + heavy.list.length > 0
    },
    get waiting() {
      return light.list.length + heavy.list.length
    },
    get refused() {
      return refused
    },
  }
}

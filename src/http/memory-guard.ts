/** Refuses requests while this process has nearly all the memory that it may have: the system would end it for the next. */
import { InputError } from '../errors.ts'

/** Share of the limit beyond which requests are refused. */
const USABLE = 0.85
/** How often the memory is looked at while requests come. */
const LOOK_MS = 50
/** How often what nobody needs is given back while there is too little. */
const COLLECT_MS = 5000

export interface MemoryFacts {
  /** Bytes that the process may have. */
  readonly limit: number
  /** Bytes that it has. */
  readonly used: () => number
  /** Gives back what nobody needs any more. */
  readonly collect: () => Promise<void>
}

export interface MemoryGuard {
  /**
   * Lets a request in, which ends by {@link leave}. One at a time is let in at any rate: memory may stay with a process
   * that needs it no more, and refusing everybody for ever would help nobody.
   * @throws InputError `overloaded` while there is too little memory
   */
  enter(): void
  leave(): void
  /** Whether a request would be let in. */
  mayEnter(): boolean
  /** Requests that are let in, and those that were refused. */
  readonly inside: number
  readonly refused: number
}

/** Returns the guard of a process. */
export function createMemoryGuard({ limit, used, collect }: MemoryFacts): MemoryGuard {
  let inside = 0
  let refused = 0
  let isShort = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let collectedAt = Number.NEGATIVE_INFINITY
  const look = () => {
    const now = performance.now()
    if (now - lookedAt < LOOK_MS) return
    lookedAt = now
    isShort = used() > limit * USABLE
    if (!isShort || now - collectedAt < COLLECT_MS) return
    collectedAt = now
    void collect().then(() => {
      lookedAt = Number.NEGATIVE_INFINITY
    })
  }
  const mayEnter = () => {
    look()
    return !isShort || inside === 0
  }
  return {
    enter() {
      if (!mayEnter()) {
        refused++
        throw new InputError('overloaded', 'the service is short of memory; try again')
      }
      inside++
    },
    leave() {
      inside--
    },
    mayEnter,
    get inside() {
      return inside
    },
    get refused() {
      return refused
    },
  }
}

/** What the service holds and has refused, as numbers for whoever watches it. */
import type { JobPool, PoolLoad } from '../answering/pool.ts'
import type { BodyReader } from './body.ts'
import type { MemoryGuard } from './memory-guard.ts'
import type { Turns } from './turns.ts'

export interface ServiceLoad {
  /** Bytes of the bodies that are held. */
  readonly bodyBytes: number
  /** Requests that wait for their turn on the event loop, and those that were refused one. */
  readonly waiting: number
  readonly refused: number
  /** Requests that were refused for want of memory. */
  readonly refusedForMemory: number
  /** Absent where all is computed on the event loop. */
  readonly workers: PoolLoad | undefined
}

/** Returns the load of a service; its numbers are those of the moment at which they are asked for. */
export function watchLoad(
  bodies: BodyReader,
  turns: Turns,
  { memory, pool }: { readonly memory?: MemoryGuard; readonly pool?: JobPool },
): ServiceLoad {
  return {
    get bodyBytes() {
      return bodies.held
    },
    get waiting() {
      return turns.waiting
    },
    get refused() {
      return turns.refused
    },
    get refusedForMemory() {
      return memory?.refused ?? 0
    },
    workers: pool?.load,
  }
}

/** Garbage collection on demand: what a large request or a model has taken is given back before something fills the heap. */
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A heap up to this size is left to the engine while there is work. */
const SMALL_HEAP = 32 << 20

/** How often an idle thread looks whether it holds what it needs no more. */
const LOOK_MS = 500
/** A thread is idle that computes for less than this share of the time. */
const IDLE_SHARE = 0.02
/** What a heap must have grown by since the last collection to be worth another: bytes, or a share of what was left. */
const MOST_GROWTH = { bytes: 4 << 20, share: 1 / 8 } as const

let collector: (() => void) | undefined

/**
 * Collects the garbage of this thread once the callers have returned. Shared memory does not count as pressure on the
 * collector: without this, what a model had would stay until something else fills the heap.
 */
export async function collectGarbage(): Promise<void> {
  if (!collector) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as () => void
  }
  await setImmediate()
  collector()
}

/** Collects where this thread holds much: of several busy threads each would keep as much. */
export async function collectIfLarge(): Promise<void> {
  if (heldBytes() > SMALL_HEAP) await collectGarbage()
}

/**
 * Collects whenever this thread has become idle with a heap that has grown: the engine leaves the garbage of the last
 * requests, and the room that it made for them, until others need it. Returns the function that ends this.
 */
export function collectWhenIdle(): () => void {
  let left = 0
  let before = performance.eventLoopUtilization()
  const look = async () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    if (utilization > IDLE_SHARE) return
    if (heldBytes() - left < Math.max(MOST_GROWTH.bytes, left * MOST_GROWTH.share)) return
    await collectGarbage()
    left = heldBytes()
    // What it took is no work.
    before = performance.eventLoopUtilization()
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** Bytes of this thread's heap, used or not, and of what hangs on it. */
function heldBytes(): number {
  const { total_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/**
 * Gives large memory back at once that nobody reads any more, in the place of waiting for the collector. What lies in it
 * is lost.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  // Small Buffers share theirs; what was handed over to another thread has none any more.
  if (byteLength >= LEAST_FREED && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** From here on a Buffer has memory of its own, and enough of it to be worth the call. */
const LEAST_FREED = 16 << 10

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
/** A thread that has been idle for so long gives pages back that its heap has had in between. */
const REST_MS = 5000
/** Bytes of such pages that are worth a pause of some hundredths of a second. */
const LEAST_POOLED = 16 << 20

/** A collection like others, or one after which nothing is kept for what may come. */
type Flavor = 'regular' | 'last-resort'

let collector: ((options: { type: 'major'; flavor: Flavor }) => void) | undefined

/**
 * Collects the garbage of this thread once the callers have returned. Shared memory does not count as pressure on the
 * collector: without this, what a model had would stay until something else fills the heap.
 */
export async function collectGarbage(flavor: Flavor = 'regular'): Promise<void> {
  if (!collector) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as typeof collector
  }
  await setImmediate()
  collector?.({ type: 'major', flavor })
}

/** Collects where this thread holds much: of several busy threads each would keep as much. */
export async function collectIfLarge(): Promise<void> {
  if (heldBytes() > SMALL_HEAP) await collectGarbage()
}

/**
 * Collects whenever this thread has become idle with a heap that has grown: the engine leaves the garbage of the last
 * requests, and the room that it made for them, until others need it. Of a heap that was large in between the engine keeps
 * the pages even so, for ever; they go back where the thread stays idle. Returns the function that ends this.
 */
export function collectWhenIdle(): () => void {
  let [left, most, idleMs, isRested] = [0, 0, 0, false]
  let before = performance.eventLoopUtilization()
  const collect = async (flavor: Flavor) => {
    await collectGarbage(flavor)
    left = heldBytes()
    // What it took is no work.
    before = performance.eventLoopUtilization()
  }
  const look = async () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    const held = heldBytes()
    most = Math.max(most, held)
    idleMs = utilization > IDLE_SHARE ? 0 : idleMs + LOOK_MS
    if (idleMs === 0) {
      isRested = false
      return
    }
    // What a heap in pieces keeps, another collection would not find either.
    if (idleMs >= REST_MS && !isRested && most - leastHeld() >= LEAST_POOLED) {
      await collect('last-resort')
      most = left
      isRested = true
      return
    }
    if (held - left >= Math.max(MOST_GROWTH.bytes, left * MOST_GROWTH.share))
      await collect('regular')
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** Bytes of this thread's heap that are used, and of what hangs on it. */
function leastHeld(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics()
  return used + external
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

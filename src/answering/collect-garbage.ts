/** Garbage collection on demand: what a large request or a model has taken is given back before something fills the heap. */
import { setImmediate } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A heap up to this size is left to the engine. */
const SMALL_HEAP = 64 << 20

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

/** Collects where this thread holds much: an idle thread would keep it, and each of several as much. */
export async function collectIfLarge(): Promise<void> {
  const { total_heap_size: heap, external_memory: external } = getHeapStatistics()
  if (heap + external > SMALL_HEAP) await collectGarbage()
}

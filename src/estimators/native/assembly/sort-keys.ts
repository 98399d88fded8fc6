// Sorting of keys: a code in the high 32 bits, the position of its entry in the low ones.
import { bucketsAt, keysAt, spareKeysAt } from './scratch'

/** Up to as many keys are sorted by insertion at once. */
const INSERTION_LENGTH: i32 = 16
/** With more keys in one bucket insertion would take too long. */
const FULL_BUCKET: i32 = 48

/** Sorts the first keys; their codes lie between `lowest` and `highest`. */
export function sortKeys(count: i32, lowest: i32, highest: i32): void {
  if (count > INSERTION_LENGTH && lowest != highest && !spreadKeys(count, lowest, highest)) {
    mergeKeys(count)
    return
  }
  for (let i = 1; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    let at = keysAt + 8 * <usize>(i - 1)
    while (at >= keysAt && load<u64>(at) > key) {
      store<u64>(at + 8, load<u64>(at))
      at -= 8
    }
    store<u64>(at + 8, key)
  }
}

/**
 * Brings keys nearly into order by about as many buckets; returns false when too many fall into
 * one.
 */
function spreadKeys(count: i32, lowest: i32, highest: i32): bool {
  const shift = max(0, 32 - clz<i32>(highest - lowest) - (32 - clz<i32>(count)))
  const buckets = ((highest - lowest) >> shift) + 1
  memory.fill(bucketsAt, 0, 4 * <usize>(buckets + 1))
  for (let i = 0; i < count; i++) {
    const code = <i32>(load<u64>(keysAt + 8 * <usize>i) >>> 32)
    const cell = bucketsAt + 4 * <usize>(((code - lowest) >> shift) + 1)
    store<i32>(cell, load<i32>(cell) + 1)
  }
  let fullest = 0
  let sum = 0
  for (let bucket = 1; bucket <= buckets; bucket++) {
    const cell = bucketsAt + 4 * <usize>bucket
    const here = load<i32>(cell)
    fullest = max(fullest, here)
    sum += here
    store<i32>(cell, sum)
  }
  if (fullest > FULL_BUCKET) return false
  for (let i = 0; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    const cell = bucketsAt + 4 * <usize>((<i32>(key >>> 32) - lowest) >> shift)
    const to = load<i32>(cell)
    store<i32>(cell, to + 1)
    store<u64>(spareKeysAt + 8 * <usize>to, key)
  }
  memory.copy(keysAt, spareKeysAt, 8 * <usize>count)
  return true
}

/** Merge sort, for keys that are not spread evenly. */
function mergeKeys(count: i32): void {
  let from = keysAt
  let to = spareKeysAt
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = min(start + width, count)
      const end = min(start + 2 * width, count)
      let left = start
      let right = middle
      for (let i = start; i < end; i++) {
        const takeLeft =
          left < middle &&
          (right >= end || load<u64>(from + 8 * <usize>left) <= load<u64>(from + 8 * <usize>right))
        const taken = takeLeft ? left++ : right++
        store<u64>(to + 8 * <usize>i, load<u64>(from + 8 * <usize>taken))
      }
    }
    const swapped = from
    from = to
    to = swapped
  }
  if (from != keysAt) memory.copy(keysAt, from, 8 * <usize>count)
}

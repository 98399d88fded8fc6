/**
 * Columns of two values, of which one-hot columns make many: a bit per row, so that a word of 64
 * columns is looked at in one step. With packed sums a node's drawn columns wait, and are searched
 * together.
 */
import { bestColumn, compareColumn, isBetter, keep, keepColumn } from './best-split'
import { entryAt, packedWeight } from './entries'
import { packedScore } from './impurity'
import { nodePacked } from './open-node'
import {
  bitSumsAt,
  everyAt,
  someAt,
  spareAt,
  waitingAt,
  waitingColumnsAt,
  weightsAt,
} from './scratch'
import { masksAt, maskWords } from './training-columns'

/** Fewer waiting columns than this are summed one by one. */
const FEW_COLUMNS: i32 = 4

let waitingCount: i32

/** Finds which columns are constant in a node: all at once, which is cheaper than one by one. */
export function scanMasks(start: i32, end: i32): void {
  const stride = 8 * <usize>maskWords
  const last = entryAt(end)
  for (let word: usize = 0; word < <usize>maskWords; word++) {
    let some: u64 = 0
    let every: u64 = ~0
    const base = masksAt + 8 * word
    for (let at = entryAt(start); at < last; at += 8) {
      const bits = load<u64>(base + <usize>load<u32>(at) * stride)
      some |= bits
      every &= bits
    }
    store<u64>(someAt + 8 * word, some)
    store<u64>(everyAt + 8 * word, every)
  }
}

/** Whether the column is constant in the node scanned last. */
export function isConstantBit(column: i32): bool {
  const word = 8 * <usize>(column >> 6)
  const mixed = load<u64>(someAt + word) & ~load<u64>(everyAt + word)
  return ((mixed >>> <u64>(column & 63)) & 1) == 0
}

export function clearWaiting(): void {
  waitingCount = 0
  memory.fill(waitingAt, 0, 8 * <usize>maskWords)
}

/** Keeps a column that has both values in the node for `searchWaiting`. */
export function wait(column: i32): void {
  const at = waitingAt + 8 * <usize>(column >> 6)
  store<u64>(at, load<u64>(at) | ((<u64>1) << (<u64>(column & 63))))
  store<u64>(bitSumsAt + 8 * <usize>column, 0)
  store<i32>(waitingColumnsAt + 4 * <usize>waitingCount, column)
  waitingCount++
}

/** Searches all columns that wait, which are none afterwards. */
export function searchWaiting(start: i32, end: i32): void {
  if (waitingCount == 0) return
  const isFew = waitingCount < FEW_COLUMNS
  if (!isFew) sumWaiting(start, end)
  for (let i = 0; i < waitingCount; i++) {
    const column = load<i32>(waitingColumnsAt + 4 * <usize>i)
    const ones = isFew ? sumOnes(column, start, end) : load<u64>(bitSumsAt + 8 * <usize>column)
    const score = packedScore(nodePacked - ones, ones)
    compareColumn(column)
    if (!isBetter(score)) continue
    keep(score, 0, 1, false)
    keepColumn(column, false, false, false)
  }
  clearWaiting()
}

/** Packed sum of the entries whose row has the larger value. */
function sumOnes(column: i32, start: i32, end: i32): u64 {
  let sum: u64 = 0
  const base = masksAt + 8 * <usize>(column >> 6)
  const shift = <u64>(column & 63)
  const stride = 8 * <usize>maskWords
  const last = entryAt(end)
  for (let at = entryAt(start); at < last; at += 8) {
    const entry = load<u64>(at)
    const bits = load<u64>(base + <usize>(<u32>entry) * stride)
    sum += packedWeight(entry) & (0 - ((bits >>> shift) & 1))
  }
  return sum
}

/** The same for all columns that wait: one pass over the rows, in which few bits are set. */
function sumWaiting(start: i32, end: i32): void {
  const stride = 8 * <usize>maskWords
  const last = entryAt(end)
  for (let word: usize = 0; word < <usize>maskWords; word++) {
    const waiting = load<u64>(waitingAt + 8 * word)
    if (waiting == 0) continue
    const base = masksAt + 8 * word
    const sums = bitSumsAt + 512 * word
    // Rows without a bit are left out first: a branch on that would be mispredicted every second
    // time.
    let bitsEnd = spareAt
    let weightsEnd = weightsAt
    for (let at = entryAt(start); at < last; at += 8) {
      const entry = load<u64>(at)
      const bits = load<u64>(base + <usize>(<u32>entry) * stride) & waiting
      store<u64>(bitsEnd, bits)
      store<u64>(weightsEnd, packedWeight(entry))
      const step = (<usize>(bits != 0)) << 3
      bitsEnd += step
      weightsEnd += step
    }
    let weightAt = weightsAt
    for (let at = spareAt; at < bitsEnd; at += 8) {
      let bits = load<u64>(at)
      const weight = load<u64>(weightAt)
      weightAt += 8
      do {
        const cell = sums + ((<usize>ctz(bits)) << 3)
        store<u64>(cell, load<u64>(cell) + weight)
        bits &= bits - 1
      } while (bits != 0)
    }
  }
}

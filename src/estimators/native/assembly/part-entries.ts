// Parting a node's entries by its best split.
import {
  bestByRank,
  bestCode,
  bestColumn,
  bestHasMissing,
  bestIsSorted,
  bestMissingLeft,
  bestNext,
  keepEdges,
} from './best-split'
import { codeBase, codeStride, locateBins, locateRanks } from './codes'
import { entryAt, rowAt } from './entries'
import { entriesAt, spareAt } from './scratch'
import { binCountOf, distinctOf, isBinary, isRanked, masksAt, maskWords } from './training-columns'

/**
 * Brings entries that go left before the others, both in their old order, and finds the rows on
 * either side of the split; returns where the right ones begin.
 */
export function partEntries(start: i32, end: i32): i32 {
  if (bestByRank) locateRanks(bestColumn)
  else locateBins(bestColumn, end - start)
  const middle = isBinary(bestColumn) ? partByBit(start, end) : partByCode(start, end)
  if (bestIsSorted) return middle
  if (isRanked(bestColumn)) narrowEdges(start, end)
  else keepEdges(findCode(bestCode, start, middle), findCode(bestNext, middle, end))
  return middle
}

function partByCode(start: i32, end: i32): i32 {
  // The code of missing values is the largest, so by comparison they go right.
  const missing = bestByRank ? distinctOf(bestColumn) : binCountOf(bestColumn)
  const alsoLeft = bestHasMissing && bestMissingLeft ? missing : -1
  const base = codeBase
  const stride = codeStride
  const code = bestCode
  const byRank = bestByRank
  let left = entryAt(start)
  let right = spareAt
  const last = entryAt(end)
  for (let at = left; at < last; at += 8) {
    const entry = load<u64>(at)
    const codeAt = base + <usize>(<u32>entry) * stride
    const own = byRank ? load<i32>(codeAt) : <i32>load<u8>(codeAt)
    const goesLeft = <usize>(own <= code) | <usize>(own == alsoLeft)
    // Written to both sides and kept on one: a branch here would be mispredicted every second time.
    store<u64>(left, entry)
    store<u64>(right, entry)
    left += goesLeft << 3
    right += 8 - (goesLeft << 3)
  }
  return joinParts(left, right)
}

/** The same for a column of two values. */
function partByBit(start: i32, end: i32): i32 {
  const base = masksAt + 8 * <usize>(bestColumn >> 6)
  const stride = 8 * <usize>maskWords
  const shift = <u64>(bestColumn & 63)
  let left = entryAt(start)
  let right = spareAt
  const last = entryAt(end)
  for (let at = left; at < last; at += 8) {
    const entry = load<u64>(at)
    const goesRight = (<usize>((load<u64>(base + <usize>(<u32>entry) * stride) >>> shift) & 1)) << 3
    store<u64>(left, entry)
    store<u64>(right, entry)
    left += 8 - goesRight
    right += goesRight
  }
  return joinParts(left, right)
}

/** Puts the right entries, which end at `right` of the spare memory, behind the left ones. */
function joinParts(left: usize, right: usize): i32 {
  memory.copy(left, spareAt, right - spareAt)
  return <i32>((left - entriesAt) >> 3)
}

/**
 * Returns a row among the entries start … end − 1 with a code of the located bins; −1 if there is
 * none.
 */
function findCode(code: i32, start: i32, end: i32): i32 {
  for (let i = start; i < end; i++) {
    const row = rowAt(i)
    if (<i32>load<u8>(codeBase + <usize>row * codeStride) == code) return row
  }
  return -1
}

/** Bins of many values: the edges are the nearest values on either side that the node has. */
function narrowEdges(start: i32, end: i32): void {
  const base = codeBase
  const stride = codeStride
  locateRanks(bestColumn)
  const code = bestCode
  const next = bestNext
  let highest: i32 = -1
  let lowest: i32 = i32.MAX_VALUE
  let below: i32 = -1
  // Stays so when only missing values go right.
  let above: i32 = -1
  for (let i = start; i < end; i++) {
    const row = rowAt(i)
    const own = <i32>load<u8>(base + <usize>row * stride)
    if (own != code && own != next) continue
    const rank = load<i32>(codeBase + <usize>row * codeStride)
    if (own == code && rank > highest) {
      highest = rank
      below = row
    }
    if (own == next && rank < lowest) {
      lowest = rank
      above = row
    }
  }
  keepEdges(below, above)
}

// Search with sums of doubles: tries the splits of one column, with missing values on either side.
import { bestCode, bestNext, foundBetter, isBetter, keep, keepEdges } from './best-split'
import { addEntry, clearSums, copySums, totalOf } from './class-sums'
import { codeBase, codeStride } from './codes'
import { entryAt, rowAt } from './entries'
import { sideScore } from './impurity'
import { classes, minSamplesLeaf, sumCount } from './limits'
import { columnHasMissing, nodeSums, setNodeHasMissing } from './open-node'
import {
  groupCodeAt,
  groupRowAt,
  keysAt,
  leftSumsAt,
  missingAt,
  rightSumsAt,
  sumsAt,
} from './scratch'

/** Splits between the located bins; returns whether the column is constant in the node. */
export function searchBins(start: i32, end: i32, bins: i32): bool {
  sumBins(codeBase, codeStride, start, end, bins)
  const size = 8 * <usize>sumCount
  copySums(sumsAt + size * <usize>bins, missingAt)
  // The bins that have rows move together; every row weighs something.
  let count = 0
  for (let bin = 0; bin < bins; bin++) {
    const from = sumsAt + size * <usize>bin
    if (totalOf(from) == 0) continue
    copySums(from, sumsAt + size * <usize>count)
    store<i32>(groupCodeAt + 4 * <usize>count, bin)
    count++
  }
  return scanGroups(count, start, end)
}

function sumBins(base: usize, stride: usize, start: i32, end: i32, bins: i32): void {
  const size = 8 * <usize>sumCount
  memory.fill(sumsAt, 0, size * <usize>(bins + 1))
  const last = entryAt(end)
  for (let at = entryAt(start); at < last; at += 8) {
    const entry = load<u64>(at)
    addEntry(entry, sumsAt + size * <usize>load<u8>(base + <usize>(<u32>entry) * stride))
  }
}

/** Splits between sorted keys; those of equal codes are a group. */
export function searchKeys(count: i32, start: i32, end: i32): bool {
  const size = 8 * <usize>sumCount
  let group = -1
  let previous: i32 = -1
  for (let i = 0; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    const code = <i32>(key >>> 32)
    if (code != previous) {
      group++
      clearSums(sumsAt + size * <usize>group)
      store<i32>(groupCodeAt + 4 * <usize>group, code)
      store<i32>(groupRowAt + 4 * <usize>group, rowAt(<i32>key))
      previous = code
    }
    addEntry(load<u64>(entryAt(<u32>key)), sumsAt + size * <usize>group)
  }
  const isConstant = scanGroups(group + 1, start, end)
  if (foundBetter) keepEdges(rowOfGroup(bestCode, group + 1), rowOfGroup(bestNext, group + 1))
  return isConstant
}

function rowOfGroup(code: i32, count: i32): i32 {
  for (let group = 0; group < count; group++) {
    if (load<i32>(groupCodeAt + 4 * <usize>group) == code)
      return load<i32>(groupRowAt + 4 * <usize>group)
  }
  return -1
}

/**
 * Returns whether the column is constant in the node; otherwise tries all splits between its
 * groups.
 */
function scanGroups(count: i32, start: i32, end: i32): bool {
  const missing = columnHasMissing && totalOf(missingAt) > 0
  setNodeHasMissing(missing)
  if (count == 0 || (count == 1 && !missing)) return true
  const length = <f64>(end - start)
  const size = 8 * <usize>sumCount
  const sides = missing ? 2 : 1
  for (let side = 0; side < sides; side++) {
    if (side == 1) copySums(missingAt, leftSumsAt)
    else clearSums(leftSumsAt)
    // All known values left makes a split of its own where missing ones go right.
    const splits = missing && side == 0 ? count : count - 1
    for (let group = 0; group < splits; group++) {
      const own = sumsAt + size * <usize>group
      for (let k: usize = 0; k < <usize>sumCount; k++)
        store<f64>(leftSumsAt + 8 * k, load<f64>(leftSumsAt + 8 * k) + load<f64>(own + 8 * k))
      if (minSamplesLeaf > 1) {
        const rowsLeft = load<f64>(leftSumsAt + 8 * <usize>classes)
        const least = <f64>minSamplesLeaf
        if (rowsLeft < least || length - rowsLeft < least) continue
      }
      for (let k: usize = 0; k < <usize>classes; k++)
        store<f64>(
          rightSumsAt + 8 * k,
          // Of rows that weigh next to nothing rounding leaves a difference of any sign; sums that cancel score Infinity.
          max<f64>(0, load<f64>(nodeSums + 8 * k) - load<f64>(leftSumsAt + 8 * k)),
        )
      const score = sideScore(leftSumsAt) + sideScore(rightSumsAt)
      if (isBetter(score)) {
        const next = group + 1 < count ? load<i32>(groupCodeAt + 4 * <usize>(group + 1)) : -1
        keep(score, load<i32>(groupCodeAt + 4 * <usize>group), next, side == 1)
      }
    }
  }
  return false
}

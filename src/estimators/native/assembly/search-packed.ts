// Search with packed sums: tries the splits of one column, with missing values on either side.
import { isBetter, keep, keepEdges } from './best-split'
import { codeBase, codeStride } from './codes'
import { entryAt, packedWeight, rowAt } from './entries'
import { packedScore } from './impurity'
import { columnHasMissing, nodePacked, setNodeHasMissing } from './open-node'
import { groupCodeAt, keysAt, sumsAt } from './scratch'

/** Splits between the located bins; returns whether the column is constant in the node. */
export function searchBinsPacked(start: i32, end: i32, bins: i32): bool {
  sumBins(codeBase, codeStride, start, end, bins)
  const missing: u64 = columnHasMissing ? load<u64>(sumsAt + 8 * <usize>bins) : 0
  let count = 0
  for (let bin = 0; bin < bins; bin++) {
    if (load<u64>(sumsAt + 8 * <usize>bin) == 0) continue
    store<i32>(groupCodeAt + 4 * <usize>count, bin)
    count++
  }
  setNodeHasMissing(missing != 0)
  if (count == 0 || (count == 1 && missing == 0)) return true
  scanBins(count, missing)
  return false
}

function sumBins(base: usize, stride: usize, start: i32, end: i32, bins: i32): void {
  memory.fill(sumsAt, 0, 8 * <usize>(bins + 1))
  const last = entryAt(end)
  for (let at = entryAt(start); at < last; at += 8) {
    const entry = load<u64>(at)
    const cell = sumsAt + 8 * <usize>load<u8>(base + <usize>(<u32>entry) * stride)
    store<u64>(cell, load<u64>(cell) + packedWeight(entry))
  }
}

/** Tries the splits between groups, whose codes are the bins that have rows. */
function scanBins(count: i32, missing: u64): void {
  const sides = missing != 0 ? 2 : 1
  for (let side = 0; side < sides; side++) {
    let left: u64 = side == 1 ? missing : 0
    for (let group = 0; group < count - 1; group++) {
      const code = load<i32>(groupCodeAt + 4 * <usize>group)
      left += load<u64>(sumsAt + 8 * <usize>code)
      const score = scoreOf(left)
      if (isBetter(score))
        keep(score, code, load<i32>(groupCodeAt + 4 * <usize>(group + 1)), side == 1)
    }
  }
  if (missing == 0) return
  const score = scoreOf(nodePacked - missing)
  if (isBetter(score)) keep(score, load<i32>(groupCodeAt + 4 * <usize>(count - 1)), -1, false)
}

/** Tries the splits between sorted keys. */
export function searchKeysPacked(count: i32, missing: u64): void {
  const sides = missing != 0 ? 2 : 1
  for (let side = 0; side < sides; side++) {
    let left: u64 = side == 1 ? missing : 0
    let key = load<u64>(keysAt)
    for (let i = 0; i < count - 1; i++) {
      left += packedWeight(load<u64>(entryAt(<u32>key)))
      const next = load<u64>(keysAt + 8 * <usize>(i + 1))
      if (key >>> 32 != next >>> 32) {
        const score = scoreOf(left)
        if (isBetter(score)) {
          keep(score, <i32>(key >>> 32), <i32>(next >>> 32), side == 1)
          keepEdges(rowAt(<i32>key), rowAt(<i32>next))
        }
      }
      key = next
    }
  }
  if (missing == 0) return
  const score = scoreOf(nodePacked - missing)
  if (isBetter(score)) {
    const key = load<u64>(keysAt + 8 * <usize>(count - 1))
    keep(score, <i32>(key >>> 32), -1, false)
    keepEdges(rowAt(<i32>key), -1)
  }
}

function scoreOf(left: u64): f64 {
  return packedScore(left, nodePacked - left)
}

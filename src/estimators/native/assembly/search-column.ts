// Search of one column: chooses between its bins, its ranks and its bits.
import { compareColumn, foundBetter, keepColumn } from './best-split'
import { isConstantBit, wait } from './binary-columns'
import { addEntry, clearSums } from './class-sums'
import { codeBase, codeStride, locateBins, locateRanks } from './codes'
import { entryAt, packedWeight } from './entries'
import { exactRows, packed } from './limits'
import { columnHasMissing, enterColumn, nodeHasMissing, setNodeHasMissing } from './open-node'
import { keysAt, missingAt } from './scratch'
import { searchBinsPacked, searchKeysPacked } from './search-packed'
import { searchBins, searchKeys } from './search-sums'
import { sortKeys } from './sort-keys'
import { binCountOf, distinctOf, isBinary, isRanked } from './training-columns'

/**
 * Replaces the best split by one on this column with a larger score. Returns whether the column is
 * constant in the node, and so in all nodes below it.
 */
export function searchColumn(column: i32, start: i32, end: i32): bool {
  const length = end - start
  if (isBinary(column)) {
    if (isConstantBit(column)) return true
    if (packed) {
      wait(column)
      return false
    }
  }
  enterColumn(column)
  compareColumn(column)
  const bins = binCountOf(column)
  const byRank = isRanked(column) && length <= exactRows
  // With many more bins than rows sorting is faster than going through the bins.
  const isSorted = byRank || (!isRanked(column) && bins > 2 * length && length <= exactRows)
  let isConstant: bool
  if (isSorted) isConstant = searchSorted(column, start, end, byRank)
  else {
    locateBins(column, length)
    if (packed) isConstant = searchBinsPacked(start, end, bins)
    else isConstant = searchBins(start, end, bins)
  }
  if (foundBetter) keepColumn(column, byRank, nodeHasMissing, isSorted)
  return isConstant
}

/** Splits between any two values that the node has. */
function searchSorted(column: i32, start: i32, end: i32, byRank: bool): bool {
  let missing: u64 = 0
  const missingCode = byRank ? distinctOf(column) : binCountOf(column)
  if (byRank) locateRanks(column)
  else locateBins(column, end - start)
  if (!packed) clearSums(missingAt)
  let lowest: i32 = i32.MAX_VALUE
  let highest: i32 = -1
  let count = 0
  let hasMissing = false
  for (let i = start; i < end; i++) {
    const entry = load<u64>(entryAt(i))
    const at = codeBase + <usize>(<u32>entry) * codeStride
    const code: i32 = byRank ? load<i32>(at) : <i32>load<u8>(at)
    if (columnHasMissing && code == missingCode) {
      hasMissing = true
      if (packed) missing += packedWeight(entry)
      else addEntry(entry, missingAt)
      continue
    }
    lowest = min(lowest, code)
    highest = max(highest, code)
    store<u64>(keysAt + 8 * <usize>count, ((<u64>code) << 32) | <u64>i)
    count++
  }
  setNodeHasMissing(hasMissing)
  if (count == 0 || (lowest == highest && !hasMissing)) return true
  sortKeys(count, lowest, highest)
  if (!packed) return searchKeys(count, start, end)
  searchKeysPacked(count, missing)
  return false
}

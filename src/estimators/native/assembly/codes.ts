// Codes of a column: its bins or its ranks. They are in the order of values; the largest stands for
// missing ones.
import {
  binColumnAt,
  binsAt,
  columns,
  rankColumnAt,
  rankColumns,
  ranksAt,
  rowBinsAt,
  rows,
} from './training-columns'

/** Where the codes located last lie, and how far apart those of two rows are. */
export let codeBase: usize
export let codeStride: usize

/**
 * Locates the bins for a node of `length` rows: by column where they lie close, by row otherwise.
 */
export function locateBins(column: i32, length: i32): void {
  const own = load<i32>(binColumnAt + 4 * <usize>column)
  if (own >= 0 && length >= rows >> 5) {
    codeBase = binsAt + <usize>own * <usize>rows
    codeStride = 1
  } else {
    codeBase = rowBinsAt + <usize>column
    codeStride = <usize>columns
  }
}

export function locateRanks(column: i32): void {
  codeBase = ranksAt + 4 * <usize>load<i32>(rankColumnAt + 4 * <usize>column)
  codeStride = 4 * <usize>rankColumns
}

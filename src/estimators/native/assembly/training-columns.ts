// The training columns: what ../training-columns.ts has built, and where it lies.

export let rows: i32
export let columns: i32
export let rankColumns: i32
/** u8 [column with bins][row] */
export let binsAt: usize
/** u8 [row][column]: the same of all columns, for nodes whose rows lie far apart. */
export let rowBinsAt: usize
/** i32 [row][column with ranks] */
export let ranksAt: usize
/** i32 [column] each */
export let binCountsAt: usize
export let rankColumnAt: usize
export let distinctAt: usize
export let hasMissingAt: usize
/** u64 [row][word]: a bit per column; it counts for columns of two values. */
export let masksAt: usize
export let maskWords: i32
/** i32 [column]: −1 for those. */
export let binColumnAt: usize
/** i32 [row]: the class. */
export let labelsAt: usize

export function setData(
  rows_: i32,
  columns_: i32,
  rankColumns_: i32,
  bins: usize,
  rowBins: usize,
  ranks: usize,
  binCounts: usize,
  rankColumn: usize,
  distinct: usize,
  hasMissing: usize,
  masks: usize,
  maskWords_: i32,
  binColumn: usize,
  labels: usize,
): void {
  rows = rows_
  columns = columns_
  rankColumns = rankColumns_
  binsAt = bins
  rowBinsAt = rowBins
  ranksAt = ranks
  binCountsAt = binCounts
  rankColumnAt = rankColumn
  distinctAt = distinct
  hasMissingAt = hasMissing
  masksAt = masks
  maskWords = maskWords_
  binColumnAt = binColumn
  labelsAt = labels
}

/** Number of the column's value bins, which is also the bin of its missing values. */
export function binCountOf(column: i32): i32 {
  return load<i32>(binCountsAt + 4 * <usize>column)
}

/** Number of the column's distinct values, which is also the rank of its missing values. */
export function distinctOf(column: i32): i32 {
  return load<i32>(distinctAt + 4 * <usize>column)
}

/** Whether the column has more values than bins, so that only its ranks tell them apart. */
export function isRanked(column: i32): bool {
  return load<i32>(rankColumnAt + 4 * <usize>column) >= 0
}

/** Whether the column has at most two values and none missing, so that a bit per row tells them. */
export function isBinary(column: i32): bool {
  return maskWords > 0 && load<i32>(binColumnAt + 4 * <usize>column) < 0
}

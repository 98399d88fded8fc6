/**
 * The best split of the open node so far. Of splits with equal scores that of the lower column
 * wins, whatever the order in which columns are drawn, then that of the lower value.
 */

/** −1 while there is none. */
export let bestColumn: i32
let bestScore: f64
/**
 * Last code that goes left, and the first one behind it in the node; −1 when only missing values go
 * right.
 */
export let bestCode: i32
export let bestNext: i32
/** Whether codes are ranks; bins otherwise. */
export let bestByRank: bool
export let bestHasMissing: bool
export let bestMissingLeft: bool
/** Whether the rows that hold the values on either side are known. */
export let bestIsSorted: bool
export let bestRowBelow: i32
export let bestRowAbove: i32

/** Whether the column under search wins with the same score. */
let mayTie: bool
/** Whether the column under search has the best split. */
export let foundBetter: bool

export function forgetBest(): void {
  bestColumn = -1
  bestScore = -Infinity
}

/** Begins to compare the splits of a column. */
export function compareColumn(column: i32): void {
  mayTie = column < bestColumn
  foundBetter = false
}

export function isBetter(score: f64): bool {
  return score > bestScore || (mayTie && score == bestScore)
}

/** Takes a split of the column under search; `keepColumn` must follow before the next column. */
export function keep(score: f64, code: i32, next: i32, missingLeft: bool): void {
  bestScore = score
  bestCode = code
  bestNext = next
  bestMissingLeft = missingLeft
  mayTie = false
  foundBetter = true
}

/** Says what column the split is of; with `isSorted` its edges have been kept. */
export function keepColumn(column: i32, byRank: bool, hasMissing: bool, isSorted: bool): void {
  bestColumn = column
  bestByRank = byRank
  bestHasMissing = hasMissing
  bestIsSorted = isSorted
}

/**
 * Takes the rows that hold the values on either side; above −1 when only missing values go right.
 */
export function keepEdges(below: i32, above: i32): void {
  bestRowBelow = below
  bestRowAbove = above
}

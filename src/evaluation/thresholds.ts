/** What deciding at other probabilities than one half would do. */

/**
 * Rows told right and wrong when those with more than this probability are said to be positive: at one half, of two classes,
 * as they are predicted.
 */
export interface ThresholdRow {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

const THRESHOLDS = Float64Array.from({ length: 19 }, (_, i) => (i + 1) / 20)

/** Returns a row for each of 0.05, 0.10 … 0.95. */
export function tabulateThresholds(scores: Float64Array, isPositive: Uint8Array): ThresholdRow[] {
  // Rows by how many thresholds they are above.
  const above = [0, 1].map(() => new Int32Array(THRESHOLDS.length + 1)) as [Int32Array, Int32Array]
  for (let row = 0; row < scores.length; row++) {
    const counts = above[isPositive[row] === 1 ? 1 : 0]
    const count = countBelow(scores[row]!)
    counts[count] = counts[count]! + 1
  }
  const [negatives, positives] = above.map((counts) => counts.reduce((sum, n) => sum + n, 0))
  const table: ThresholdRow[] = []
  let [truePositives, falsePositives] = [0, 0]
  for (let i = THRESHOLDS.length - 1; i >= 0; i--) {
    truePositives += above[1][i + 1]!
    falsePositives += above[0][i + 1]!
    table.push({
      threshold: THRESHOLDS[i]!,
      truePositives,
      falsePositives,
      falseNegatives: positives! - truePositives,
      trueNegatives: negatives! - falsePositives,
    })
  }
  return table.reverse()
}

/** Returns how many of the thresholds are below a score: a product may be a threshold off. */
function countBelow(score: number): number {
  let count = Math.max(0, Math.min(THRESHOLDS.length, Math.floor(score * 20)))
  while (count > 0 && THRESHOLDS[count - 1]! >= score) count--
  while (count < THRESHOLDS.length && THRESHOLDS[count]! < score) count++
  return count
}

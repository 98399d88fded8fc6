/** What deciding at other probabilities than one half would do. */

/** Rows told right and wrong when those with at least this probability are said to be positive. */
export interface ThresholdRow {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

/** Returns a row for each of 0.05, 0.10 … 0.95. */
export function tabulateThresholds(scores: Float64Array, isPositive: Uint8Array): ThresholdRow[] {
  return Array.from({ length: 19 }, (_, i) => {
    const threshold = (i + 1) / 20
    let [truePositives, falsePositives, positives] = [0, 0, 0]
    for (let row = 0; row < scores.length; row++) {
      const positive = isPositive[row] === 1
      if (positive) positives++
      if (scores[row]! < threshold) continue
      if (positive) truePositives++
      else falsePositives++
    }
    return {
      threshold,
      truePositives,
      falsePositives,
      falseNegatives: positives - truePositives,
      trueNegatives: scores.length - positives - falsePositives,
    }
  })
}

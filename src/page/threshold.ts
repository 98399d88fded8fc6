/** What a threshold does: counts as the measures that people know. */
import type { ThresholdCounts } from './wire.ts'

export interface ThresholdMeasures {
  readonly accuracy: number
  /** Of the rows said to be of the class, how many are; NaN where none is said to be. */
  readonly precision: number
  /** Of the rows of the class, how many are found. */
  readonly recall: number
  readonly f1: number
}

/** Returns the measures of answers at one threshold. */
export function measure(counts: ThresholdCounts): ThresholdMeasures {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts
  const rows = truePositives + falsePositives + falseNegatives + trueNegatives
  return {
    accuracy: (truePositives + trueNegatives) / rows,
    precision: truePositives / (truePositives + falsePositives),
    recall: truePositives / (truePositives + falseNegatives),
    f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
  }
}

/** Returns the place of the threshold nearest to one half. */
export function middleOf(thresholds: readonly ThresholdCounts[]): number {
  let best = 0
  thresholds.forEach(({ threshold }, i) => {
    const nearest = thresholds[best]?.threshold ?? 0
    if (Math.abs(threshold - 0.5) < Math.abs(nearest - 0.5)) best = i
  })
  return best
}

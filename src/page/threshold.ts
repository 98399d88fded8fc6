/** What a threshold does: counts as the measures that people know. */
import type { CalibrationBin, Points, ThresholdCounts } from './wire.ts'

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

/** Returns the shares that curves are drawn of: rows of the class found, false alarms, right ones of those said, rows of the class. */
export function truthsOf(counts: ThresholdCounts) {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts
  const { precision, recall } = measure(counts)
  const others = falsePositives + trueNegatives
  const own = truePositives + falseNegatives
  return {
    found: recall,
    alarms: falsePositives / others,
    right: precision,
    share: own / (own + others),
  }
}

/**
 * Returns the corners of a precision-recall curve: between two of its points precision is not what a straight line says
 * (Davis and Goadrich 2006, doi:10.1145/1143844.1143874); that of the last holds down to a recall of 0.
 */
export function stepsOf({ x, y }: Points): (readonly [x: number, y: number])[] {
  return x.flatMap((recall, i) => {
    const precision = y[i] ?? 0
    return [[recall, precision] as const, [x[i + 1] ?? 0, precision] as const]
  })
}

/** Returns the bin whose mean probability is nearest to a threshold; undefined where there is none. */
export function nearestBin(
  bins: readonly CalibrationBin[],
  threshold: number,
): CalibrationBin | undefined {
  const distance = ({ predicted }: CalibrationBin) => Math.abs(predicted - threshold)
  return bins.reduce<CalibrationBin | undefined>(
    (best, bin) => (!best || distance(bin) < distance(best) ? bin : best),
    undefined,
  )
}

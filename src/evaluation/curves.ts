/** What a page draws of answers: curves, calibration and decisions at other thresholds. */
import { type CalibrationBin, calibrationBins } from './calibration.ts'
import type { RankedAnswers } from './metrics.ts'
import {
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type Ranking,
  type RocCurve,
  rocCurve,
  thinCurve,
} from './ranking.ts'
import { type ThresholdRow, tabulateThresholds } from './thresholds.ts'

/** One class against the others. */
export interface ClassCurves {
  readonly label: number
  /** At most 200 points; null without rows of the class or of the others. */
  readonly roc: RocCurve | null
  /** At most 200 points; null without rows of the class. */
  readonly precisionRecall: PrecisionRecallCurve | null
  readonly calibration: {
    readonly uniform: readonly CalibrationBin[]
    readonly quantile: readonly CalibrationBin[]
  }
  readonly thresholds: readonly ThresholdRow[]
}

const MOST_POINTS = 200
const BINS = 10
/** Of more classes, those with the most rows are drawn. */
const MOST_CLASSES = 10

/** Returns the curves of the positive class of two, otherwise of up to ten classes against the rest. */
export function drawCurves(answers: RankedAnswers): ClassCurves[] {
  const { y, probabilities, classes, rankings } = answers
  const labels = classes === 2 ? [1] : largestClasses(y, classes)
  return labels.map((label) => {
    const ranking = rankings[label] as Ranking
    const scores = Float64Array.from(y, (_, row) => probabilities[row * classes + label]!)
    return {
      label,
      roc: thinRoc(rocCurve(ranking)),
      precisionRecall: thinPrecisionRecall(precisionRecallCurve(ranking)),
      calibration: {
        uniform: calibrationBins(scores, ranking.isPositive, BINS, 'uniform'),
        quantile: calibrationBins(scores, ranking.isPositive, BINS, 'quantile'),
      },
      thresholds: tabulateThresholds(scores, ranking.isPositive),
    }
  })
}

function largestClasses(y: Int32Array, classes: number): number[] {
  const rows = new Int32Array(classes)
  for (const label of y) rows[label] = rows[label]! + 1
  return Array.from(rows, (_, label) => label)
    .sort((a, b) => rows[b]! - rows[a]! || a - b)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a - b)
}

function thinRoc(curve: RocCurve | null): RocCurve | null {
  if (!curve) return null
  const kept = thinCurve(curve.falsePositiveRate, curve.truePositiveRate, MOST_POINTS)
  return {
    falsePositiveRate: pick(curve.falsePositiveRate, kept),
    truePositiveRate: pick(curve.truePositiveRate, kept),
    thresholds: pick(curve.thresholds, kept),
  }
}

function thinPrecisionRecall(curve: PrecisionRecallCurve | null): PrecisionRecallCurve | null {
  if (!curve) return null
  const kept = thinCurve(curve.recall, curve.precision, MOST_POINTS)
  return {
    precision: pick(curve.precision, kept),
    recall: pick(curve.recall, kept),
    thresholds: pick(curve.thresholds, kept),
  }
}

function pick(values: Float64Array, kept: Int32Array): Float64Array {
  return Float64Array.from(kept, (i) => values[i]!)
}

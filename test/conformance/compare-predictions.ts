/** Whether two answers predict the same, in whichever dialect each is written. */
import type { Prediction, Predictions } from './predictions.ts'

const EXACT = 1e-9
const SINGLE = 1e-6

/** Returns how two lists of predictions differ; undefined when they do not. */
export function comparePredictions(
  found: Predictions,
  wanted: Predictions,
  tolerance = found.float32 || wanted.float32 ? SINGLE : EXACT,
): string | undefined {
  if (found.rows.length !== wanted.rows.length)
    return `${found.rows.length} predictions, the other answer has ${wanted.rows.length}`
  for (const [row, prediction] of found.rows.entries()) {
    const problem = compareRow(prediction, wanted.rows[row] as Prediction, tolerance)
    if (problem !== undefined) return `row ${row + 1}: ${problem}`
  }
  return undefined
}

/** Returns the probability of the second class that a prediction tells; undefined when it does not. */
export function scoreOf({ score, probabilities }: Prediction): number | undefined {
  return score ?? (probabilities?.length === 2 ? probabilities[1] : undefined)
}

function compareRow(a: Prediction, b: Prediction, tolerance: number): string | undefined {
  if (a.label !== undefined && b.label !== undefined && a.label !== b.label)
    return `label ${a.label}, the other answer has ${b.label}`
  const [p, q] = [numbersOf(a, b), numbersOf(b, a)]
  if (p && q) {
    if (p.length !== q.length) return `${p.length} probabilities, the other answer has ${q.length}`
    const at = p.findIndex((value, i) => !(Math.abs(value - (q[i] as number)) <= tolerance))
    return at < 0 ? undefined : `${p[at]}, the other answer has ${q[at]} (tolerance ${tolerance})`
  }
  const [label, other] = [labelOf(a), labelOf(b)]
  if (label === undefined || other === undefined) return 'a label cannot be compared with a score'
  return label === other ? undefined : `label ${label}, the other answer has ${other}`
}

/** The numbers that both tell: all probabilities where both have them, else the score. */
function numbersOf(own: Prediction, other: Prediction): readonly number[] | undefined {
  if (own.probabilities && other.probabilities) return own.probabilities
  const [score, otherScore] = [scoreOf(own), scoreOf(other)]
  return score === undefined || otherScore === undefined ? undefined : [score]
}

/** A score means 1 above a half, 0 otherwise; of several probabilities the largest counts. */
function labelOf(prediction: Prediction): string | undefined {
  if (prediction.label !== undefined) return prediction.label
  const { probabilities, classes } = prediction
  if (probabilities && (classes || probabilities.length === 2)) {
    const largest = probabilities.indexOf(Math.max(...probabilities))
    return classes ? classes[largest] : String(largest)
  }
  const score = scoreOf(prediction)
  return score === undefined ? undefined : score > 0.5 ? '1' : '0'
}

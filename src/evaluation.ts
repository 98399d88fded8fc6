/** Metrics of a classifier on labelled rows. */

/** What is measured; numbers in the units of scikit-learn's functions of the same names. */
export interface Metrics {
  readonly rows: number
  readonly accuracy: number
  readonly balancedAccuracy: number
  /** In nats; probabilities are kept 2.2e-16 away from 0. */
  readonly logLoss: number
  /** Of the positive class of two, otherwise the mean of one class against the rest; null without both. */
  readonly rocAuc: number | null
  /** Average precision, of the positive class of two, otherwise the mean over classes. */
  readonly prAuc: number | null
  /** Of the positive class of two, otherwise the mean over classes. */
  readonly f1: number
  /** Mean squared error of the positive class's probability, otherwise of all classes' together. */
  readonly brier: number
  /** [true class][predicted class] */
  readonly confusion: readonly (readonly number[])[]
}

const EPSILON = Number.EPSILON

/**
 * Returns the metrics of predictions.
 * @param y class number of every row
 * @param probabilities [row][class]
 * @param predicted class number predicted for every row
 */
export function evaluate(
  y: Int32Array,
  probabilities: Float64Array,
  predicted: Int32Array,
  classes: number,
): Metrics {
  const rows = y.length
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  let logLoss = 0
  let squares = 0
  for (let row = 0; row < rows; row++) {
    const label = y[row] as number
    const counts = confusion[label] as number[]
    const said = predicted[row] as number
    counts[said] = (counts[said] as number) + 1
    const p = probabilities[row * classes + label] as number
    logLoss -= Math.log(Math.min(1, Math.max(EPSILON, p)))
    for (let k = classes === 2 ? 1 : 0; k < classes; k++) {
      squares += ((probabilities[row * classes + k] as number) - (label === k ? 1 : 0)) ** 2
    }
  }
  const labels = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k)
  const oneClass = (measure: (scores: Float64Array, isPositive: Uint8Array) => number | null) =>
    meanOrNull(
      labels.map((label) => {
        const scores = Float64Array.from(
          { length: rows },
          (_, row) => probabilities[row * classes + label] as number,
        )
        return measure(
          scores,
          Uint8Array.from(y, (value) => (value === label ? 1 : 0)),
        )
      }),
    )
  return {
    rows,
    accuracy: confusion.reduce((sum, counts, k) => sum + (counts[k] as number), 0) / rows,
    balancedAccuracy: balancedAccuracy(confusion),
    logLoss: logLoss / rows,
    rocAuc: oneClass(rocAuc),
    prAuc: oneClass(averagePrecision),
    f1: mean(labels.map((label) => f1Score(confusion, label))),
    brier: squares / rows,
    confusion,
  }
}

/**
 * Returns the metrics of always answering with the training rows' class shares.
 * @param shares share of every class in the training rows
 */
export function evaluateMajority(y: Int32Array, shares: readonly number[]): Metrics {
  const classes = shares.length
  const majority = shares.indexOf(Math.max(...shares))
  const probabilities = new Float64Array(y.length * classes)
  for (let row = 0; row < y.length; row++) probabilities.set(shares, row * classes)
  return evaluate(y, probabilities, new Int32Array(y.length).fill(majority), classes)
}

/** Mean of the classes' recalls, over the classes that occur. */
function balancedAccuracy(confusion: readonly (readonly number[])[]): number {
  const recalls = confusion.flatMap((counts, k) => {
    const total = counts.reduce((sum, count) => sum + count, 0)
    return total > 0 ? [(counts[k] as number) / total] : []
  })
  return mean(recalls)
}

function f1Score(confusion: readonly (readonly number[])[], label: number): number {
  const hits = confusion[label]?.[label] as number
  const actual = (confusion[label] as readonly number[]).reduce((sum, count) => sum + count, 0)
  const said = confusion.reduce((sum, counts) => sum + (counts[label] as number), 0)
  return actual + said === 0 ? 0 : (2 * hits) / (actual + said)
}

/**
 * Returns the area under the ROC curve: the probability that a positive row scores above a negative one, ties
 * counting half (Mann and Whitney's U); null when one of the two is absent.
 */
function rocAuc(scores: Float64Array, isPositive: Uint8Array): number | null {
  const order = descending(scores)
  const positives = isPositive.reduce((sum, value) => sum + value, 0)
  const negatives = isPositive.length - positives
  if (positives === 0 || negatives === 0) return null
  let area = 0
  let seen = 0
  for (const [hits, misses] of tieGroups(order, scores, isPositive)) {
    area += misses * (seen + hits / 2)
    seen += hits
  }
  return area / (positives * negatives)
}

/** Returns Σ (recall_n − recall_{n−1}) precision_n over distinct thresholds; null without positives. */
function averagePrecision(scores: Float64Array, isPositive: Uint8Array): number | null {
  const positives = isPositive.reduce((sum, value) => sum + value, 0)
  if (positives === 0) return null
  let sum = 0
  let hitsSeen = 0
  let seen = 0
  for (const [hits, misses] of tieGroups(descending(scores), scores, isPositive)) {
    hitsSeen += hits
    seen += hits + misses
    sum += (hits / positives) * (hitsSeen / seen)
  }
  return sum
}

function descending(scores: Float64Array): Int32Array {
  return Int32Array.from(scores, (_, row) => row).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number),
  )
}

/** Yields, for every distinct score from the highest, how many positive and negative rows have it. */
function* tieGroups(
  order: Int32Array,
  scores: Float64Array,
  isPositive: Uint8Array,
): Generator<[number, number]> {
  let at = 0
  while (at < order.length) {
    const score = scores[order[at] as number] as number
    let hits = 0
    let misses = 0
    // Object.is, because a score that is not a number would never equal itself.
    for (; at < order.length && Object.is(scores[order[at] as number], score); at++) {
      if (isPositive[order[at] as number]) hits++
      else misses++
    }
    yield [hits, misses]
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null)
  return present.length < values.length ? null : mean(present)
}

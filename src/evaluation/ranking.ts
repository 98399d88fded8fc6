/** Rows in the order of their scores: areas and curves over all thresholds. */

/** Rows sorted by a score from the highest, with the ends of the runs of equal scores. */
export interface Ranking {
  /** Row numbers. */
  readonly order: Int32Array
  /** Positions in `order` behind the last row of every distinct score. */
  readonly ends: Int32Array
  /** The distinct scores, descending; length = ends. */
  readonly scores: Float64Array
  /** 1 where a row is positive, by row number. */
  readonly isPositive: Uint8Array
}

/**
 * Returns the rows ranked by a score.
 * @param scores one finite number per row
 * @param isPositive 1 where a row is positive
 */
export function rank(scores: Float64Array, isPositive: Uint8Array): Ranking {
  const order = Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[b]! - scores[a]!)
  const ends: number[] = []
  for (let at = 0; at < order.length; at++) {
    if (scores[order[at]!] !== scores[order[at + 1]!]) ends.push(at + 1)
  }
  return {
    order,
    ends: Int32Array.from(ends),
    scores: Float64Array.from(ends, (end) => scores[order[end - 1]!]!),
    isPositive,
  }
}

/** How many rows score at least as high as a threshold; one entry per distinct score, descending. */
interface Cumulated {
  readonly positives: Float64Array
  readonly negatives: Float64Array
}

function cumulate({ order, ends, isPositive }: Ranking): Cumulated {
  const positives = new Float64Array(ends.length)
  const negatives = new Float64Array(ends.length)
  let [hits, misses, at] = [0, 0, 0]
  for (let group = 0; group < ends.length; group++) {
    for (; at < ends[group]!; at++) {
      if (isPositive[order[at]!]) hits++
      else misses++
    }
    positives[group] = hits
    negatives[group] = misses
  }
  return { positives, negatives }
}

/** Areas under the curves over all thresholds; null without the rows that they need. */
export interface Areas {
  /**
   * Under the ROC curve: the probability that a positive row scores above a negative one, ties counting half (Mann and
   * Whitney's U).
   */
  readonly rocAuc: number | null
  /** Average precision: Σ (recall_n − recall_{n−1}) precision_n over distinct scores. */
  readonly prAuc: number | null
}

/**
 * Returns the areas under both curves.
 * @param weights of the rows, by row number; absent: 1 each
 */
export function areasUnder({ order, ends, isPositive }: Ranking, weights?: Float64Array): Areas {
  let [hits, misses, at, area, precisions] = [0, 0, 0, 0, 0]
  for (let group = 0; group < ends.length; group++) {
    const [hitsAbove, missesAbove] = [hits, misses]
    for (const end = ends[group]!; at < end; at++) {
      const row = order[at]!
      const weight = weights ? weights[row]! : 1
      if (isPositive[row] === 1) hits += weight
      else misses += weight
    }
    area += (misses - missesAbove) * (hitsAbove + (hits - hitsAbove) / 2)
    // A resample may give the highest scores no weight at all.
    if (hits > hitsAbove) precisions += ((hits - hitsAbove) * hits) / (hits + misses)
  }
  return {
    rocAuc: hits > 0 && misses > 0 ? area / (hits * misses) : null,
    prAuc: hits > 0 ? precisions / hits : null,
  }
}

/** Points of a ROC curve from (0, 0) to (1, 1); the first threshold is infinite: nothing is said to be positive. */
export interface RocCurve {
  readonly falsePositiveRate: Float64Array
  readonly truePositiveRate: Float64Array
  /** Rows that score at least this are said to be positive; descending. */
  readonly thresholds: Float64Array
}

/**
 * Returns the ROC curve without the points between two others on a line, as scikit-learn's `roc_curve`; null when
 * positives or negatives are absent.
 */
export function rocCurve(ranking: Ranking): RocCurve | null {
  const { positives, negatives } = cumulate(ranking)
  const last = positives.length - 1
  const [allPositives, allNegatives] = [positives[last] ?? 0, negatives[last] ?? 0]
  if (allPositives === 0 || allNegatives === 0) return null
  const bends = (values: Float64Array, i: number) =>
    values[i + 1]! - values[i]! !== values[i]! - values[i - 1]!
  const kept = Array.from(positives, (_, i) => i).filter(
    (i) => i === 0 || i === last || bends(positives, i) || bends(negatives, i),
  )
  const points = (first: number, valueAt: (i: number) => number) => {
    const values = new Float64Array(kept.length + 1)
    values[0] = first
    kept.forEach((i, point) => {
      values[point + 1] = valueAt(i)
    })
    return values
  }
  return {
    falsePositiveRate: points(0, (i) => negatives[i]! / allNegatives),
    truePositiveRate: points(0, (i) => positives[i]! / allPositives),
    thresholds: points(Number.POSITIVE_INFINITY, (i) => ranking.scores[i]!),
  }
}

/** Points of a precision-recall curve, from the lowest threshold to the highest. */
export interface PrecisionRecallCurve {
  readonly precision: Float64Array
  readonly recall: Float64Array
  /** Rows that score at least this are said to be positive; ascending. */
  readonly thresholds: Float64Array
}

/**
 * Returns the precision-recall curve as scikit-learn's `precision_recall_curve`, without its last point (recall 0,
 * precision 1), which has no threshold; null without positives.
 */
export function precisionRecallCurve(ranking: Ranking): PrecisionRecallCurve | null {
  const { positives, negatives } = cumulate(ranking)
  const all = positives.at(-1) ?? 0
  if (all === 0) return null
  const ascending = Array.from(positives, (_, i) => positives.length - 1 - i)
  return {
    precision: Float64Array.from(ascending, (i) => positives[i]! / (positives[i]! + negatives[i]!)),
    recall: Float64Array.from(ascending, (i) => positives[i]! / all),
    thresholds: Float64Array.from(ascending, (i) => ranking.scores[i]!),
  }
}

/**
 * Returns which points of a curve to draw when there are more than `most`: both ends, and points at about equal
 * distances along the curve (|Δx| + |Δy|); ascending.
 */
export function thinCurve(x: Float64Array, y: Float64Array, most: number): Int32Array {
  const points = Int32Array.from(x, (_, i) => i)
  if (points.length <= most) return points
  const along = new Float64Array(x.length)
  for (let i = 1; i < x.length; i++) {
    along[i] = along[i - 1]! + Math.abs(x[i]! - x[i - 1]!) + Math.abs(y[i]! - y[i - 1]!)
  }
  const length = along.at(-1) as number
  const last = points.length - 1
  let at = 0
  let kept = 0
  return points.filter((i) => {
    if (i === last) return true
    if (along[i]! < (at * length) / (most - 1) || kept >= most - 1) return false
    kept++
    while ((at * length) / (most - 1) <= along[i]!) at++
    return true
  })
}

/** Whether probabilities are what they say: bins of rows with similar probabilities. */
import { quantile } from './quantile.ts'

/** Rows whose probability lies in one bin. */
export interface CalibrationBin {
  readonly rows: number
  /** Mean probability of the bin's rows. */
  readonly meanPredicted: number
  /** Share of the bin's rows that are positive. */
  readonly observed: number
}

/** Bins of equal width, or of about equally many rows. */
export type BinStrategy = 'uniform' | 'quantile'

/**
 * Returns the bins that hold rows, by ascending probability, as scikit-learn's `calibration_curve` makes them: a bin
 * holds the probabilities above its lower edge up to its upper edge.
 * @param scores probability of being positive, in [0, 1], per row; at least one
 */
export function calibrationBins(
  scores: Float64Array,
  isPositive: Uint8Array,
  bins: number,
  strategy: BinStrategy,
): CalibrationBin[] {
  const edges = strategy === 'uniform' ? uniformEdges(bins) : quantileEdges(scores, bins)
  const inner = edges.subarray(1, -1)
  const sums = Array.from({ length: bins }, () => ({ rows: 0, predicted: 0, positive: 0 }))
  scores.forEach((score, row) => {
    const sum = sums[countBelow(inner, score)] as (typeof sums)[number]
    sum.rows++
    sum.predicted += score
    sum.positive += isPositive[row]!
  })
  return sums
    .filter(({ rows }) => rows > 0)
    .map(({ rows, predicted, positive }) => ({
      rows,
      meanPredicted: predicted / rows,
      observed: positive / rows,
    }))
}

/** numpy's linspace(0, 1, bins + 1). */
function uniformEdges(bins: number): Float64Array {
  const step = 1 / bins
  return Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? 1 : i * step))
}

/** numpy's percentile at those shares, to the last bit: edges are often scores, and then decide about them. */
function quantileEdges(scores: Float64Array, bins: number): Float64Array {
  const sorted = scores.slice().sort()
  return uniformEdges(bins).map((share) => quantile(sorted, (share * 100) / 100))
}

/** How many of the ascending edges lie below a value. */
function countBelow(edges: Float64Array, value: number): number {
  let [low, high] = [0, edges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Attribution drift: whether the columns still matter in the order in which they mattered in training. */
import { createRandom } from '../../data/random.ts'

/**
 * Returns the normalised discounted cumulative gain of a live order of columns: the columns sorted by their live attribution,
 * each with its attribution in training as its gain, Σ gain_i / log₂(i + 1) over the places i from 1, divided by the same sum in
 * the order of training. 1 = the same order. Columns that are live alike share the mean of their gains, as in scikit-learn's
 * `ndcg_score`. This is the score of SageMaker Clarify's feature attribution drift.
 * @param training mean |SHAP value| of every column over training rows
 * @param live the same over live rows
 */
export function attributionNdcg(training: ArrayLike<number>, live: ArrayLike<number>): number {
  const ideal = gainInOrder(training, training)
  return ideal > 0 ? gainInOrder(training, live) / ideal : 1
}

function gainInOrder(gains: ArrayLike<number>, scores: ArrayLike<number>): number {
  const order = Array.from(gains, (_, column) => column).sort((a, b) => scores[b]! - scores[a]!)
  let sum = 0
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [gain, discount] = [0, 0]
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++) {
      gain += gains[order[to]!]!
      discount += 1 / Math.log2(to + 2)
    }
    sum += (gain / (to - from)) * discount
  }
  return sum
}

/** SHAP values of explained rows without their signs; [row][output][column]. */
export interface Attributions {
  readonly rows: number
  readonly outputs: number
  readonly columns: number
  readonly absolute: Float64Array
}

/** Returns the mean of every column for one output, every row counted as often as its weight says. */
export function meanAttribution(
  { rows, outputs, columns, absolute }: Attributions,
  output: number,
  weights?: Uint32Array,
): Float64Array {
  const mean = new Float64Array(columns)
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1
    if (weight === 0) continue
    const start = (row * outputs + output) * columns
    for (let j = 0; j < columns; j++) mean[j] = mean[j]! + weight * absolute[start + j]!
  }
  return mean.map((sum) => sum / Math.max(1, rows))
}

/** Resamples of the explained rows; all of them must say that the order has changed. */
const RESAMPLES = 200

/** The score of one output, and the highest one of resamples of the explained rows. */
export interface AttributionDrift {
  readonly ndcg: number
  readonly highest: number
  readonly live: readonly number[]
}

/**
 * Returns the score of one output and, from resamples of the explained rows with replacement, how high it might be by chance.
 * @param training mean |SHAP value| of every column over training rows
 */
export function driftOfAttribution(
  training: ArrayLike<number>,
  attributions: Attributions,
  output: number,
  seed: number,
): AttributionDrift {
  const live = meanAttribution(attributions, output)
  const ndcg = attributionNdcg(training, live)
  const random = createRandom(seed, output)
  const { rows } = attributions
  const weights = new Uint32Array(rows)
  let highest = ndcg
  for (let i = 0; i < RESAMPLES && rows > 0; i++) {
    weights.fill(0)
    for (let drawn = 0; drawn < rows; drawn++) {
      const row = random.below(rows)
      weights[row] = weights[row]! + 1
    }
    const resampled = meanAttribution(attributions, output, weights)
    highest = Math.max(highest, attributionNdcg(training, resampled))
  }
  return { ndcg, highest, live: Array.from(live) }
}

/** What a model loses when a column's values are shuffled among the rows. */
import { type Column, type DataFrame, takeColumnRows } from '../data/frame.ts'
import { createRandom, shuffle } from '../data/random.ts'
import { evaluate, type Metrics } from '../evaluation/metrics.ts'
import type { Predictor } from '../predictor/predictor.ts'

/** A column's permutation importance: how much worse the metric gets. */
export interface PermutationEntry {
  readonly column: string
  readonly mean: number
  /** Standard deviation over the repeats (divided by repeats). */
  readonly sd: number
}

export interface PermutationImportance {
  /** ROC AUC where the rows have both of two classes, otherwise log loss. */
  readonly metric: 'roc_auc' | 'log_loss'
  readonly rows: number
  readonly repeats: number
  /** In the order of the model's input columns. */
  readonly columns: readonly PermutationEntry[]
}

const REPEATS = 5
const STREAM = 13
const MOST_ROWS = 500
/** Predictions that are made at most, unless there are very many columns: about a second of a large forest. */
const BUDGET = 40_000

/** Returns how many rows are predicted for a model of so many columns. */
export function permutationRows(columns: number): number {
  return Math.max(20, Math.min(MOST_ROWS, Math.floor(BUDGET / (columns * REPEATS))))
}

/**
 * Returns permutation importance (Breiman 2001): the drop of ROC AUC, or the rise of log loss, when one column is
 * shuffled, over 5 shuffles. One-hot levels and derived columns move with their column. The same seed gives the same
 * numbers.
 * @param frame rows with the model's input columns, at least one
 * @param y class number of every row
 */
export function permutationImportance(
  predictor: Predictor,
  frame: DataFrame,
  y: Int32Array,
  seed: number,
): PermutationImportance {
  const measure = (rows: DataFrame): Metrics => {
    const { probabilities, labels } = predictor.predict(rows)
    return evaluate(y, probabilities, labels, predictor.classes.length)
  }
  const before = measure(frame)
  const { rocAuc } = before
  const isRanked = predictor.classes.length === 2 && rocAuc !== null
  const lossOf = (metrics: Metrics) =>
    isRanked ? (rocAuc as number) - (metrics.rocAuc as number) : metrics.logLoss - before.logLoss
  const random = createRandom(seed, STREAM)
  const used = new Set(predictor.preprocessor.inputOf)
  return {
    metric: isRanked ? 'roc_auc' : 'log_loss',
    rows: frame.length,
    repeats: REPEATS,
    columns: predictor.preprocessor.featureNamesIn.map((column, input) => {
      if (!used.has(input)) return { column, mean: 0, sd: 0 }
      const at = frame.names.indexOf(column)
      const losses = Array.from({ length: REPEATS }, () => {
        const order = shuffle(
          Int32Array.from(y, (_, row) => row),
          random,
        )
        const shuffled = takeColumnRows(frame.columns[at] as Column, order)
        return lossOf(measure({ ...frame, columns: frame.columns.with(at, shuffled) }))
      })
      return { column, ...describe(losses) }
    }),
  }
}

function describe(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: Math.sqrt(squares / values.length) }
}

/** What a model loses when a column's values are shuffled among the rows. */
import type { DataFrame } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import { createRandom, shuffle } from '../data/random.ts'
import { meanLogLoss, positiveArea } from '../evaluation/metrics.ts'
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
  /** Of the columns that were shuffled, and 0 for those that the model does not look at; in no order. */
  readonly columns: readonly PermutationEntry[]
}

const REPEATS = 5
/** Every column has a stream of random numbers, far from those of trees and folds. */
const FIRST_STREAM = 0x40000000
const MOST_ROWS = 500
const LEAST_ROWS = 20
const ENOUGH_COLUMNS = 100
const LEAST_COLUMNS = 10
/** Predictions that are made at most, unless there are very many columns: about a second of a large forest. */
const BUDGET = 40_000

/** Estimated nanoseconds of measuring a shuffle besides what a row takes; of ranking a row, and of its log loss. */
const SHUFFLE_NANOSECONDS = 10_000
const RANK_NANOSECONDS = 250
const LOSS_NANOSECONDS = 60

/** Returns the estimated nanoseconds of one shuffle of so many rows. */
export function shuffleCost(rows: number, classes: number, rowCost: number): number {
  return SHUFFLE_NANOSECONDS + rows * (rowCost + measureCost(classes))
}

function measureCost(classes: number): number {
  return classes === 2 ? RANK_NANOSECONDS : LOSS_NANOSECONDS + classes
}

/** What is shuffled of a model. */
export interface PermutationPlan {
  /** Columns, those that push most. */
  readonly columns: number
  readonly rows: number
  readonly repeats: number
}

/**
 * Returns how many rows are shuffled how often, and in how many columns, so that all of it takes no more than so many
 * nanoseconds: first fewer rows, down to 20, then fewer columns, down to 100, then fewer shuffles, down to one, then
 * fewer columns again, down to 10. Few numbers that say something are worth more than thousands that do not.
 * @param columns inputs of the model
 * @param used those of them that its features are made from and that it looks at
 * @param rowCost estimated nanoseconds to predict a row
 */
export function planPermutation(
  model: { readonly columns: number; readonly used: number; readonly classes: number },
  rowCost: number,
  nanoseconds: number,
): PermutationPlan {
  const { columns, used, classes } = model
  const perRow = rowCost + measureCost(classes)
  const rows = Math.floor(
    (nanoseconds / Math.max(1, used) / REPEATS - SHUFFLE_NANOSECONDS) / perRow,
  )
  if (rows >= LEAST_ROWS)
    return { columns: used, rows: Math.min(permutationRows(columns), rows), repeats: REPEATS }
  const shuffles = nanoseconds / shuffleCost(LEAST_ROWS, classes, rowCost)
  const many = Math.floor(shuffles / REPEATS)
  if (many >= ENOUGH_COLUMNS)
    return { columns: Math.min(used, many), rows: LEAST_ROWS, repeats: REPEATS }
  const some = Math.min(used, ENOUGH_COLUMNS)
  const repeats = Math.max(1, Math.min(REPEATS, Math.floor(shuffles / Math.max(1, some))))
  const few = Math.max(LEAST_COLUMNS, Math.floor(shuffles / repeats))
  return { columns: Math.min(some, few), rows: LEAST_ROWS, repeats }
}

/** Returns how many rows are predicted for a model of so many columns, however cheap they are. */
export function permutationRows(columns: number): number {
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(BUDGET / (columns * REPEATS))))
}

export interface PermutationOptions {
  readonly seed: number
  /** Shuffles of every column; 5 by default. */
  readonly repeats?: number
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
  const X = predictor.preprocessor.transform(frame)
  return measureColumns(predictor, X, y, predictor.preprocessor.featureNamesIn.keys(), { seed })
}

/**
 * Returns what {@link permutationImportance} does, of some columns. What one of them loses hangs on the seed and its
 * number, not on the others: so threads may divide them, and those that a model does not look at be left out.
 * @param X the rows as the model sees them; [row][feature]
 * @param columns numbers of input columns
 */
export function measureColumns(
  predictor: Predictor,
  X: Matrix,
  y: Int32Array,
  columns: Iterable<number>,
  { seed, repeats = REPEATS }: PermutationOptions,
): PermutationImportance {
  const { preprocessor, classes } = predictor
  const answersOf = (rows: Matrix) => {
    const { probabilities, labels: predicted } = predictor.predictFeatures(rows)
    return { y, probabilities, predicted, classes: classes.length }
  }
  const before = answersOf(X)
  const area = classes.length === 2 ? positiveArea(before) : null
  const loss = area === null ? meanLogLoss(before) : 0
  const lossOf = (rows: Matrix) =>
    area === null
      ? meanLogLoss(answersOf(rows)) - loss
      : area - (positiveArea(answersOf(rows)) as number)
  const featuresOf = preprocessor.featureNamesIn.map((): number[] => [])
  preprocessor.inputOf.forEach((input, feature) => {
    featuresOf[input]?.push(feature)
  })
  // Shuffled in place and put back: a copy of a wide table for every column would cost more than the predictions.
  const shuffled: Matrix = { ...X, data: X.data.slice() }
  const measure = (column: number): PermutationEntry => {
    const name = preprocessor.featureNamesIn[column]!
    const features = featuresOf[column]!
    if (features.length === 0) return { column: name, mean: 0, sd: 0 }
    const random = createRandom(seed, FIRST_STREAM + column)
    const losses = Array.from({ length: repeats }, () => {
      const order = shuffle(
        Int32Array.from(y, (_, row) => row),
        random,
      )
      moveFeatures(X, order, features, shuffled)
      return lossOf(shuffled)
    })
    moveFeatures(X, undefined, features, shuffled)
    return { column: name, ...describe(losses) }
  }
  return {
    metric: area === null ? 'log_loss' : 'roc_auc',
    rows: X.rows,
    repeats,
    columns: Array.from(columns, measure),
  }
}

/** Writes some features of all rows, each from the row that `order` names, or from its own. */
function moveFeatures(
  from: Matrix,
  order: Int32Array | undefined,
  features: readonly number[],
  to: Matrix,
): void {
  for (let row = 0; row < to.rows; row++) {
    const source = (order ? order[row]! : row) * from.columns
    for (const feature of features)
      to.data[row * to.columns + feature] = from.data[source + feature]!
  }
}

function describe(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: Math.sqrt(squares / values.length) }
}

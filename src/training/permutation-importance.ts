/** What a model loses when a column's values are shuffled among the rows. */
import type { DataFrame } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import { createRandom, shuffle } from '../data/random.ts'
import { measureNumbers, type Numbers, rankAnswers } from '../evaluation/metrics.ts'
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
const LEAST_ROWS = 20
/** Predictions that are made at most, unless there are very many columns: about a second of a large forest. */
const BUDGET = 40_000

/** Estimated nanoseconds of measuring a shuffle, besides what a row takes, and of ranking a row in one class. */
const SHUFFLE_NANOSECONDS = 10_000
const RANK_NANOSECONDS = 150

/** Returns the estimated nanoseconds of one shuffle of so many rows. */
export function shuffleCost(rows: number, classes: number, rowCost: number): number {
  return SHUFFLE_NANOSECONDS + rows * (rowCost + classes * RANK_NANOSECONDS)
}

/**
 * Returns how many rows are shuffled how often so that all of it takes no more than so many nanoseconds: fewer rows
 * first, down to 20, then fewer shuffles, down to one.
 * @param columns inputs of the model
 * @param used those of them that its features are made from and that it looks at
 * @param rowCost estimated nanoseconds to predict a row
 */
export function planPermutation(
  model: { readonly columns: number; readonly used: number; readonly classes: number },
  rowCost: number,
  nanoseconds: number,
): { readonly rows: number; readonly repeats: number } {
  const { columns, used, classes } = model
  const perShuffle = nanoseconds / Math.max(1, used)
  const affordable = (repeats: number) =>
    Math.floor(
      (perShuffle / repeats - SHUFFLE_NANOSECONDS) / (rowCost + classes * RANK_NANOSECONDS),
    )
  const rows = Math.min(permutationRows(columns), affordable(REPEATS))
  if (rows >= LEAST_ROWS) return { rows, repeats: REPEATS }
  const repeats = Math.floor(perShuffle / shuffleCost(LEAST_ROWS, classes, rowCost))
  return { rows: LEAST_ROWS, repeats: Math.max(1, Math.min(REPEATS, repeats)) }
}

/** Returns how many rows are predicted for a model of so many columns, however cheap they are. */
export function permutationRows(columns: number): number {
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(BUDGET / (columns * REPEATS))))
}

export interface PermutationOptions {
  readonly seed: number
  /** Shuffles of every column; 5 by default. */
  readonly repeats?: number
  /** 1 for every feature that the model looks at; absent: it looks at all. */
  readonly used?: Uint8Array
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
  const permutation = startPermutation(predictor, X, y, { seed })
  for (let column = 0; column < permutation.columns; column++) permutation.next()
  return permutation.finish()
}

/** Permutation importance that is measured one column at a time. */
export interface Permutation {
  readonly columns: number
  /** Measures the next column. */
  next(): void
  /** Leaves out the next columns; what the others lose is the same. */
  skip(columns: number): void
  finish(): PermutationImportance
}

/**
 * Starts what {@link permutationImportance} returns.
 * @param X the rows as the model sees them; [row][feature]
 */
export function startPermutation(
  predictor: Predictor,
  X: Matrix,
  y: Int32Array,
  { seed, repeats = REPEATS, used }: PermutationOptions,
): Permutation {
  const { preprocessor, classes } = predictor
  const measure = (rows: Matrix): Numbers => {
    const { probabilities, labels } = predictor.predictFeatures(rows)
    return measureNumbers(
      rankAnswers({ y, probabilities, predicted: labels, classes: classes.length }),
    )
  }
  const before = measure(X)
  const { rocAuc } = before
  const isRanked = classes.length === 2 && rocAuc !== null
  const lossOf = (numbers: Numbers) =>
    isRanked ? (rocAuc as number) - (numbers.rocAuc as number) : numbers.logLoss - before.logLoss
  const random = createRandom(seed, STREAM)
  const featuresOf = preprocessor.featureNamesIn.map((): number[] => [])
  preprocessor.inputOf.forEach((input, feature) => {
    featuresOf[input]?.push(feature)
  })
  // Shuffled in place and put back: a copy of a wide table for every column would cost more than the predictions.
  const shuffled: Matrix = { ...X, data: X.data.slice() }
  const measured: PermutationEntry[] = []
  // Drawn for every column, so that what the others lose does not hang on what a model looks at, or on who looks.
  const draw = () =>
    shuffle(
      Int32Array.from(y, (_, row) => row),
      random,
    )
  let column = 0
  const lossesOf = (features: readonly number[]): number[] => {
    const isSeen = features.some((feature) => used === undefined || used[feature] === 1)
    const losses = Array.from({ length: repeats }, () => {
      const order = draw()
      if (!isSeen) return 0
      moveFeatures(X, order, features, shuffled)
      return lossOf(measure(shuffled))
    })
    if (isSeen) moveFeatures(X, undefined, features, shuffled)
    return losses
  }
  return {
    columns: featuresOf.length,
    next() {
      const name = preprocessor.featureNamesIn[column]!
      const features = featuresOf[column++]!
      measured.push(
        features.length === 0
          ? { column: name, mean: 0, sd: 0 }
          : { column: name, ...describe(lossesOf(features)) },
      )
    },
    skip(columns) {
      for (const features of featuresOf.slice(column, column + columns))
        if (features.length > 0) for (let i = 0; i < repeats; i++) draw()
      column += columns
    },
    finish: () => ({
      metric: isRanked ? 'roc_auc' : 'log_loss',
      rows: X.rows,
      repeats,
      columns: measured,
    }),
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

/** Metrics of a classifier on labelled rows, each equal to scikit-learn's of the same name. */
import { InputError } from '../errors.ts'
import {
  accuracyOf,
  balancedAccuracyOf,
  type ClassScores,
  type Confusion,
  countConfusion,
  scoreClasses,
} from './confusion.ts'
import type { MetricName, metricNames } from './metric-names.ts'
import { areasUnder, type Ranking, rank } from './ranking.ts'

/** How well one class is told from the others; the areas are null where they need rows that there are none of. */
export interface ClassMetrics extends ClassScores {
  readonly rocAuc: number | null
  readonly prAuc: number | null
}

/** What is averaged over the classes; the areas over those that have rows, null when that of one of them is. */
export type Averages = Omit<ClassMetrics, 'rows'>

/**
 * What is measured. Precision, recall, F1 and the areas are of the positive class of two, otherwise the mean over all
 * classes of the model.
 */
export interface Metrics extends Averages {
  readonly rows: number
  readonly accuracy: number
  readonly balancedAccuracy: number
  /** In nats; probabilities are kept 2.2e-16 away from 0 and 1. */
  readonly logLoss: number
  /** Mean squared error of the positive class's probability; of more than two classes all squares are added up. */
  readonly brier: number
  /** Plain means over the classes. */
  readonly macro: Averages
  /** Means over the classes weighted by their rows. */
  readonly weighted: Averages
  readonly perClass: readonly ClassMetrics[]
  readonly confusion: Confusion
}

/** Labelled rows with what a model says of them. */
export interface Answers {
  /** Class number of every row. */
  readonly y: Int32Array
  /** [row][class] */
  readonly probabilities: Float64Array
  /** Class number predicted for every row. */
  readonly predicted: Int32Array
  readonly classes: number
}

/** Answers sorted and compared with the labels once, to be measured with many weights. */
export interface RankedAnswers extends Answers {
  /** Whether the areas are averaged over a class: of more than two, those without a row have no area. */
  readonly isAveraged: readonly boolean[]
  /** Rows ranked by the probability of every class. */
  readonly rankings: readonly Ranking[]
  /** Every row's part of the log loss and of the Brier score. */
  readonly nats: Float64Array
  readonly squares: Float64Array
}

/** The metrics of one number. */
export type Numbers = Pick<Metrics, (typeof metricNames)[MetricName]>

const EPSILON = Number.EPSILON

/**
 * Returns the metrics of predictions.
 * @param y class number of every row
 * @param probabilities [row][class]
 * @param predicted class number predicted for every row
 * @throws InputError `empty_data` without a row
 */
export function evaluate(
  y: Int32Array,
  probabilities: Float64Array,
  predicted: Int32Array,
  classes: number,
): Metrics {
  return measureAnswers(rankAnswers({ y, probabilities, predicted, classes }))
}

/** Returns the answers with their rows ranked by every class's probability. */
export function rankAnswers(answers: Answers): RankedAnswers {
  const { y, classes } = answers
  if (y.length === 0) throw new InputError('empty_data', 'there is no row to measure a model on')
  const rankings = Array.from({ length: classes }, (_, label) => rankClass(answers, label))
  const present = new Set(y)
  const isAveraged = rankings.map((_, label) => classes <= 2 || present.has(label))
  return { ...answers, rankings, isAveraged, ...lossesOf(answers) }
}

function rankClass({ y, probabilities, classes }: Answers, label: number): Ranking {
  return rank(
    Float64Array.from(y, (_, row) => probabilities[row * classes + label]!),
    Uint8Array.from(y, (value) => (value === label ? 1 : 0)),
  )
}

/** Returns the area under the ROC curve of the positive class of two alone; null where one of them has no row. */
export function positiveArea(answers: Answers): number | null {
  return areasUnder(rankClass(answers, 1)).rocAuc
}

/** Returns the log loss alone. */
export function meanLogLoss(answers: Answers): number {
  return weightedMean(lossesOf(answers).nats, undefined)
}

/** Returns the classes, of more than two, that have no row and are left out of the mean areas. */
export function classesWithoutRows({ perClass }: Pick<Metrics, 'perClass'>): number[] {
  if (perClass.length <= 2) return []
  return perClass.flatMap(({ rows }, label) => (rows === 0 ? [label] : []))
}

/**
 * Returns the metrics of answers.
 * @param weights of the rows, ≥ 0 and not all 0; absent: 1 each
 */
export function measureAnswers(answers: RankedAnswers, weights?: Float64Array): Metrics {
  const { y, predicted, classes } = answers
  const confusion = countConfusion(y, predicted, classes, weights)
  const perClass = scoreClasses(confusion).map(
    (scores, label): ClassMetrics => ({
      ...scores,
      ...areasUnder(answers.rankings[label] as Ranking, weights),
    }),
  )
  return {
    rows: y.length,
    ...numbersOf(answers, confusion, perClass, weights),
    macro: averageOver(perClass, answers.isAveraged, () => 1),
    weighted: averageOver(perClass, answers.isAveraged, ({ rows }) => rows),
    perClass,
    confusion,
  }
}

/** Returns only the metrics of one number, which of two classes takes half the time. */
export function measureNumbers(answers: RankedAnswers, weights?: Float64Array): Numbers {
  const { y, predicted, classes } = answers
  const confusion = countConfusion(y, predicted, classes, weights)
  const perClass = scoreClasses(confusion).map(
    (scores, label): ClassMetrics => ({
      ...scores,
      ...(classes === 2 && label === 0
        ? { rocAuc: null, prAuc: null }
        : areasUnder(answers.rankings[label] as Ranking, weights)),
    }),
  )
  return numbersOf(answers, confusion, perClass, weights)
}

function numbersOf(
  answers: RankedAnswers,
  confusion: Confusion,
  perClass: readonly ClassMetrics[],
  weights: Float64Array | undefined,
): Numbers {
  const { precision, recall, f1, rocAuc, prAuc } =
    answers.classes === 2
      ? (perClass[1] as ClassMetrics)
      : averageOver(perClass, answers.isAveraged, () => 1)
  return {
    accuracy: accuracyOf(confusion),
    balancedAccuracy: balancedAccuracyOf(confusion),
    logLoss: weightedMean(answers.nats, weights),
    brier: weightedMean(answers.squares, weights),
    precision,
    recall,
    f1,
    rocAuc,
    prAuc,
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

/** Every row's negative logarithm of its class's probability, and its squared errors. */
function lossesOf({ y, probabilities, classes }: Answers): Pick<RankedAnswers, 'nats' | 'squares'> {
  const nats = new Float64Array(y.length)
  const squares = new Float64Array(y.length)
  for (let row = 0; row < y.length; row++) {
    const label = y[row]!
    const p = probabilities[row * classes + label]!
    nats[row] = -Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, p)))
    let sum = 0
    for (let k = classes === 2 ? 1 : 0; k < classes; k++) {
      const error = probabilities[row * classes + k]! - (label === k ? 1 : 0)
      sum += error * error
    }
    squares[row] = sum
  }
  return { nats, squares }
}

function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  let [sum, total] = [0, 0]
  for (let row = 0; row < values.length; row++) {
    const weight = weights ? weights[row]! : 1
    sum += weight * values[row]!
    total += weight
  }
  return sum / total
}

function averageOver(
  perClass: readonly ClassMetrics[],
  isAveraged: readonly boolean[],
  weightOf: (scores: ClassMetrics) => number,
): Averages {
  const present = perClass.filter((_, label) => isAveraged[label])
  const mean = (
    read: (scores: ClassMetrics) => number,
    scores: readonly ClassMetrics[] = perClass,
  ) => {
    const total = scores.reduce((sum, own) => sum + weightOf(own), 0)
    return scores.reduce((sum, own) => sum + read(own) * weightOf(own), 0) / total
  }
  const area = (name: 'rocAuc' | 'prAuc') =>
    present.every((scores) => scores[name] !== null)
      ? mean((scores) => scores[name] as number, present)
      : null
  return {
    precision: mean(({ precision }) => precision),
    recall: mean(({ recall }) => recall),
    f1: mean(({ f1 }) => f1),
    rocAuc: area('rocAuc'),
    prAuc: area('prAuc'),
  }
}

/** Measuring a model on labelled tables that it was not trained on. */
import { type Column, cellAt, type DataFrame, findColumn, sliceRows } from '../data/frame.ts'
import { InputError, listNames, quote } from '../errors.ts'
import type { OutOfBag } from '../estimators/estimator.ts'
import { type Intervals, resampleCount, startBootstrap } from '../evaluation/bootstrap.ts'
import { type ClassCurves, drawCurves } from '../evaluation/curves.ts'
import {
  evaluate,
  evaluateMajority,
  type Metrics,
  measureAnswers,
  rankAnswers,
} from '../evaluation/metrics.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { withLabels } from '../preprocess/labels.ts'
import { type Pace, SHARES } from './pace.ts'

/** Tables that a training may be given besides its own. */
export type ChannelName = 'validation' | 'test'

/** Rows with the class number of each. */
export interface LabelledRows {
  readonly frame: DataFrame
  readonly y: Int32Array
  /** Their numbers in the frame; absent: they are all of it. */
  readonly rows?: Int32Array
}

/** How good a model is, and how good the training rows' class shares would be in its place. */
export interface Evaluation {
  readonly model: Metrics
  readonly majority: Metrics
  /** Of the model's metrics. */
  readonly intervals: Intervals
  readonly curves: readonly ClassCurves[]
}

/**
 * Returns a channel's labelled rows with their class numbers.
 * @throws InputError `invalid_label` naming the channel and the row of a label that training has not seen
 */
export function encodeChannel(
  name: ChannelName,
  table: DataFrame,
  target: string,
  classes: readonly string[],
  dropMissing: boolean,
  warn: (message: string) => void,
): LabelledRows {
  const frame = withChannelName(name, () =>
    withLabels(table, target, dropMissing, (message) => warn(`${name}: ${message}`)),
  )
  const column = findColumn(frame, target) as Column
  const labelOf = new Map(classes.map((label, code) => [label, code]))
  const y = Int32Array.from({ length: frame.length }, (_, row) => {
    const cell = cellAt(column, row)
    const label = labelOf.get(String(cell))
    if (label !== undefined) return label
    throw new InputError(
      'invalid_label',
      `${name}: the target ${quote(target)} is ${quote(cell)} in row ${row + 1}, training has ${listNames(classes)}`,
      [{ row: row + 1, column: target }],
    )
  })
  return { frame, y }
}

function withChannelName<T>(name: ChannelName, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(error.code, `${name}: ${error.message}`, error.places)
  }
}

/** An evaluation, and the predictions of every row that it is made from. */
export interface Measurement {
  readonly evaluation: Evaluation
  readonly predictions: Predictions
}

/** Rows that are predicted before other work runs. */
const BLOCK = 4096

/**
 * Returns a model's metrics and predictions on labelled rows; undefined without a row. Where the training is asked to end, the intervals
 * are null.
 * @param shares share of every class in the training rows
 * @param seed of the intervals
 * @param parts how many tables are measured in the time of the pace
 */
export async function measure(
  predictor: Predictor,
  { frame, y }: LabelledRows,
  shares: readonly number[],
  seed: number,
  pace: Pace,
  parts: number,
): Promise<Measurement | undefined> {
  if (y.length === 0) return undefined
  const classes = shares.length
  const predictions = await predictInTurns(predictor, frame, pace)
  const { probabilities, labels: predicted } = predictions
  const answers = rankAnswers({ y, probabilities, predicted, classes })
  const bootstrap = startBootstrap(answers, {
    seed,
    resamples: resampleCount(y.length, classes, (pace.nanoseconds * SHARES.intervals) / parts),
  })
  const { resamples } = bootstrap
  for (let done = 0; done < resamples && !pace.isCut(); done++) {
    bootstrap.draw()
    await pace.turn('resamples', done + 1, resamples)
  }
  const evaluation = {
    model: measureAnswers(answers),
    majority: evaluateMajority(y, shares),
    intervals: bootstrap.finish(),
    curves: drawCurves(answers),
  }
  return { evaluation, predictions }
}

async function predictInTurns(
  predictor: Predictor,
  frame: DataFrame,
  { turn }: Pace,
): Promise<Predictions> {
  const { classes, numericClasses } = predictor
  const probabilities = new Float64Array(frame.length * classes.length)
  const labels = new Int32Array(frame.length)
  // A row that is left over would be predicted alone, by another kernel than those of the block before.
  const isEnd = (to: number) => to + 1 >= frame.length
  // The first row waits until the model is ready.
  await turn('rows predicted', 0, frame.length)
  for (let from = 0; from < frame.length; ) {
    const to = isEnd(from + BLOCK) ? frame.length : from + BLOCK
    const block = predictor.predict(sliceRows(frame, from, to))
    probabilities.set(block.probabilities, from * classes.length)
    labels.set(block.labels, from)
    await turn('rows predicted', to, frame.length)
    from = to
  }
  return { classes, numericClasses, rows: frame.length, labels, probabilities }
}

/** Returns the share of every class in the labels. */
export function classShares(y: Int32Array, classes: number): number[] {
  const shares = new Array<number>(classes).fill(0)
  for (const label of y) shares[label] = shares[label]! + 1 / y.length
  return shares
}

/** Returns the metrics of a forest's out-of-bag predictions; rows that all trees had drawn are left out. */
export function measureOutOfBag(
  { decisionFunction }: OutOfBag,
  y: Int32Array,
  classes: number,
): Metrics | undefined {
  const rows = Int32Array.from(y.keys()).filter(
    (row) => !Number.isNaN(decisionFunction[row * classes]!),
  )
  if (rows.length === 0) return undefined
  const probabilities = new Float64Array(rows.length * classes)
  const predicted = rows.map((row, i) => {
    const shares = decisionFunction.subarray(row * classes, (row + 1) * classes)
    probabilities.set(shares, i * classes)
    return shares.indexOf(Math.max(...shares))
  })
  return evaluate(
    rows.map((row) => y[row]!),
    probabilities,
    predicted,
    classes,
  )
}

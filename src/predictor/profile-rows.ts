/** Profiles of a model's rows and of its predictions, block by block. */
import { type Column, type DataFrame, findColumn, numberColumn } from '../data/frame.ts'
import { countInto, planBins, type RangeBins } from '../evaluation/drift/bins.ts'
import {
  type ColumnCounting,
  type ColumnProfile,
  countColumn,
  type PredictionPart,
  type PredictionProfile,
  type RowProfile,
} from '../evaluation/drift/profile.ts'
import type { Predictions } from '../models/prediction.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { Predictor } from './predictor.ts'

/** Returns how every input column is counted, by the values that a sample has. */
export function planProfile(predictor: Predictor, sample: DataFrame): ColumnCounting[] {
  const { preprocessor } = predictor
  const { inputs, derived } = preprocessor.spec
  const made = preprocessor.derive(sample)
  const firstFrom = new Map(derived.toReversed().map((entry) => [entry.from, entry]))
  return inputs.map((input) => {
    const { name, type, categories } = input
    const from = firstFrom.get(name)
    const isFree = type === 'text' && !categories
    if (isFree && from)
      return {
        ...countingOf(input),
        by: from.column,
        bins: planBins(made.get(from.column) as Column, true),
      }
    // Of free text only whether it is there: a profile must not quote what rows say.
    if (isFree) return { ...countingOf(input), bins: { kind: 'values', values: [] } }
    const bins = planBins(findColumn(sample, name) as Column, categories !== undefined)
    return { ...countingOf(input), bins }
  })
}

/** Returns how the columns of a profile were counted, so that others are counted alike. */
export function plansOfProfile(
  { preprocessor }: Predictor,
  { columns }: RowProfile,
): ColumnCounting[] {
  const profileOf = new Map(columns.map((own) => [own.column, own]))
  return preprocessor.spec.inputs.map((input) => {
    const { by, bins, numbers } = profileOf.get(input.name) as ColumnProfile
    const counting = countingOf(input)
    // Of an imported model nobody knows the range: that of the rows that it is compared with is what there is.
    const range = counting.range ?? (input.categories ? undefined : numbers)
    return { ...counting, range, by, bins }
  })
}

function countingOf({ name, categories, range }: InputColumn) {
  return {
    column: name,
    by: name,
    known: categories && new Set(categories),
    range: categories ? undefined : range,
  }
}

/** A profile that grows by frames whose columns are the model's inputs. */
export interface ProfileBuilder {
  add(frame: DataFrame): void
  finish(): RowProfile
}

/** Returns a profile of no rows yet. */
export function startProfile(
  { preprocessor }: Predictor,
  plans: readonly ColumnCounting[],
): ProfileBuilder {
  const counters = plans.map(countColumn)
  const isDerived = plans.some(({ column, by }) => column !== by)
  let rows = 0
  return {
    add(frame) {
      rows += frame.length
      const made = isDerived ? preprocessor.derive(frame) : undefined
      plans.forEach(({ column, by }, j) => {
        const own = findColumn(frame, column) as Column
        counters[j]?.add(own, by === column ? own : (made?.get(by) as Column))
      })
    },
    finish: () => ({ rows, columns: counters.map((counter) => counter.finish()) }),
  }
}

/** Returns the score of every row: the probability of the second of two classes, of more classes the predicted one's. */
export function scoresOf({ classes, rows, labels, probabilities }: Predictions): Float64Array {
  const width = classes.length
  return Float64Array.from(
    { length: rows },
    (_, row) => probabilities[row * width + (width === 2 ? 1 : labels[row]!)]!,
  )
}

/** Predictions that are counted as they come. */
export interface PredictionCounter {
  add(predictions: Predictions): void
  finish(part: PredictionPart): PredictionProfile
}

/** Returns a counter of predictions. @param bins of the scores */
export function countPredictions(classes: number, bins: RangeBins): PredictionCounter {
  const counter = countInto(bins)
  const byLabel = new Float64Array(classes)
  let rows = 0
  return {
    add(predictions) {
      rows += predictions.rows
      counter.add(numberColumn(scoresOf(predictions)))
      for (const label of predictions.labels) byLabel[label] = byLabel[label]! + 1
    },
    finish: (part) => ({
      part,
      rows,
      bins,
      counts: Array.from(counter.counts),
      labels: Array.from(byLabel),
    }),
  }
}

/** Returns the profile of predictions that are all there, in ranges of their own. */
export function profilePredictions(
  predictions: Predictions,
  part: PredictionPart,
): PredictionProfile {
  const bins = planBins(numberColumn(scoresOf(predictions))) as RangeBins
  const counter = countPredictions(predictions.classes.length, bins)
  counter.add(predictions)
  return counter.finish(part)
}

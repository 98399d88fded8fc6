/** What rows look like, column by column, in numbers that can be kept and compared: no row is in it. */
import { type Column, cellAt, lengthOf } from '../../data/frame.ts'
import { type Bins, countInto, type RangeBins } from './bins.ts'

/** What a column of rows looks like. */
export interface ColumnProfile {
  readonly column: string
  /** The column whose values are counted: itself, or one derived from it. */
  readonly by: string
  readonly bins: Bins
  /** Rows of every bin. */
  readonly counts: readonly number[]
  readonly missing: number
  /** Rows with a category that the model does not know; of training rows, how many of as many new ones would have one. */
  readonly unknown: number
  /** Rows with a number outside of training's range; of training rows, how many of as many new ones would have one. */
  readonly outside: number
  /** Of a column of numbers that has some; the deviation is over all values (population). */
  readonly numbers?: NumberSummary | undefined
}

export interface NumberSummary {
  readonly minimum: number
  readonly maximum: number
  readonly mean: number
  readonly deviation: number
}

export interface RowProfile {
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
}

/** Whose predictions a profile is of. */
export const predictionParts = ['held_out', 'training', 'baseline', 'live'] as const
export type PredictionPart = (typeof predictionParts)[number]

/** What a model predicted of rows. */
export interface PredictionProfile {
  readonly part: PredictionPart
  readonly rows: number
  /** Of the probability of the second of two classes, of more classes the predicted one's. */
  readonly bins: RangeBins
  readonly counts: readonly number[]
  /** Rows by their predicted class, in the model's order. */
  readonly labels: readonly number[]
}

/** What a model was trained on looked like, and what it predicted of rows that it was not trained on. */
export interface TrainingProfile extends RowProfile {
  /** Absent where nothing was predicted. */
  readonly predictions?: PredictionProfile | undefined
}

/** How one column is counted. */
export interface ColumnCounting {
  readonly column: string
  readonly by: string
  readonly bins: Bins
  /** Categories that the model knows; undefined where it knows none by name. */
  readonly known: ReadonlySet<string | number> | undefined
  /** The range of training's numbers. */
  readonly range: { readonly minimum: number; readonly maximum: number } | undefined
}

/** Counts the cells of one column, block by block. */
export interface ColumnCounter {
  /**
   * @param own the column as it was sent
   * @param counted the column whose values are counted, which may be derived from it
   */
  add(own: Column, counted: Column): void
  finish(): ColumnProfile
}

/** Returns a counter of one column. */
export function countColumn({ column, by, bins, known, range }: ColumnCounting): ColumnCounter {
  const counter = countInto(bins)
  let [missing, unknown, outside] = [0, 0, 0]
  const moments = startMoments()
  return {
    add(own, counted) {
      counter.add(counted)
      const length = lengthOf(own)
      if (own.kind === 'number') {
        const { values } = own
        for (let row = 0; row < length; row++) {
          const value = values[row]!
          if (Number.isNaN(value)) missing++
          else if (range && (value < range.minimum || value > range.maximum)) outside++
          else if (known && !known.has(value)) unknown++
        }
        moments.add(own.values)
        return
      }
      const isUnknown = own.levels.map((level) => known !== undefined && !known.has(level))
      for (let row = 0; row < length; row++) {
        const code = own.codes[row]!
        if (code < 0) missing++
        else if (isUnknown[code]) unknown++
      }
    },
    finish() {
      const numbers = moments.finish()
      return {
        column,
        by,
        bins,
        counts: Array.from(counter.counts),
        missing,
        unknown,
        outside,
        ...(numbers && { numbers }),
      }
    },
  }
}

/** Mean and deviation of numbers that come block by block, by Chan, Golub and LeVeque's pairwise update. */
function startMoments() {
  let [count, mean, squares] = [0, 0, 0]
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    add(values: Float64Array) {
      let [n, sum] = [0, 0]
      for (let row = 0; row < values.length; row++) {
        const value = values[row]!
        if (Number.isNaN(value)) continue
        n++
        sum += value
        if (value < minimum) minimum = value
        if (value > maximum) maximum = value
      }
      if (n === 0) return
      const own = sum / n
      let around = 0
      for (let row = 0; row < values.length; row++)
        if (!Number.isNaN(values[row]!)) around += (values[row]! - own) ** 2
      const difference = own - mean
      squares += around + (difference * difference * count * n) / (count + n)
      mean += (difference * n) / (count + n)
      count += n
    },
    finish(): NumberSummary | undefined {
      if (count === 0) return undefined
      const deviation = Math.sqrt(squares / count)
      // Numbers near the largest double overflow what is summed up of them.
      if (!Number.isFinite(mean) || !Number.isFinite(deviation)) return undefined
      return { minimum, maximum, mean, deviation }
    },
  }
}

/**
 * Returns how many of as many new rows would have a value that a column's own rows do not have: as many as there are
 * values seen once (I. J. Good, The population frequencies of species, 1953, who ascribes it to Turing).
 */
export function countSeenOnce(column: Column): number {
  const counts = new Map<string | number, number>()
  const length = lengthOf(column)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(column, row)
    if (cell !== null) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  let once = 0
  for (const count of counts.values()) if (count === 1) once++
  return once
}

/** A new number lies outside of the range of n others with a probability of 2 / (n + 1), so of as many new ones about two do. */
export const EXPECTED_OUTSIDE = 2

/** How the values of a column are counted so that two tables can be compared: numbers in ranges, categories by name. */

import { nextUp } from '../../data/doubles.ts'
import { type Column, cellAt, lengthOf, presentNumbers } from '../../data/frame.ts'

/** What a column is counted in. Missing cells are in none of the bins. */
export type Bins = RangeBins | ValueBins

/** Bins between ascending cuts: one below the first, then from each cut to before the next, the last without an end. */
export interface RangeBins {
  readonly kind: 'ranges'
  readonly cuts: readonly number[]
}

/** A bin for each of the values, the most frequent first, and a last one for all others. */
export interface ValueBins {
  readonly kind: 'values'
  readonly values: readonly (string | number)[]
}

/** Ranges of numbers that have about as many rows each. */
const RANGES = 10
/** A category has a bin of its own if it was seen so often: a share that is known from few rows says little. */
const LEAST_COUNT = 20
const MOST_VALUES = 50
/** How far from a frequent number, as a share of it, a number still is the same: beyond single precision. */
const SAME = 2 ** -20

/** Returns how many bins there are. */
export function countBins(bins: Bins): number {
  return (bins.kind === 'ranges' ? bins.cuts : bins.values).length + 1
}

/**
 * Returns bins for a column as it is: those of categories for texts and where `asValues` says so, otherwise ranges that hold
 * about a tenth of the values each. A number that a tenth of the rows have gets a range of its own, as narrow as single
 * precision, so that a column of few numbers is compared number by number.
 */
export function planBins(column: Column, asValues = column.kind === 'text'): Bins {
  if (asValues || column.kind === 'text') return planValues(column)
  return { kind: 'ranges', cuts: planCuts(presentNumbers(column.values).sort()) }
}

function planValues(column: Column): ValueBins {
  const counts = new Map<string | number, number>()
  const length = lengthOf(column)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(column, row)
    if (cell !== null) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  const frequent = [...counts].filter(([, count]) => count >= LEAST_COUNT)
  frequent.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return { kind: 'values', values: frequent.slice(0, MOST_VALUES).map(([value]) => value) }
}

/** @param sorted ascending, without missing values */
function planCuts(sorted: Float64Array): number[] {
  const cuts: number[] = []
  const target = sorted.length / RANGES
  const cut = (at: number) => {
    if (!(at <= (cuts.at(-1) ?? Number.NEGATIVE_INFINITY))) cuts.push(at)
  }
  let open = 0
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    const value = sorted[from]!
    while (to < sorted.length && sorted[to] === value) to++
    const next = sorted[to] ?? Number.POSITIVE_INFINITY
    if (to - from >= target) {
      const before = from > 0 ? nextUp(sorted[from - 1]!) : Number.NEGATIVE_INFINITY
      cut(Math.max(before, value - Math.abs(value) * SAME))
      cut(Math.min(next, nextUp(value + Math.abs(value) * SAME)))
      open = 0
      continue
    }
    open += to - from
    // What is left must be worth a range.
    if (open < target || sorted.length - to < target / 2) continue
    cut(next)
    open = 0
  }
  return cuts.filter(Number.isFinite)
}

/** Counts cells into bins. */
export interface BinCounter {
  /** Of every bin. */
  readonly counts: Float64Array
  /** Adds the cells of a column; missing ones are left out. */
  add(column: Column): void
}

/** Returns a counter that has counted nothing yet. */
export function countInto(bins: Bins): BinCounter {
  const counts = new Float64Array(countBins(bins))
  if (bins.kind === 'ranges') {
    const cuts = Float64Array.from(bins.cuts)
    return {
      counts,
      add(column) {
        if (column.kind !== 'number') throw new Error('texts have no ranges')
        const { values } = column
        for (let row = 0; row < values.length; row++) {
          const value = values[row]!
          if (Number.isNaN(value)) continue
          const bin = rangeOf(cuts, value)
          counts[bin] = counts[bin]! + 1
        }
      },
    }
  }
  const binOf = new Map(bins.values.map((value, bin) => [value, bin]))
  const others = bins.values.length
  return {
    counts,
    add(column) {
      const codes = column.kind === 'text' ? column.codes : column.values
      const levels = column.kind === 'text' ? column.levels : undefined
      const binOfLevel = levels?.map((level) => binOf.get(level) ?? others)
      for (const code of codes) {
        if (levels ? code < 0 : Number.isNaN(code)) continue
        const bin = binOfLevel ? binOfLevel[code]! : (binOf.get(code) ?? others)
        counts[bin] = counts[bin]! + 1
      }
    },
  }
}

/** Returns how many of ascending cuts are at most a number: of so few, each is looked at faster than a half is chosen. */
function rangeOf(cuts: Float64Array, value: number): number {
  let range = 0
  for (let i = 0; i < cuts.length; i++) range += cuts[i]! <= value ? 1 : 0
  return range
}

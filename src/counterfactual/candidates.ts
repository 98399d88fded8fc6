/** What one row's columns may be changed to: per column, values that the model tells apart, and what they cost. */
import type { Cell } from '../data/frame.ts'
import type { CategoryColumn, ChangeableColumn, NumberColumn } from './changeable-columns.ts'
import { numberDistance, spreadOf } from './distance.ts'
import { countPassed } from './intervals.ts'
import type { Line } from './line.ts'

/**
 * The changes of one column, in an order in which neighbours are alike: those above the row's value, nearest first,
 * then those below.
 */
export interface ColumnCandidates {
  readonly source: ChangeableColumn
  /** The cell as it is. */
  readonly own: Cell
  /** Numbers of the features made from the column. */
  readonly features: Int32Array
  readonly cells: readonly Cell[]
  /** How far a cell may be moved on, away from the row's, without another answer of the model. */
  readonly ends: readonly Cell[]
  /** The least distance of each candidate: that of its cell. */
  readonly distances: Float64Array
  /** What the features become; [candidate][feature of the column]. */
  readonly values: Float64Array
  /** How many candidates lie above the row's value; all of them where it is no number. */
  readonly above: number
  readonly line: Line | undefined
}

/**
 * Returns the candidates of every column that may change.
 * @param cells the row
 * @param x its features
 * @param frozen names of columns that stay as they are
 */
export function listCandidates(
  columns: readonly ChangeableColumn[],
  cells: readonly Cell[],
  x: Float64Array,
  frozen: ReadonlySet<string>,
): ColumnCandidates[] {
  return columns
    .filter(({ input }) => !frozen.has(input.name))
    .map((source) => {
      const own = cells[source.column] as Cell
      if ('categories' in source) return listCategories(source, own)
      return typeof own === 'number' ? listNumbers(source, own, x) : listFillings(source, x)
    })
}

function listCategories(source: CategoryColumn, own: Cell): ColumnCandidates {
  const { categories, features, values } = source
  const others = [...categories.keys()].filter((i) => categories[i] !== own)
  const cells = others.map((i) => categories[i] as Cell)
  const width = features.length
  return {
    source,
    own,
    features,
    cells,
    ends: cells,
    distances: new Float64Array(cells.length).fill(1),
    values: Float64Array.from(
      others.flatMap((i) => [...values.subarray(i * width, (i + 1) * width)]),
    ),
    above: cells.length,
    line: undefined,
  }
}

/** The nearer end of every interval that is not the row's own. */
function listNumbers(source: NumberColumn, own: number, x: Float64Array): ColumnCandidates {
  const { intervals, values, features, input, line } = source
  const { minimum, maximum } = input.range as NonNullable<typeof input.range>
  const isOther = otherThan(source, x[features[0]!]!)
  const others = [...intervals.keys()].filter((i) =>
    source.cuts ? isOther(i) : intervals[i]!.first !== own,
  )
  const above = others.filter((i) => intervals[i]!.first > own)
  const below = others.filter((i) => intervals[i]!.first <= own).reverse()
  const cells = [...above.map((i) => intervals[i]!.first), ...below.map((i) => intervals[i]!.last)]
  const ends = [...above.map((i) => intervals[i]!.last), ...below.map((i) => intervals[i]!.first)]
  const spread = spreadOf(input)
  return {
    source,
    own,
    features,
    cells,
    // An end of the range is a value that training has seen: none is easier to read.
    ends: ends.map((end, i) => (cells[i] === minimum || cells[i] === maximum ? cells[i]! : end)),
    distances: Float64Array.from(cells, (cell) => numberDistance(own, cell, spread)),
    values: Float64Array.from([
      ...above.map((i) => values[2 * i]!),
      ...below.map((i) => values[2 * i + 1]!),
    ]),
    above: above.length,
    line,
  }
}

/** For a missing number a value of every interval, the usual one or the nearest to it; each costs the same. */
function listFillings(source: NumberColumn, x: Float64Array): ColumnCandidates {
  const { intervals, values, features, usual, usualValue } = source
  const fillings = [...intervals.keys()].filter(otherThan(source, x[features[0]!]!)).map((i) => {
    const { first, last } = intervals[i]!
    if (first > usual) return { cell: first, end: last, value: values[2 * i]! }
    if (last < usual) return { cell: last, end: first, value: values[2 * i + 1]! }
    return { cell: usual, end: usual, value: usualValue }
  })
  return {
    source,
    own: null,
    features,
    cells: fillings.map(({ cell }) => cell),
    ends: fillings.map(({ end }) => end),
    distances: new Float64Array(fillings.length).fill(1),
    values: Float64Array.from(fillings, ({ value }) => value),
    above: fillings.length,
    line: undefined,
  }
}

/** Whether an interval is answered otherwise than a feature; one that is missing has no interval. */
function otherThan({ cuts, values }: NumberColumn, feature: number): (interval: number) => boolean {
  if (!cuts || Number.isNaN(feature)) return () => true
  const own = countPassed(cuts, feature)
  return (interval) => countPassed(cuts, values[2 * interval]!) !== own
}

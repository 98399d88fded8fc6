/** What a row's columns may be changed to: per input column, values that the model tells apart, and what they cost. */
import { type Cell, type Column, cellAt, type DataFrame } from '../data/frame.ts'
import type { DecisionBounds } from '../models/model.ts'
import { frameOfCells, type InputColumn, type Preprocessor } from '../preprocess/preprocessor.ts'

/** How far inside an interval between two thresholds a candidate lies at most, in spreads of its column. */
const INSIDE = 1e-3
/** Whole numbers of a column are listed one by one up to so many. */
const MAX_WHOLE_NUMBERS = 1000

/** A column whose feature follows it along a straight line, so that a value can be solved for. */
export interface Line {
  readonly minimum: number
  readonly maximum: number
  /** The feature at the minimum, and how much it grows per unit of the column. */
  readonly start: number
  readonly slope: number
  readonly spread: number
}

/** The changes of one input column, nearest first. */
export interface ColumnCandidates {
  readonly column: number
  /** The cell as it is. */
  readonly own: Cell
  /** Numbers of the features made from the column. */
  readonly features: Int32Array
  readonly cells: readonly Cell[]
  readonly distances: Float64Array
  /** What the features become; [candidate][feature of the column]. */
  readonly values: Float64Array
  readonly line?: Line
}

/**
 * Returns the candidates of every column that may change; the distance of a change is |change| / spread for numbers
 * (the column's standard deviation in training), and 1 for another category or for a value in place of a missing one.
 * @param frame one row
 * @param frozen names of columns that stay as they are
 */
export function listCandidates(
  preprocessor: Preprocessor,
  bounds: DecisionBounds,
  frame: DataFrame,
  frozen: readonly string[],
): ColumnCandidates[] {
  const { inputs, derived } = preprocessor.spec
  const cells = inputs.map((_, j) => cellAt(frame.columns[j] as Column, 0))
  return inputs.flatMap((input, column): ColumnCandidates[] => {
    const features = Int32Array.from(preprocessor.inputOf.keys()).filter(
      (j) => preprocessor.inputOf[j] === column,
    )
    if (frozen.includes(input.name) || features.length === 0) return []
    const own = cells[column] as Cell
    const transform = (values: readonly Cell[]) =>
      featuresOf(preprocessor, cells, column, features, values)
    const build = (values: readonly Cell[], line?: Line): ColumnCandidates => {
      const different = [...new Set(values)].filter((value) => value !== own)
      const sorted = different
        .map((cell) => ({ cell, distance: distanceOf(input, own, cell) }))
        .sort((a, b) => a.distance - b.distance)
      const chosen = sorted.map(({ cell }) => cell)
      return {
        column,
        own,
        features,
        cells: chosen,
        distances: Float64Array.from(sorted, ({ distance }) => distance),
        values: transform(chosen),
        line,
      }
    }
    if (input.categories) return [build(input.categories)]
    const isSource = derived.some(({ from }) => from === input.name)
    const { range } = input
    if (input.type === 'text' || isSource || features.length !== 1 || !range) return []
    const { minimum, maximum } = range
    if (!(maximum > minimum)) return []
    const [start = 0, end = 0] = transform([minimum, maximum])
    const slope = (end - start) / (maximum - minimum)
    if (slope === 0 || !Number.isFinite(slope)) return []
    const spread = spreadOf(input)
    const line = { minimum, maximum, start, slope, spread }
    const thresholds = bounds.thresholds(features[0]!)
    if (thresholds === undefined) {
      if (!input.range?.integer) return [build([minimum, maximum], line)]
      if (maximum - minimum > MAX_WHOLE_NUMBERS) return [build([minimum, maximum], line)]
      const count = Math.floor(maximum) - Math.ceil(minimum) + 1
      return [build(Array.from({ length: count }, (_, i) => Math.ceil(minimum) + i))]
    }
    const cuts = [...thresholds.map((threshold) => minimum + (threshold - start) / slope)].sort(
      (a, b) => a - b,
    )
    const found = betweenCuts(cuts, own ?? input.example, input)
    // Where nothing is imputed, a usual value is a change too.
    if (own === null && Number.isNaN(transform([null])[0])) found.push(input.example as number)
    return [build(found)]
  })
}

/** Distance of a change in units of the column. */
export function distanceOf(input: InputColumn, from: Cell, to: Cell): number {
  if (typeof from !== 'number' || typeof to !== 'number' || input.categories) return 1
  return Math.abs(to - from) / spreadOf(input)
}

/** A column without a deviation is measured by its range. */
function spreadOf({ range }: InputColumn): number {
  if (!range) return 1
  return range.deviation > 0 ? range.deviation : range.maximum - range.minimum || 1
}

/** Returns a value just beyond another, as short as a decimal can be: what a person can read. */
export function justBeyond(from: number, to: number, spread: number, integer: boolean): number {
  const up = to > from
  if (integer) return up ? Math.floor(from) + 1 : Math.ceil(from) - 1
  const width = Math.min(Math.abs(to - from), INSIDE * spread)
  const [low, high] = up ? [from, from + width] : [from - width, from]
  for (let digits = 0; digits <= 15; digits++) {
    const scale = 10 ** digits
    const value = up ? (Math.floor(low * scale) + 1) / scale : (Math.ceil(high * scale) - 1) / scale
    if (value > low && value < high) return value
  }
  return low + (high - low) / 2
}

/** One value in every interval between two cuts, on the side that is nearer to where the row is. */
function betweenCuts(cuts: readonly number[], own: Cell, input: InputColumn): number[] {
  const { minimum, maximum, integer } = input.range as NonNullable<InputColumn['range']>
  const here = typeof own === 'number' ? own : (minimum + maximum) / 2
  const spread = spreadOf(input)
  const edges = [minimum, ...cuts.filter((cut) => cut > minimum && cut < maximum), maximum]
  return edges.slice(1).flatMap((high, i) => {
    const low = edges[i]!
    if (here > low && here < high) return []
    const [near, far] = here <= low ? [low, high] : [high, low]
    const found = [justBeyond(near, far, spread, integer)]
    // An edge may belong to either side, by the model's comparison.
    if (near === minimum || near === maximum || (integer && Number.isInteger(near)))
      found.push(near)
    if (far === minimum || far === maximum) found.push(far)
    return found.filter((value) => value >= low && value <= high)
  })
}

/** What the features of one column become for other cells in it; [cell][feature]. */
function featuresOf(
  preprocessor: Preprocessor,
  cells: readonly Cell[],
  column: number,
  features: Int32Array,
  values: readonly Cell[],
): Float64Array {
  const rows = values.map((value) => cells.with(column, value))
  const X = preprocessor.transform(frameOfCells(preprocessor.spec.inputs, rows))
  const found = new Float64Array(values.length * features.length)
  for (let row = 0; row < values.length; row++)
    features.forEach((feature, i) => {
      found[row * features.length + i] = X.data[row * X.columns + feature]!
    })
  return found
}

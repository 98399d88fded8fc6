/** What every input column of a model may be changed to, whatever the row: made once per model. */
import type { Cell } from '../data/frame.ts'
import type { DecisionBounds } from '../models/model.ts'
import {
  buildPreprocessor,
  type ColumnRange,
  frameOfCells,
  type InputColumn,
  type Preprocessor,
  type PreprocessorSpec,
} from '../preprocess/preprocessor.ts'
import { spreadOf } from './distance.ts'
import { divideRange, type Interval } from './intervals.ts'
import type { Line } from './line.ts'

/** Whole numbers of a column that a model follows along a line are listed one by one up to so many. */
const MAX_WHOLE_NUMBERS = 1000

interface Changeable {
  /** The column's number among the inputs. */
  readonly column: number
  readonly input: InputColumn
  /** Numbers of the features made from the column. */
  readonly features: Int32Array
  /** Returns the features of other cells in the column; [cell][feature]. */
  readonly transform: (cells: readonly Cell[]) => Float64Array
}

/** A column that may become any of its categories. */
export interface CategoryColumn extends Changeable {
  readonly categories: readonly Cell[]
  /** Features of the categories; [category][feature]. */
  readonly values: Float64Array
}

/** A column of numbers, with the intervals of values that a change may lead to. */
export interface NumberColumn extends Changeable {
  readonly intervals: readonly Interval[]
  /** The feature at the first and at the last value of every interval; [interval][2]. */
  readonly values: Float64Array
  /** Where the model changes; undefined = everywhere, and an interval is a single value. */
  readonly cuts: Float64Array | undefined
  /** The median of training, or the whole number below it, and its feature: what a missing value may become. */
  readonly usual: number
  readonly usualValue: number
  /** What lies between the intervals of a model that changes everywhere, unless they are all there is. */
  readonly line: Line | undefined
}

export type ChangeableColumn = CategoryColumn | NumberColumn

/**
 * Returns the columns that a change of changes anything. Texts that are no categories, and numbers that other columns
 * are derived from, stay as they are.
 */
export function listChangeableColumns(
  preprocessor: Preprocessor,
  bounds: DecisionBounds,
): ChangeableColumn[] {
  const { spec, inputOf } = preprocessor
  return spec.inputs.flatMap((input, column): ChangeableColumn[] => {
    const features = Int32Array.from(inputOf.keys()).filter((j) => inputOf[j] === column)
    if (features.length === 0) return []
    const part = buildPreprocessor(partOf(spec, input))
    const transform = (cells: readonly Cell[]) =>
      part.transform(
        frameOfCells(
          [input],
          cells.map((cell) => [cell]),
        ),
      ).data
    const common = { column, input, features, transform }
    if (input.categories)
      return [{ ...common, categories: input.categories, values: transform(input.categories) }]
    const isSource = spec.derived.some(({ from }) => from === input.name)
    if (input.type === 'text' || isSource || features.length !== 1 || !input.range) return []
    const cuts = bounds.cuts(features[0]!)
    if (cuts) {
      if (cuts.length === 0) return []
      return [numberColumn(common, divideRange(transform, cuts, input.range), cuts)]
    }
    return [followedColumn(common)]
  })
}

function numberColumn(
  common: Changeable,
  intervals: readonly Interval[],
  cuts?: Float64Array,
  line?: Line,
): NumberColumn {
  const { median, integer } = common.input.range as ColumnRange
  const usual = integer ? Math.floor(median) + 0 : median
  const ends = intervals.flatMap(({ first, last }) => [first, last])
  const usualValue = common.transform([usual])[0]!
  return { ...common, intervals, values: common.transform(ends), usual, usualValue, cuts, line }
}

/** A column that the model follows everywhere: all its whole numbers, or its ends with a line between them. */
function followedColumn(common: Changeable): NumberColumn {
  const { integer, ...range } = common.input.range as ColumnRange
  const minimum = integer ? Math.ceil(range.minimum) : range.minimum
  const maximum = integer ? Math.floor(range.maximum) : range.maximum
  const single = (value: number): Interval => ({ first: value, last: value })
  if (integer && maximum - minimum <= MAX_WHOLE_NUMBERS) {
    const count = maximum - minimum + 1
    return numberColumn(
      common,
      Array.from({ length: count }, (_, i) => single(minimum + i)),
    )
  }
  const [start = 0, end = 0] = common.transform([minimum, maximum])
  const intervals = [...new Set([minimum, maximum])].map(single)
  const line = { minimum, maximum, start, end, spread: spreadOf(common.input), integer }
  return numberColumn(common, intervals, undefined, start === end ? undefined : line)
}

/** The part of a preprocessor that makes one input's features. */
function partOf(spec: PreprocessorSpec, input: InputColumn): PreprocessorSpec {
  const derived = spec.derived.filter(({ from }) => from === input.name)
  const names = [input.name, ...derived.map(({ column }) => column)]
  return {
    inputs: [input],
    otherColumns: [],
    derived,
    steps: spec.steps.filter(({ column }) => names.includes(column)),
  }
}

/** The range of a number column, divided where the model's answer may change: exactly, double by double. */
import { lastDouble, nextUp } from '../data/doubles.ts'
import type { ColumnRange } from '../preprocess/preprocessor.ts'

/** Values that the model does not tell apart: `first`, `last` and all between them. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/**
 * Returns the intervals of a column's range, ascending; of a column of whole numbers from the first to the last whole
 * number of each, without those that have none.
 * @param transform the feature of each value of the column; it never falls where values rise
 * @param cuts the last feature before each change of the model, ascending
 */
export function divideRange(
  transform: (values: readonly number[]) => Float64Array,
  cuts: Float64Array,
  { minimum, maximum, integer }: Pick<ColumnRange, 'minimum' | 'maximum' | 'integer'>,
): Interval[] {
  const ends = [...lastValues(transform, cuts)].filter((end) => end >= minimum && end < maximum)
  const lasts = [...new Set(ends), maximum]
  return lasts.flatMap((last, i) => {
    const first = i === 0 ? minimum : nextUp(lasts[i - 1]!)
    // Adding zero turns −0 into 0.
    const own = integer
      ? { first: Math.ceil(first) + 0, last: Math.floor(last) + 0 }
      : { first, last }
    return own.first <= own.last ? [own] : []
  })
}

/** Returns the last value of the column whose feature is not beyond a cut, for each cut. */
function lastValues(
  transform: (values: readonly number[]) => Float64Array,
  cuts: Float64Array,
): Float64Array {
  const before = transform([...cuts])
  const beyond = transform(Array.from(cuts, nextUp))
  const featureOf = (value: number) => transform([value])[0]!
  return cuts.map((cut, i) => {
    // A feature that is the value itself is by far the most frequent one.
    if (before[i]! <= cut && beyond[i]! > cut) return cut
    return lastDouble((value) => featureOf(value) <= cut, cut)
  })
}

/** Returns how many cuts a feature is beyond: two features with the same number are not told apart. */
export function countPassed(cuts: Float64Array, feature: number): number {
  let [low, high] = [0, cuts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cuts[middle]! < feature) low = middle + 1
    else high = middle
  }
  return low
}

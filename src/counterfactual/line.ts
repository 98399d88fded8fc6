/** A column whose feature follows it along a straight line, so that a value can be solved for. */
import { numberDistance } from './distance.ts'

export interface Line {
  readonly minimum: number
  readonly maximum: number
  /** The feature at the minimum and at the maximum. */
  readonly start: number
  readonly end: number
  /** What distances are measured in. */
  readonly spread: number
  /** Whether values must be whole numbers. */
  readonly integer: boolean
}

/** Returns the feature of a value of the column, but for rounding. */
export function featureAt({ minimum, maximum, start, end }: Line, value: number): number {
  const width = maximum - minimum
  // Of a range that is wider than any double half the width is one.
  const share =
    width <= Number.MAX_VALUE
      ? (value - minimum) / width
      : (value / 2 - minimum / 2) / (maximum / 2 - minimum / 2)
  return start + share * (end - start)
}

/** Returns the value of the column that has a feature, but for rounding. */
export function valueAt({ minimum, maximum, start, end }: Line, feature: number): number {
  const share = (feature - start) / (end - start)
  const width = maximum - minimum
  if (width <= Number.MAX_VALUE) return minimum + share * width
  return minimum * (1 - share) + maximum * share
}

/** Returns the feature at both ends of what a number can become for a distance. */
export function reachOf(line: Line, own: number, distance: number): [number, number] {
  const far = distance * line.spread
  const least = Math.max(line.minimum, own - far)
  const greatest = Math.min(line.maximum, own + far)
  return [featureAt(line, least), featureAt(line, greatest)]
}

/** Returns the distance to the farther end. */
export function farthestOf({ minimum, maximum, spread }: Line, own: number): number {
  return Math.max(numberDistance(own, minimum, spread), numberDistance(own, maximum, spread))
}

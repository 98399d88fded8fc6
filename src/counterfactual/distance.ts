/** The distance of a change: |change| / spread for numbers, 1 for another category or a value in place of a missing one. */
import type { Cell } from '../data/frame.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'

/** What distances and their sums are at most; what would be more is not told apart. */
export const MOST_DISTANCE = Number.MAX_VALUE

/** Returns the sum of two distances in spreads, which stays finite. */
export function addDistances(a: number, b: number): number {
  return Math.min(a + b, MOST_DISTANCE)
}

/** Returns what a number column's changes are measured in: its standard deviation in training; without one, its range. */
export function spreadOf({ range }: InputColumn): number {
  if (!range) return 1
  if (range.deviation > 0) return range.deviation
  return Math.min(range.maximum - range.minimum, Number.MAX_VALUE) || 1
}

/** Returns the distance from one number to another in units of a spread, however large or small they are. */
export function numberDistance(from: number, to: number, spread: number): number {
  const change = Math.abs(to - from)
  const distance =
    change <= Number.MAX_VALUE ? change / spread : Math.abs(to / 2 - from / 2) / (spread / 2)
  return Math.min(distance, MOST_DISTANCE)
}

/** Returns the distance of a change of one column. */
export function distanceOf(input: InputColumn, from: Cell, to: Cell): number {
  if (typeof from !== 'number' || typeof to !== 'number' || input.categories) return 1
  return numberDistance(from, to, spreadOf(input))
}

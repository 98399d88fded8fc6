/** The change of a column that a model follows along a straight line: its value is solved for. */
import { lastDouble, nextUp } from '../data/doubles.ts'
import { type Best, type Change, record } from './best.ts'
import type { Box } from './box.ts'
import type { ColumnCandidates } from './candidates.ts'
import { numberDistance } from './distance.ts'
import { type Line, valueAt } from './line.ts'
import { readableNumber } from './readable-number.ts'

/** How far beyond the value from which on the class leads a solved number lies at most, in spreads of its column. */
export const INSIDE = 1e-3

/**
 * Records the smallest change of a column from which on the class leads, the others as they are now.
 * @param others the changes of the others
 * @param isAlone whether no other change has a line, so that rounding to whole numbers loses nothing
 */
export function solveChange(
  box: Box,
  best: Best,
  column: ColumnCandidates,
  others: readonly Change[],
  isAlone: boolean,
): void {
  const { line, own, source } = column
  const feature = column.features[0]!
  const solved = box.solve(feature)
  if (!line || typeof own !== 'number' || solved === undefined) return
  const value = valueAt(line, solved)
  // Beyond an end of the range there is nothing; the ends themselves are candidates.
  if (!(value >= line.minimum && value <= line.maximum)) return
  const isReached = (feature: number) => {
    box.putValue(column, feature)
    const found = box.isReached()
    box.putBack(column)
    return found
  }
  const rise = Math.sign(solved - box.x[feature]!) * Math.sign(line.end - line.start)
  for (const way of rise === 0 ? [1, -1] : [rise]) {
    // Between here and an end of the range the class leads nowhere unless it does there.
    if (!isReached(way > 0 ? line.end : line.start)) continue
    const holds = (cell: number) => isReached(source.transform([cell])[0]!)
    const cell = valuesFrom(line, value, way).find(holds) ?? firstReached(line, value, way, holds)
    const exact = numberDistance(own, cell, line.spread)
    const least = Math.min(exact, numberDistance(own, value, line.spread))
    const distance = line.integer && isAlone ? exact : least
    record(best, [...others, { column, cell, end: cell, distance }])
  }
}

/** Values at or just beyond a value, upwards or downwards, that lie in the range; the nearest first. */
function valuesFrom(line: Line, value: number, way: number): number[] {
  const { integer, minimum, maximum, spread } = line
  if (integer) {
    const whole = way > 0 ? Math.ceil(value) : Math.floor(value)
    // What was solved for may be off by its rounding.
    const near = Math.abs(value) < 2 ** 50 ? [whole - way, whole, whole + way] : []
    return near.filter((cell) => cell >= minimum && cell <= maximum)
  }
  return [readableNumber(value, way > 0 ? maximum : minimum, INSIDE * spread)]
}

/** Returns the first value on the way to an end of the range that is reached, where the end itself is. */
function firstReached(
  { integer, minimum, maximum }: Line,
  guess: number,
  way: number,
  holds: (cell: number) => boolean,
): number {
  const at = (value: number) => (integer ? Math.ceil(value) : value) * way + 0
  const [last, from] = way > 0 ? [maximum, guess] : [-minimum, -guess]
  const before = lastDouble((value) => value < last && !holds(at(value)), from)
  return at(nextUp(before))
}

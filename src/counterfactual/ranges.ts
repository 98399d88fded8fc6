/** Ranges of a column's candidates, which are looked at as one box and halved. */
import type { ColumnCandidates } from './candidates.ts'

/** The least distance in a range of candidates: at its beginning, or where those below the row's value begin. */
export function nearestIn(
  { distances, above }: ColumnCandidates,
  from: number,
  to: number,
): number {
  const first = distances[from]!
  return from < above && above < to ? Math.min(first, distances[above]!) : first
}

/**
 * Returns two halves of column `i`'s range in a list of ranges, [column][from, to]; the nearer one last, because the
 * last is looked at first.
 */
export function halve(
  { above, distances }: ColumnCandidates,
  ranges: Int32Array,
  i: number,
): Int32Array[] {
  const [from, to] = [ranges[2 * i]!, ranges[2 * i + 1]!]
  const middle = from < above && above < to ? above : (from + to) >> 1
  const [nearer, farther] = [ranges.with(2 * i + 1, middle), ranges.with(2 * i, middle)]
  const isNearer = distances[from]! <= distances[middle]!
  return isNearer ? [farther, nearer] : [nearer, farther]
}

/** Returns how many candidates the i-th of the ranges, [from, to) each, holds. */
export function widthOf(ranges: Int32Array, i: number): number {
  return ranges[2 * i + 1]! - ranges[2 * i]!
}

/** A column's candidates in an order in which neighbours are alike, so that ranges of them make small boxes. */
import type { ColumnCandidates } from './candidates.ts'

/** Candidates above the row's value, nearest first, then those below. */
export interface Arranged extends Omit<ColumnCandidates, 'column'> {
  readonly column: ColumnCandidates
  /** How many lie above. */
  readonly above: number
}

/** Returns a column's candidates in that order; what is no number lies above. */
export function arrange(column: ColumnCandidates): Arranged {
  const { own, features, cells, distances, values, line } = column
  const isAbove = (cell: unknown) =>
    typeof own !== 'number' || typeof cell !== 'number' || cell > own
  const sizeOf = (cell: unknown) => (own === null && typeof cell === 'number' ? cell : 0)
  const order = cells
    .map((cell, i) => ({ cell, i, distance: distances[i]! }))
    .sort(
      (a, b) =>
        Number(isAbove(b.cell)) - Number(isAbove(a.cell)) ||
        a.distance - b.distance ||
        sizeOf(a.cell) - sizeOf(b.cell) ||
        a.i - b.i,
    )
  const width = features.length
  return {
    column,
    own,
    features,
    cells: order.map(({ cell }) => cell),
    distances: Float64Array.from(order, ({ distance }) => distance),
    values: Float64Array.from(
      order.flatMap(({ i }) => [...values.subarray(i * width, (i + 1) * width)]),
    ),
    line,
    above: order.filter(({ cell }) => isAbove(cell)).length,
  }
}

/** The least distance in a range of candidates: at its beginning, or where those below the row's value begin. */
export function nearestIn({ distances, above }: Arranged, from: number, to: number): number {
  const first = distances[from]!
  return from < above && above < to ? Math.min(first, distances[above]!) : first
}

/**
 * Returns two halves of column `i`'s range in a list of ranges, [column][from, to]; the nearer one last, because the
 * last is looked at first.
 */
export function halve({ above, distances }: Arranged, ranges: Int32Array, i: number): Int32Array[] {
  const [from, to] = [ranges[2 * i]!, ranges[2 * i + 1]!]
  const middle = from < above && above < to ? above : (from + to) >> 1
  const [nearer, farther] = [ranges.with(2 * i + 1, middle), ranges.with(2 * i, middle)]
  const isNearer = distances[from]! <= distances[middle]!
  return isNearer ? [farther, nearer] : [nearer, farther]
}

export function widthOf(ranges: Int32Array, i: number): number {
  return ranges[2 * i + 1]! - ranges[2 * i]!
}

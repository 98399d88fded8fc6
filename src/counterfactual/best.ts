/** The best change that a search has found so far, and the distance below which it looks for a better one. */
import type { Cell } from '../data/frame.ts'
import type { ColumnCandidates } from './candidates.ts'
import { addDistances } from './distance.ts'

/** A change of one column: a candidate, or a value that was solved for. */
export interface Change {
  readonly column: ColumnCandidates
  readonly cell: Cell
  /** How far the cell may be moved on without another answer. */
  readonly end: Cell
  /** The least distance of a change that is answered so. */
  readonly distance: number
}

export interface Best {
  changes: readonly Change[] | undefined
  /** Infinite as long as nothing is found. */
  distance: number
  /** Changes at this distance or beyond are of no interest now. */
  end: number
}

/** Returns the sum of the least distances of changes, in spreads; at most MOST_DISTANCE. */
export function distanceOfAll(changes: readonly Change[]): number {
  return changes.reduce((sum, { distance }) => addDistances(sum, distance), 0)
}

/** Keeps changes if they are smaller than what was found before. */
export function record(best: Best, changes: readonly Change[]): void {
  const distance = distanceOfAll(changes)
  if (distance >= best.distance) return
  best.changes = changes
  best.distance = distance
  best.end = Math.min(best.end, distance)
}

/** Returns a candidate of a column as a change. */
export function changeOf(column: ColumnCandidates, candidate: number): Change {
  return {
    column,
    cell: column.cells[candidate] as Cell,
    end: column.ends[candidate] as Cell,
    distance: column.distances[candidate]!,
  }
}

/** The best change that a search has found so far, and the distance below which it looks for a better one. */
import type { Arranged } from './arrangement.ts'
import type { ColumnCandidates } from './candidates.ts'

/** A change of one column: a candidate, or a value that was solved for. */
export interface Change {
  readonly column: ColumnCandidates
  readonly cell: string | number | null
  readonly distance: number
}

export interface Best {
  changes: readonly Change[] | undefined
  /** Infinite as long as nothing is found. */
  distance: number
  /** Changes at this distance or beyond are of no interest now. */
  end: number
}

/** Keeps changes if they are smaller than what was found before. */
export function record(best: Best, changes: readonly Change[]): void {
  const distance = changes.reduce((sum, change) => sum + change.distance, 0)
  if (distance >= best.distance) return
  best.changes = changes
  best.distance = distance
  best.end = Math.min(best.end, distance)
}

export function changeOf(column: Arranged, candidate: number): Change {
  return {
    column: column.column,
    cell: column.cells[candidate] ?? null,
    distance: column.distances[candidate]!,
  }
}

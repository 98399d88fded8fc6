/** A lower bound of all changes that needs no search, for models whose best change no search of ours is sure to find. */

import type { Box } from './box.ts'
import type { ColumnCandidates } from './candidates.ts'

/**
 * Returns a distance that is too small, however it is spent: every column may go that far, and the class does not lead.
 * @param found the distance of the best change found
 * @param most a distance that no change exceeds
 */
export function relaxedBound(
  box: Box,
  columns: readonly ColumnCandidates[],
  found: number,
  most: number,
): number {
  for (const column of columns) box.putBack(column)
  const isTooSmall = (distance: number) => {
    for (const column of columns) box.open(column, distance)
    const mayLead = box.mayLead()
    for (const column of columns) box.close(column)
    return !mayLead
  }
  const farthest = Math.min(found, most)
  if (isTooSmall(farthest * (1 + 1e-12))) return found
  let small = 0
  let large = farthest
  for (let step = 0; step < 20; step++) {
    const middle = (small + large) / 2
    if (isTooSmall(middle)) small = middle
    else large = middle
  }
  return small
}

/** A first answer, found quickly: it bounds all the rest. */

import { type Best, type Change, changeOf, record } from './best.ts'
import type { Box } from './box.ts'
import type { ColumnCandidates } from './candidates.ts'

/**
 * Takes the change that brings the class nearest to the lead, one after another, until it leads.
 * @param depth most columns that may change
 * @param reserve estimated nanoseconds of the budget that are left to others
 */
export function climb(
  box: Box,
  best: Best,
  columns: readonly ColumnCandidates[],
  depth: number,
  reserve: number,
): void {
  const changes: Change[] = []
  for (let step = 0; step < depth; step++) {
    let found: { column: ColumnCandidates; candidate: number } | undefined
    let most = Number.NEGATIVE_INFINITY
    for (const column of columns) {
      if (changes.some((change) => change.column === column)) continue
      for (let i = 0; i < column.distances.length && box.left() > reserve; i++) {
        box.put(column, i)
        const lead = box.lead()
        if (lead > most) {
          most = lead
          found = { column, candidate: i }
        }
      }
      box.putBack(column)
    }
    if (!found) break
    box.put(found.column, found.candidate)
    changes.push(changeOf(found.column, found.candidate))
    if (box.isReached()) {
      record(best, changes)
      break
    }
  }
  for (const column of columns) box.putBack(column)
}

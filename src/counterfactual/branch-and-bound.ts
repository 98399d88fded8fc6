/** Branch and bound over the columns' candidates: whole ranges of changes are ruled out by an upper bound of the lead. */
import { type Best, changeOf, record } from './best.ts'
import type { Box } from './box.ts'
import type { ColumnCandidates } from './candidates.ts'
import { addDistances } from './distance.ts'
import { halve, nearestIn, widthOf } from './ranges.ts'
import { solveChange } from './solve-change.ts'

/** One search's state. */
export interface Search {
  readonly box: Box
  readonly best: Best
  readonly columns: readonly ColumnCandidates[]
}

/** Looks for changes of at most `depth` columns that are smaller than the best one's `end`. */
export function branchAndBound(search: Search, depth: number): void {
  for (let size = 1; size <= Math.min(depth, search.columns.length); size++)
    choose(search, size, 0, [])
}

/** Chooses so many columns in every way, unless even all that may still be chosen do not help. */
function choose(
  search: Search,
  size: number,
  from: number,
  chosen: readonly ColumnCandidates[],
): void {
  const { box, best, columns } = search
  if (box.left() < 0) return
  if (chosen.length === size) {
    if (chosen.every(({ distances }) => distances.length > 0)) visit(search, chosen)
    for (const column of chosen) if (column.line) visit(search, chosen, column)
    return
  }
  const rest = columns.slice(from)
  if (size - chosen.length > 1 || chosen.length === 0) {
    const opened = [...chosen, ...rest]
    for (const column of opened) box.open(column, best.end)
    const mayLead = box.mayLead()
    for (const column of opened) box.close(column)
    if (!mayLead) return
  }
  rest.forEach((column, i) => {
    choose(search, size, from + i + 1, [...chosen, column])
  })
}

/**
 * Looks through the changes of exactly these columns: ranges of candidates are ruled out as a whole or halved.
 * @param solved the one among them whose value is solved for, if any
 */
function visit(
  search: Search,
  chosen: readonly ColumnCandidates[],
  solved?: ColumnCandidates,
): void {
  const { box, best } = search
  const listed = chosen.filter((column) => column !== solved)
  const stack: Int32Array[] = [
    Int32Array.from(listed.flatMap(({ distances }) => [0, distances.length])),
  ]
  for (let ranges = stack.pop(); ranges && box.left() >= 0; ranges = stack.pop()) {
    let spent = 0
    let widest = 0
    for (let i = 0; i < listed.length; i++) {
      const [from, to] = [ranges[2 * i]!, ranges[2 * i + 1]!]
      spent = addDistances(spent, nearestIn(listed[i] as ColumnCandidates, from, to))
      box.openRange(listed[i] as ColumnCandidates, from, to)
      if (to - from > widthOf(ranges, widest)) widest = i
    }
    if (spent >= best.end) continue
    if (solved) {
      box.close(solved)
      box.openLine(solved, best.end - spent)
    }
    if (!box.mayLead()) continue
    if (widthOf(ranges, widest) > 1) {
      stack.push(...halve(listed[widest] as ColumnCandidates, ranges, widest))
      continue
    }
    tryOne(search, listed, ranges, solved)
  }
  for (const column of chosen) box.putBack(column)
}

/** Tries the one change that is left in the ranges. */
function tryOne(
  { box, best }: Search,
  listed: readonly ColumnCandidates[],
  ranges: Int32Array,
  solved: ColumnCandidates | undefined,
): void {
  const changes = listed.map((column, i) => changeOf(column, ranges[2 * i]!))
  listed.forEach((column, i) => {
    box.put(column, ranges[2 * i]!)
  })
  if (solved) {
    box.close(solved)
    solveChange(box, best, solved, changes, !listed.some(({ line }) => line))
  } else if (box.isReached()) record(best, changes)
  for (const column of listed) box.putBack(column)
}

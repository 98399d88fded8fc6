/**
 * The smallest change of a row that makes the model predict another class: branch and bound in passes. The distance
 * that may be spent grows from pass to pass, so that a search that ends early knows what it has ruled out.
 */
import type { Best, Change } from './best.ts'
import { createBox, type Question } from './box.ts'
import { branchAndBound } from './branch-and-bound.ts'
import type { ColumnCandidates } from './candidates.ts'
import { climb } from './climb.ts'
import { addDistances, MOST_DISTANCE } from './distance.ts'
import { farthestOf } from './line.ts'
import { relaxedBound } from './relaxed-bound.ts'

export interface SearchResult {
  /** The best change found; undefined = none. */
  readonly changes: readonly Change[] | undefined
  /** Every change that is smaller than this was ruled out; infinite when there is none at all. */
  readonly bound: number
  /** Whether nothing was left out: the bound is the distance of the best change, or there is none. */
  readonly isWhole: boolean
}

export interface SearchProblem extends Question {
  readonly columns: readonly ColumnCandidates[]
  readonly maxChanges: number
  /**
   * Whether one solved value is enough beside candidates: so for two classes, where the class must overtake a single
   * rival. With more rivals, the best change may balance several of them.
   */
  readonly isComplete: boolean
}

/** Where the passes begin, in spreads. */
const FIRST_LIMIT = 0.25

/** Returns the smallest change, as far as the budget reaches. */
export function searchCounterfactual(problem: SearchProblem): SearchResult {
  const { columns, maxChanges, isComplete } = problem
  const box = createBox(problem)
  const best: Best = { changes: undefined, distance: Infinity, end: 0 }
  const farthestFirst = columns.map(farthest).sort((a, b) => b - a)
  const most = farthestFirst.slice(0, maxChanges).reduce(addDistances, 0)
  climb(box, best, columns, maxChanges, problem.budget / 2)
  let limit = Math.min(FIRST_LIMIT, most)
  let ruledOut = 0
  let isDone = false
  while (box.left() >= 0 && !isDone) {
    const reach = Math.min(limit, best.distance)
    // What is exactly at the limit belongs to this pass; what was found before must be beaten.
    best.end = best.changes ? reach : limit * (1 + 1e-12)
    branchAndBound({ box, best, columns }, maxChanges)
    if (box.left() < 0) break
    ruledOut = reach
    isDone = best.distance <= limit || limit >= most
    limit = Math.max(2 * limit, nextLimit(columns, limit))
  }
  const { changes, distance } = best
  if (!isComplete)
    return { changes, bound: relaxedBound(box, columns, distance, most), isWhole: false }
  // Distances that are no longer told apart are not compared.
  const isWhole = isDone && distance !== MOST_DISTANCE
  return { changes, bound: isDone ? distance : ruledOut, isWhole }
}

function farthest({ distances, line, own }: ColumnCandidates): number {
  const last = distances.reduce((most, distance) => Math.max(most, distance), 0)
  return line && typeof own === 'number' ? Math.max(last, farthestOf(line, own)) : last
}

/** The least distance of a candidate beyond a limit: no passes are needed on the way to one that is very far. */
function nextLimit(columns: readonly ColumnCandidates[], limit: number): number {
  if (columns.some(({ line }) => line)) return limit
  const beyond = columns.flatMap(({ distances }) => [...distances.filter((far) => far > limit)])
  return beyond.length === 0 ? limit : beyond.reduce((least, far) => Math.min(least, far))
}

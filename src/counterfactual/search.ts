/**
 * The smallest change of a row that makes the model predict another class: branch and bound in passes. The distance
 * that may be spent is doubled from pass to pass, so that a search that ends early knows what it has ruled out.
 */
import { arrange } from './arrangement.ts'
import type { Best, Change } from './best.ts'
import { createBox, type Question } from './box.ts'
import { branchAndBound } from './branch-and-bound.ts'
import type { ColumnCandidates } from './candidates.ts'
import { climb } from './climb.ts'
import { relaxedBound } from './relaxed-bound.ts'

export interface SearchResult {
  /** The best change found; undefined = none. */
  readonly changes: readonly Change[] | undefined
  readonly distance: number
  /** Every change that is smaller than this was ruled out; infinite when there is none at all. */
  readonly bound: number
  /** Whether no candidates make a smaller change. */
  readonly isOptimal: boolean
}

export interface SearchProblem extends Question {
  readonly columns: readonly ColumnCandidates[]
  readonly maxChanges: number
  /** Whether solved values must be whole numbers, by the column's number. */
  readonly isInteger: (column: number) => boolean
  /**
   * Whether one solved value is enough beside candidates: so for two classes, where the class must overtake a single
   * rival. With more rivals, the best change may balance several of them.
   */
  readonly isComplete: boolean
}

/** Returns the smallest change, as far as the budget reaches. */
export function searchCounterfactual(problem: SearchProblem): SearchResult {
  const { maxChanges, isInteger, isComplete } = problem
  const columns = problem.columns.map(arrange)
  const box = createBox(problem)
  const best: Best = { changes: undefined, distance: Number.POSITIVE_INFINITY, end: 0 }
  const isOver = () => box.left() < 0
  const farthestFirst = problem.columns.map(farthest).sort((a, b) => b - a)
  const most = farthestFirst.slice(0, maxChanges).reduce((sum, distance) => sum + distance, 0)
  climb(box, best, columns, maxChanges, problem.budget / 2)
  let limit = Math.min(0.25, most)
  let ruledOut = 0
  let isWhole = false
  while (!isOver() && !isWhole) {
    const reach = Math.min(limit, best.distance)
    // What is exactly at the limit belongs to this pass; what was found before must be beaten.
    best.end = best.changes ? reach : limit * (1 + 1e-12)
    branchAndBound({ box, best, columns, isInteger }, maxChanges)
    if (isOver()) break
    ruledOut = reach
    isWhole = best.distance <= limit || limit >= most
    limit *= 2
  }
  const { changes, distance } = best
  if (!isComplete) {
    const bound = relaxedBound(box, columns, distance, most)
    return { changes, distance, bound, isOptimal: false }
  }
  return { changes, distance, bound: isWhole ? distance : ruledOut, isOptimal: isWhole }
}

function farthest({ distances, line, own }: ColumnCandidates): number {
  const last = distances.at(-1) ?? 0
  if (!line || typeof own !== 'number') return Math.max(last, line ? 1 : 0)
  return Math.max(last, (line.maximum - line.minimum) / line.spread)
}

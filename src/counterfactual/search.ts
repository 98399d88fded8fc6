/**
 * The smallest change of a row that makes the model predict another class: branch and bound over the columns'
 * candidates. Whole ranges of changes are ruled out by an upper bound of the class's lead; the distance that may be
 * spent is doubled from pass to pass, so that a search that ends early knows what it has ruled out.
 */
import type { DecisionBounds } from '../models/model.ts'
import { type ColumnCandidates, justBeyond, type Line } from './candidates.ts'

/** A change of one column: a candidate's number, or a value that was solved for. */
export interface Change {
  readonly column: ColumnCandidates
  readonly cell: string | number | null
  readonly distance: number
}

export interface SearchResult {
  /** The best change found; undefined = none. */
  readonly changes: readonly Change[] | undefined
  readonly distance: number
  /** Every change that is smaller than this was ruled out; infinite when there is none at all. */
  readonly bound: number
  /** Whether no candidates make a smaller change. */
  readonly isOptimal: boolean
}

export interface SearchProblem {
  readonly bounds: DecisionBounds
  /** The row's features. */
  readonly x: Float64Array
  readonly label: number
  readonly columns: readonly ColumnCandidates[]
  readonly maxChanges: number
  /** Returns the class that a row of features is predicted as. */
  readonly predict: (x: Float64Array) => number
  /** Whether solved values must be whole numbers, by the column's number. */
  readonly isInteger: (column: number) => boolean
  /**
   * Whether one solved value is enough beside candidates: so for two classes, where the class must overtake a single
   * rival. With more rivals, the best change may balance several of them.
   */
  readonly isComplete: boolean
  /** Estimated nanoseconds that may be spent. */
  readonly budget: number
}

/** Lets rounding in the bound never rule out what the model itself would answer. */
const TOLERANCE = 1e-9

/** Returns the smallest change, as far as the budget reaches. */
export function searchCounterfactual(problem: SearchProblem): SearchResult {
  const { columns, maxChanges } = problem
  const search = createSearch(problem)
  const distances = columns.map(farthest).sort((a, b) => b - a)
  const most = distances.slice(0, maxChanges).reduce((sum, distance) => sum + distance, 0)
  // A single change is found quickly, and what it costs bounds all the rest.
  search.pass(1, Number.POSITIVE_INFINITY)
  let limit = Math.min(0.25, most)
  let ruledOut = 0
  while (!search.isOver()) {
    const end = Math.min(limit, search.distance())
    search.pass(maxChanges, end)
    if (search.isOver()) break
    ruledOut = end
    if (search.distance() <= limit || limit >= most) {
      const changes = search.changes()
      const distance = search.distance()
      if (problem.isComplete) return { changes, distance, bound: distance, isOptimal: true }
      return { changes, distance, bound: search.relaxedBound(most), isOptimal: false }
    }
    limit *= 2
  }
  return {
    changes: search.changes(),
    distance: search.distance(),
    bound: problem.isComplete ? ruledOut : search.relaxedBound(most),
    isOptimal: false,
  }
}

function farthest({ distances, line, own }: ColumnCandidates): number {
  const last = distances.at(-1) ?? 0
  if (!line || typeof own !== 'number') return Math.max(last, line ? 1 : 0)
  return Math.max(last, (line.maximum - line.minimum) / line.spread)
}

function createSearch(problem: SearchProblem) {
  const { bounds, columns, label, predict, isInteger } = problem
  const x = problem.x.slice()
  const low = x.slice()
  const high = x.slice()
  const reaches = columns.map(cumulativeRanges)
  const isAssigned = columns.map(() => false)
  const path: Change[] = []
  let best: { changes: readonly Change[]; distance: number } | undefined
  /** Changes at this distance or beyond are of no interest. */
  let end = 0
  let left = problem.budget

  const leads = () => {
    left -= bounds.cost
    return bounds.lead(label, low, high) >= -TOLERANCE
  }
  const isReached = () => {
    left -= bounds.cost / 4
    return predict(x) === label
  }
  /** Opens the box of a column to all that it may become for this distance. */
  const open = (c: number, distance: number) => {
    const { features, distances, line, own } = columns[c] as ColumnCandidates
    const count = countWithin(distances, distance)
    const reach = reaches[c] as Ranges
    const width = features.length
    features.forEach((feature, i) => {
      const now = x[feature] as number
      // A missing value goes by a rule of its own, so both sides of every threshold must stay open.
      if (Number.isNaN(now) && count > 0) {
        low[feature] = Number.NEGATIVE_INFINITY
        high[feature] = Number.POSITIVE_INFINITY
        return
      }
      low[feature] = count > 0 ? Math.min(now, reach.low[(count - 1) * width + i] as number) : now
      high[feature] = count > 0 ? Math.max(now, reach.high[(count - 1) * width + i] as number) : now
    })
    if (!line) return
    const [feature] = features as unknown as [number]
    const [a, b] = lineReach(line, own, distance)
    low[feature] = Math.min(low[feature] as number, a, b)
    high[feature] = Math.max(high[feature] as number, a, b)
  }
  const close = (c: number) => {
    for (const feature of (columns[c] as ColumnCandidates).features) {
      low[feature] = x[feature] as number
      high[feature] = x[feature] as number
    }
  }
  const put = (c: number, candidate: number) => {
    const { features, values } = columns[c] as ColumnCandidates
    features.forEach((feature, i) => {
      x[feature] = values[candidate * features.length + i] as number
    })
    close(c)
  }
  const putBack = (c: number) => {
    for (const feature of (columns[c] as ColumnCandidates).features)
      x[feature] = problem.x[feature] as number
    close(c)
  }
  const record = (change: Change, distance: number) => {
    end = distance + change.distance
    best = { changes: [...path, change], distance: end }
  }

  /** Tries the candidates of one column as the last change, nearest first. */
  const tryColumn = (c: number, spent: number) => {
    const column = columns[c] as ColumnCandidates
    open(c, end - spent)
    const mayLead = leads()
    close(c)
    if (!mayLead) return
    for (let i = 0; i < column.cells.length; i++) {
      const distance = column.distances[i] as number
      if (spent + distance >= end || left < 0) break
      put(c, i)
      if (isReached()) {
        record({ column, cell: column.cells[i] ?? null, distance }, spent)
        break
      }
    }
    putBack(c)
    if (column.line) tryLine(c, column.line, spent)
  }
  /** Tries the value from which on the class leads, as the last change. */
  const tryLine = (c: number, line: Line, spent: number) => {
    const column = columns[c] as ColumnCandidates
    const [feature] = column.features as unknown as [number]
    const solved = bounds.solve?.(label, x, feature)
    left -= bounds.cost
    if (solved === undefined) return
    const value = line.minimum + (solved - line.start) / line.slope
    const own = line.minimum + ((x[feature] as number) - line.start) / line.slope
    const beyond = justBeyond(
      value,
      value + Math.sign(value - own || 1) * line.spread,
      line.spread,
      isInteger(column.column),
    )
    if (!(beyond >= line.minimum && beyond <= line.maximum)) return
    const distance =
      typeof column.own === 'number' ? Math.abs(beyond - column.own) / line.spread : 1
    if (spent + distance >= end) return
    x[feature] = line.start + (beyond - line.minimum) * line.slope
    if (isReached()) record({ column, cell: beyond, distance }, spent)
    putBack(c)
  }

  const explore = (depth: number, from: number, spent: number): void => {
    if (left < 0) return
    // A column that is solved for comes last, wherever it stands in the order.
    const isOpen = (c: number) => !isAssigned[c] && (c >= from || columns[c]?.line !== undefined)
    for (let c = 0; c < columns.length; c++) if (isOpen(c)) open(c, end - spent)
    const mayLead = leads()
    for (let c = 0; c < columns.length; c++) if (isOpen(c)) close(c)
    if (!mayLead) return
    for (let c = 0; c < columns.length && left >= 0; c++) if (isOpen(c)) tryColumn(c, spent)
    if (depth < 2) return
    for (let c = from; c < columns.length; c++) {
      const column = columns[c] as ColumnCandidates
      isAssigned[c] = true
      for (let i = 0; i < column.cells.length; i++) {
        const distance = column.distances[i] as number
        if (spent + distance >= end || left < 0) break
        put(c, i)
        path.push({ column, cell: column.cells[i] ?? null, distance })
        explore(depth - 1, c + 1, spent + distance)
        path.pop()
      }
      isAssigned[c] = false
      putBack(c)
    }
  }
  return {
    /** Looks for changes of at most `depth` columns below a distance. */
    pass(depth: number, limit: number) {
      // What is exactly at the limit belongs to this pass; what was found before must be beaten.
      end = best ? Math.min(best.distance, limit) : limit * (1 + 1e-12)
      explore(depth, 0, 0)
    },
    /** A distance that is too small, however it is spent: every column may go that far, and the class does not lead. */
    relaxedBound(most: number): number {
      x.set(problem.x)
      const isTooSmall = (distance: number) => {
        columns.forEach((_, c) => {
          open(c, distance)
        })
        const mayLead = leads()
        columns.forEach((_, c) => {
          close(c)
        })
        return !mayLead
      }
      const farthest = Math.min(best?.distance ?? most, most)
      if (isTooSmall(farthest * (1 + 1e-12))) return best ? best.distance : Number.POSITIVE_INFINITY
      let small = 0
      let large = farthest
      for (let step = 0; step < 20; step++) {
        const middle = (small + large) / 2
        if (isTooSmall(middle)) small = middle
        else large = middle
      }
      return small
    },
    isOver: () => left < 0,
    distance: () => best?.distance ?? Number.POSITIVE_INFINITY,
    changes: () => best?.changes,
  }
}

interface Ranges {
  readonly low: Float64Array
  readonly high: Float64Array
}

/** The least and greatest value of every feature over the nearest candidates; [how many − 1][feature of the column]. */
function cumulativeRanges({ values, features }: ColumnCandidates): Ranges {
  const width = features.length
  const low = values.slice()
  const high = values.slice()
  for (let i = width; i < values.length; i++) {
    low[i] = Math.min(low[i - width] as number, low[i] as number)
    high[i] = Math.max(high[i - width] as number, high[i] as number)
  }
  return { low, high }
}

/** How many of the ascending distances are below the given one. */
function countWithin(distances: Float64Array, distance: number): number {
  let from = 0
  let to = distances.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((distances[middle] as number) < distance) from = middle + 1
    else to = middle
  }
  return from
}

/** The feature at both ends of what a number can become for a distance. */
function lineReach(line: Line, own: unknown, distance: number): [number, number] {
  const [least, greatest] =
    typeof own === 'number'
      ? [
          Math.max(line.minimum, own - distance * line.spread),
          Math.min(line.maximum, own + distance * line.spread),
        ]
      : distance > 1
        ? [line.minimum, line.maximum]
        : [Number.NaN, Number.NaN]
  const at = (value: number) => line.start + (value - line.minimum) * line.slope
  return Number.isNaN(least) ? [Infinity, -Infinity] : [at(least), at(greatest)]
}

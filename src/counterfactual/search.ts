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
  // What is found quickly bounds all the rest.
  search.climb(maxChanges)
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
  const { bounds, label, predict, isInteger } = problem
  const columns = problem.columns.map(arrange)
  const x = problem.x.slice()
  const low = x.slice()
  const high = x.slice()
  let best: { changes: readonly Change[]; distance: number } | undefined
  /** Changes at this distance or beyond are of no interest. */
  let end = 0
  let left = problem.budget

  const leadOf = () => {
    const before = bounds.work.steps
    const lead = bounds.lead(label, low, high)
    left -= (bounds.work.steps - before) * STEP + CALL
    return lead
  }
  const leads = () => leadOf() >= -TOLERANCE
  /** Whether the row as it is now is predicted so; a prediction takes about what its bound takes. */
  const isReached = () => {
    left -= CALL
    return leads() && predict(x) === label
  }
  const setBox = (feature: number, least: number, most: number) => {
    low[feature] = least
    high[feature] = most
  }
  const close = ({ features }: Arranged) => {
    for (const feature of features) setBox(feature, x[feature]!, x[feature]!)
  }
  /** Opens the box of a column to what it is and all that it may become for this distance. */
  const open = (column: Arranged, distance: number) => {
    const { features, distances, values, line, own } = column
    features.forEach((feature, i) => {
      const now = x[feature]!
      let [least, most] = [now, now]
      distances.forEach((far, candidate) => {
        if (far >= distance) return
        const value = values[candidate * features.length + i]!
        // A missing value goes by a rule of its own, so both sides of every threshold must stay open.
        if (Number.isNaN(now)) [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
        else {
          least = Math.min(least, value)
          most = Math.max(most, value)
        }
      })
      setBox(feature, least, most)
    })
    left -= distances.length * features.length * 2
    if (line) openLine(features[0]!, line, own, distance)
  }
  const openLine = (feature: number, line: Line, own: unknown, distance: number) => {
    const [a, b] = lineReach(line, own, distance)
    setBox(feature, Math.min(low[feature]!, a, b), Math.max(high[feature]!, a, b))
  }
  /** Opens the box of a column to a range of its candidates. */
  const openRange = ({ features, values }: Arranged, from: number, to: number) => {
    features.forEach((feature, i) => {
      let least = Number.POSITIVE_INFINITY
      let most = Number.NEGATIVE_INFINITY
      for (let candidate = from; candidate < to; candidate++) {
        const value = values[candidate * features.length + i]!
        least = Math.min(least, value)
        most = Math.max(most, value)
      }
      setBox(feature, least, most)
    })
    left -= (to - from) * features.length * 2
  }
  const put = (column: Arranged, candidate: number) => {
    column.features.forEach((feature, i) => {
      x[feature] = column.values[candidate * column.features.length + i]!
    })
    close(column)
  }
  const putBack = (column: Arranged) => {
    for (const feature of column.features) x[feature] = problem.x[feature]!
    close(column)
  }
  const changeOf = (column: Arranged, candidate: number): Change => ({
    column: column.column,
    cell: column.cells[candidate] ?? null,
    distance: column.distances[candidate]!,
  })
  const record = (changes: readonly Change[]) => {
    const distance = changes.reduce((sum, change) => sum + change.distance, 0)
    if (best && distance >= best.distance) return
    best = { changes, distance }
    end = Math.min(end, distance)
  }

  /** The change of a column from which on the class leads, the others as they are now. */
  const solveFor = (column: Arranged, line: Line): Change | undefined => {
    const feature = column.features[0]!
    const solved = bounds.solve?.(label, x, feature)
    left -= CALL
    if (solved === undefined) return undefined
    const value = line.minimum + (solved - line.start) / line.slope
    const own = line.minimum + (x[feature]! - line.start) / line.slope
    const beyond = justBeyond(
      value,
      value + Math.sign(value - own || 1) * line.spread,
      line.spread,
      isInteger(column.column.column),
    )
    if (!(beyond >= line.minimum && beyond <= line.maximum)) return undefined
    const distance =
      typeof column.own === 'number' ? Math.abs(beyond - column.own) / line.spread : 1
    return { column: column.column, cell: beyond, distance }
  }

  /**
   * Looks through the changes of exactly these columns: ranges of candidates are ruled out as a whole or halved.
   * @param solved the one among them whose value is solved for, if any
   */
  const visit = (chosen: readonly Arranged[], solved?: Arranged) => {
    const listed = chosen.filter((column) => column !== solved)
    const stack: Int32Array[] = [
      Int32Array.from(listed.flatMap(({ distances }) => [0, distances.length])),
    ]
    for (let ranges = stack.pop(); ranges && left >= 0; ranges = stack.pop()) {
      let spent = 0
      let widest = 0
      for (let i = 0; i < listed.length; i++) {
        const [from, to] = [ranges[2 * i]!, ranges[2 * i + 1]!]
        spent += nearestIn(listed[i] as Arranged, from, to)
        openRange(listed[i] as Arranged, from, to)
        if (to - from > widthOf(ranges, widest)) widest = i
      }
      if (spent >= end) continue
      if (solved?.line) {
        close(solved)
        openLine(solved.features[0]!, solved.line, solved.own, end - spent)
      }
      if (!leads()) continue
      if (widthOf(ranges, widest) > 1) {
        stack.push(...halve(listed[widest] as Arranged, ranges, widest))
        continue
      }
      tryOne(listed, ranges, solved)
    }
    for (const column of chosen) putBack(column)
  }
  const tryOne = (
    listed: readonly Arranged[],
    ranges: Int32Array,
    solved: Arranged | undefined,
  ) => {
    const changes = listed.map((column, i) => changeOf(column, ranges[2 * i]!))
    listed.forEach((column, i) => {
      put(column, ranges[2 * i]!)
    })
    if (solved?.line) {
      close(solved)
      const change = solveFor(solved, solved.line)
      if (change) {
        const { minimum, start, slope } = solved.line
        x[solved.features[0]!] = start + ((change.cell as number) - minimum) * slope
        close(solved)
        if (isReached()) record([...changes, change])
        putBack(solved)
      }
    } else if (isReached()) record(changes)
    for (const column of listed) putBack(column)
  }

  /** Chooses so many columns in every way, unless even all that may still be chosen do not help. */
  const choose = (size: number, from: number, chosen: readonly Arranged[]): void => {
    if (left < 0) return
    if (chosen.length === size) {
      if (chosen.every(({ distances }) => distances.length > 0)) visit(chosen)
      for (const column of chosen) if (column.line) visit(chosen, column)
      return
    }
    const rest = columns.slice(from)
    if (size - chosen.length > 1 || chosen.length === 0) {
      const opened = [...chosen, ...rest]
      for (const column of opened) open(column, end)
      const mayLead = leads()
      for (const column of opened) close(column)
      if (!mayLead) return
    }
    rest.forEach((column, i) => {
      choose(size, from + i + 1, [...chosen, column])
    })
  }

  /** Takes the change that brings the class nearest to the lead, one after another: a first answer to beat. */
  const climb = (depth: number) => {
    const changes: Change[] = []
    for (let step = 0; step < depth; step++) {
      let found: { column: Arranged; candidate: number } | undefined
      let most = Number.NEGATIVE_INFINITY
      for (const column of columns) {
        if (changes.some((change) => change.column === column.column)) continue
        for (let i = 0; i < column.distances.length && left > problem.budget / 2; i++) {
          put(column, i)
          const lead = leadOf()
          if (lead > most) {
            most = lead
            found = { column, candidate: i }
          }
        }
        putBack(column)
      }
      if (!found) break
      put(found.column, found.candidate)
      changes.push(changeOf(found.column, found.candidate))
      if (isReached()) {
        record(changes)
        break
      }
    }
    for (const column of columns) putBack(column)
  }

  return {
    climb,
    /** Looks for changes of at most `depth` columns below a distance. */
    pass(depth: number, limit: number) {
      // What is exactly at the limit belongs to this pass; what was found before must be beaten.
      end = best ? Math.min(best.distance, limit) : limit * (1 + 1e-12)
      for (let size = 1; size <= Math.min(depth, columns.length); size++) choose(size, 0, [])
    },
    /** A distance that is too small, however it is spent: every column may go that far, and the class does not lead. */
    relaxedBound(most: number): number {
      x.set(problem.x)
      const isTooSmall = (distance: number) => {
        for (const column of columns) open(column, distance)
        const mayLead = leads()
        for (const column of columns) close(column)
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

/** Estimated nanoseconds of a step of a bound, and of a question beside its steps. */
const STEP = 4
const CALL = 300

/** A column's candidates in an order in which neighbours are alike: those above the row's value, then those below. */
interface Arranged extends Omit<ColumnCandidates, 'column'> {
  readonly column: ColumnCandidates
  /** How many lie above. */
  readonly above: number
}

function arrange(column: ColumnCandidates): Arranged {
  const { own, features, cells, distances, values } = column
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
    ...(column.line ? { line: column.line } : {}),
    above: order.filter(({ cell }) => isAbove(cell)).length,
  }
}

/** The least distance in a range of candidates: at its beginning, or where those below the row's value begin. */
function nearestIn({ distances, above }: Arranged, from: number, to: number): number {
  const first = distances[from]!
  return from < above && above < to ? Math.min(first, distances[above]!) : first
}

function widthOf(ranges: Int32Array, i: number): number {
  return ranges[2 * i + 1]! - ranges[2 * i]!
}

/** Two halves of a range; the nearer one last, because the last is looked at first. */
function halve({ above, distances }: Arranged, ranges: Int32Array, i: number): Int32Array[] {
  const [from, to] = [ranges[2 * i]!, ranges[2 * i + 1]!]
  const middle = from < above && above < to ? above : (from + to) >> 1
  const [nearer, farther] = [ranges.with(2 * i + 1, middle), ranges.with(2 * i, middle)]
  const isNearer = distances[from]! <= distances[middle]!
  return isNearer ? [farther, nearer] : [nearer, farther]
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

/**
 * A row and a box of rows around it, about which the model is asked: whether a class may lead anywhere in the box, and
 * whether the row is predicted so. Questions are counted against a budget.
 */
import type { DecisionBounds } from '../models/model.ts'
import type { ColumnCandidates } from './candidates.ts'
import { reachOf } from './line.ts'

/** Lets rounding in the bound never rule out what the model itself would answer. */
const TOLERANCE = 1e-9

/** Estimated nanoseconds of a step of a bound, and of a question beside its steps. */
const STEP = 4
const CALL = 300

/** What a box is asked about. */
export interface Question {
  readonly bounds: DecisionBounds
  /** The row's features. */
  readonly x: Float64Array
  readonly label: number
  /** Returns the class that a row of features is predicted as. */
  readonly predict: (x: Float64Array) => number
  /** Estimated nanoseconds that may be spent. */
  readonly budget: number
}

export interface Box {
  /** The row as it is now. */
  readonly x: Float64Array
  /** Estimated nanoseconds that are left. */
  left(): number
  /** Counts what was not asked of the box. */
  spend(nanoseconds: number): void
  /** Upper bound of the class's lead in the box. */
  lead(): number
  mayLead(): boolean
  /** Whether the row as it is now is predicted so. */
  isReached(): boolean
  /** The value of a feature, the others as they are now, from which on the class leads; undefined = none. */
  solve(feature: number): number | undefined
  /** Narrows a column to what it is now. */
  close(column: ColumnCandidates): void
  /** Opens a column to what it is and all that it may become for less than a distance. */
  open(column: ColumnCandidates, distance: number): void
  /** Opens a column, beside what it is opened to, to all that its line reaches for a distance. */
  openLine(column: ColumnCandidates, distance: number): void
  /** Opens a column to a range of its candidates. */
  openRange(column: ColumnCandidates, from: number, to: number): void
  /** Gives a column a candidate. */
  put(column: ColumnCandidates, candidate: number): void
  /** Gives a column of one feature any value. */
  putValue(column: ColumnCandidates, value: number): void
  /** Gives a column its own value back. */
  putBack(column: ColumnCandidates): void
}

/** Returns the box that is the row itself. */
export function createBox({ bounds, x: own, label, predict, budget }: Question): Box {
  const x = own.slice()
  const low = x.slice()
  const high = x.slice()
  let left = budget

  const set = (feature: number, least: number, most: number) => {
    low[feature] = least
    high[feature] = most
  }
  const close = ({ features }: ColumnCandidates) => {
    for (const feature of features) set(feature, x[feature]!, x[feature]!)
  }
  const lead = () => {
    const before = bounds.work.steps
    const found = bounds.lead(label, low, high)
    left -= (bounds.work.steps - before) * STEP + CALL
    return found
  }
  const mayLead = () => lead() >= -TOLERANCE
  const openLine = ({ features, own: cell, line }: ColumnCandidates, distance: number) => {
    if (!line || typeof cell !== 'number') return
    const feature = features[0]!
    const [a, b] = reachOf(line, cell, distance)
    set(feature, Math.min(low[feature]!, a, b), Math.max(high[feature]!, a, b))
  }

  return {
    x,
    left: () => left,
    spend(nanoseconds) {
      left -= nanoseconds
    },
    lead,
    mayLead,
    isReached() {
      // A prediction takes about what its bound takes.
      left -= CALL
      return mayLead() && predict(x) === label
    },
    solve(feature) {
      left -= CALL
      return bounds.solve?.(label, x, feature)
    },
    close,
    open(column, distance) {
      const { features, distances, values } = column
      features.forEach((feature, i) => {
        const now = x[feature]!
        let [least, most] = [now, now]
        distances.forEach((far, candidate) => {
          if (far >= distance) return
          const value = values[candidate * features.length + i]!
          // A missing value goes by a rule of its own, so both sides of every threshold must stay open.
          if (Number.isNaN(now))
            [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
          else {
            least = Math.min(least, value)
            most = Math.max(most, value)
          }
        })
        set(feature, least, most)
      })
      left -= distances.length * features.length * 2
      openLine(column, distance)
    },
    openLine,
    openRange({ features, values }, from, to) {
      features.forEach((feature, i) => {
        let least = Number.POSITIVE_INFINITY
        let most = Number.NEGATIVE_INFINITY
        for (let candidate = from; candidate < to; candidate++) {
          const value = values[candidate * features.length + i]!
          least = Math.min(least, value)
          most = Math.max(most, value)
        }
        set(feature, least, most)
      })
      left -= (to - from) * features.length * 2
    },
    put(column, candidate) {
      column.features.forEach((feature, i) => {
        x[feature] = column.values[candidate * column.features.length + i]!
      })
      close(column)
    },
    putValue(column, value) {
      x[column.features[0]!] = value
      close(column)
    },
    putBack(column) {
      for (const feature of column.features) x[feature] = own[feature]!
      close(column)
    },
  }
}

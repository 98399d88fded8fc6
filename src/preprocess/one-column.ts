/** How well one column alone tells the target: exactly on the rows it is asked about, and on rows it has not seen. */
import { type Column, cellAt } from '../data/frame.ts'

/** Cells that are looked at in all, and rows of a column at least and at most. */
const MOST_CELLS = 1_000_000
const LEAST_ROWS = 200
const MOST_ROWS = 4000
/** More classes than this are not told by intervals. */
const MOST_INTERVALS = 8

/** Returns numbers of rows, evenly spaced over a table, that bound the work for so many columns. */
export function rowsToLookAt(rows: number, columns: number): Int32Array {
  const most = Math.min(
    rows,
    Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(MOST_CELLS / Math.max(1, columns)))),
  )
  return Int32Array.from({ length: most }, (_, i) => Math.floor((i * rows) / most))
}

/** How many columns are looked at: of more than this, not even the least rows are in the bound. */
export const MOST_COLUMNS = MOST_CELLS / LEAST_ROWS

/** Values of a column as numbers that can be sorted: texts by code; missing = NaN. */
function valuesAt(column: Column, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => {
    if (column.kind === 'number') return column.values[row]!
    const code = column.codes[row]!
    return code < 0 ? Number.NaN : code
  })
}

/**
 * Returns the fewest rows that a rule of one column gets wrong: of categories one class each, of numbers one class for
 * each of as many intervals as there are classes; missing ones are a value of their own. Infinity where there are so
 * many values that such a rule would know the rows by heart.
 * @param y class number of every row of the table
 */
export function fewestErrors(
  column: Column,
  isCategory: boolean,
  y: Int32Array,
  classes: number,
  rows: Int32Array,
): number {
  const values = valuesAt(column, rows)
  const missing = new Float64Array(classes)
  const countsOf = new Map<number, Float64Array>()
  rows.forEach((row, i) => {
    const value = values[i]!
    let counts = Number.isNaN(value) ? missing : countsOf.get(value)
    if (!counts) {
      counts = new Float64Array(classes)
      countsOf.set(value, counts)
    }
    const label = y[row]!
    counts[label] = counts[label]! + 1
  })
  const left = errorsOf(missing)
  // A code per class, with one stray.
  const isFew = countsOf.size <= classes + 1 || countsOf.size * 20 <= rows.length
  if (isCategory || column.kind === 'text') {
    if (!isFew) return Number.POSITIVE_INFINITY
    return [...countsOf.values()].reduce((sum, counts) => sum + errorsOf(counts), left)
  }
  if (classes > MOST_INTERVALS) return Number.POSITIVE_INFINITY
  const sorted = [...countsOf].sort(([a], [b]) => a - b).map(([, counts]) => counts)
  return left + errorsOfIntervals(sorted, classes)
}

function errorsOf(counts: Float64Array): number {
  const sum = counts.reduce((a, b) => a + b, 0)
  return sum - counts.reduce((a, b) => Math.max(a, b), 0)
}

/** Fewest errors of at most `classes` intervals over the distinct values in order, by dynamic programming. */
function errorsOfIntervals(sorted: readonly Float64Array[], classes: number): number {
  // [interval][class]: errors so far, when the last interval is of that class.
  let errors = Array.from({ length: classes }, () => new Float64Array(classes))
  for (const counts of sorted) {
    const sum = counts.reduce((a, b) => a + b, 0)
    errors = errors.map((own, interval) => {
      const before = interval === 0 ? undefined : errors[interval - 1]!
      const least = before ? before.reduce((a, b) => Math.min(a, b)) : Number.POSITIVE_INFINITY
      return own.map((value, label) => Math.min(value, least) + sum - counts[label]!)
    })
  }
  return errors.reduce(
    (best, own) =>
      Math.min(
        best,
        own.reduce((a, b) => Math.min(a, b)),
      ),
    Number.POSITIVE_INFINITY,
  )
}

/** Groups that a column of many numbers is cut into. */
const GROUPS = 16

/**
 * Returns how well one column alone ranks the rows of a class before the others, on rows that it has not been learned
 * from: half of the rows give each value, or sixteenth of the numbers, its share of the class, the other half is ranked
 * by it. The largest area under the ROC curve of all classes, with the deviations that it is away from chance.
 */
export function areaOnUnseen(
  column: Column,
  y: Int32Array,
  classes: number,
  rows: Int32Array,
): { readonly area: number; readonly deviations: number } {
  const groups = groupsOf(column, rows)
  let best = { area: 0.5, deviations: 0 }
  for (let label = 0; label < classes; label++) {
    const found = areaOfClass(groups, rows, y, label)
    if (found.area > best.area) best = found
  }
  return best
}

function groupsOf(column: Column, rows: Int32Array): Int32Array {
  if (column.kind === 'text') return rows.map((row) => column.codes[row]! + 1)
  const values = valuesAt(column, rows)
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  const edges = Float64Array.from(
    { length: GROUPS - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / GROUPS)] ?? 0,
  )
  return Int32Array.from(values, (value) =>
    Number.isNaN(value) ? 0 : 1 + edges.reduce((sum, edge) => sum + (value >= edge ? 1 : 0), 0),
  )
}

function areaOfClass(groups: Int32Array, rows: Int32Array, y: Int32Array, label: number) {
  const seen = new Map<number, { hits: number; rows: number }>()
  let [hits, learned] = [0, 0]
  rows.forEach((row, i) => {
    if (i % 2 === 1) return
    const group = seen.get(groups[i]!) ?? { hits: 0, rows: 0 }
    seen.set(groups[i]!, group)
    const hit = y[row] === label ? 1 : 0
    group.hits += hit
    group.rows++
    hits += hit
    learned++
  })
  const prior = hits / learned
  const shareOf = (group: number) => {
    const found = seen.get(group)
    return found ? (found.hits + prior) / (found.rows + 1) : prior
  }
  const byShare = new Map<number, [others: number, hits: number]>()
  rows.forEach((row, i) => {
    if (i % 2 === 0) return
    const share = shareOf(groups[i]!)
    const counts = byShare.get(share) ?? [0, 0]
    byShare.set(share, counts)
    counts[y[row] === label ? 1 : 0]++
  })
  let [before, all, wins] = [0, 0, 0]
  for (const [, [others, own]] of [...byShare].sort(([a], [b]) => a - b)) {
    wins += own * (before + others / 2)
    before += others
    all += own
  }
  if (all === 0 || before === 0) return { area: 0.5, deviations: 0 }
  const area = wins / (all * before)
  // Of the Mann-Whitney statistic, where nothing is told.
  const deviation = Math.sqrt((all + before + 1) / (12 * all * before))
  return { area, deviations: (area - 0.5) / deviation }
}

/** Whether a column's missing cells go with the classes: chi-squared of the two by classes, and how strong (Cramér's V). */
export function missingTellsTarget(column: Column, target: Column): boolean {
  const length = target.kind === 'number' ? target.values.length : target.codes.length
  const counts = new Map<string | number, [present: number, missing: number]>()
  let [rows, missing] = [0, 0]
  for (let row = 0; row < length; row++) {
    const label = cellAt(target, row)
    if (label === null) continue
    const own = counts.get(label) ?? [0, 0]
    counts.set(label, own)
    const isMissing = cellAt(column, row) === null
    own[isMissing ? 1 : 0]++
    rows++
    if (isMissing) missing++
  }
  if (missing === 0 || missing === rows || counts.size > 100) return false
  let chiSquared = 0
  for (const [present, absent] of counts.values()) {
    const expected = ((present + absent) * missing) / rows
    const others = present + absent - expected
    chiSquared += (absent - expected) ** 2 / expected + (present - others) ** 2 / others
  }
  // With k − 1 degrees of freedom: five deviations beyond what is expected.
  const freedom = counts.size - 1
  return chiSquared > freedom + 5 * Math.sqrt(2 * freedom) + 8 && chiSquared / rows > 0.02
}

/** How well one column alone tells the target: exactly on the rows it is asked about, and on rows it has not seen. */
import { type Column, cellAt, lengthOf, presentNumbers } from '../data/frame.ts'

/** Cells that are looked at in all, and rows of a column at least and at most. */
const MOST_CELLS = 400_000
const LEAST_ROWS = 100
const MOST_ROWS = 4000
/** More classes than this are not told by intervals. */
const MOST_INTERVALS = 8

/**
 * Returns ascending numbers of rows, spread over a table, that bound the work for so many columns. One of every stretch of
 * rows, at a place that does not repeat: labels of files often do.
 */
export function rowsToLookAt(rows: number, columns: number): Int32Array {
  const most = Math.min(
    rows,
    Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(MOST_CELLS / Math.max(1, columns)))),
  )
  const stretch = rows / most
  return Int32Array.from({ length: most }, (_, i) => {
    const from = Math.floor(i * stretch)
    const places = Math.floor((i + 1) * stretch) - from
    return from + ((Math.imul(i + 1, 0x9e3779b1) >>> 8) % places)
  })
}

/** How many columns are looked at: of more than this, not even the least rows are in the bound. */
export const MOST_COLUMNS = MOST_CELLS / LEAST_ROWS

/** Values of a column as numbers that can be sorted: texts by code; missing = NaN. */
function valuesAt(column: Column, rows: Int32Array): Float64Array {
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (column.kind === 'number') values[i] = column.values[row]!
    else values[i] = column.codes[row]! < 0 ? Number.NaN : column.codes[row]!
  }
  return values
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
  const asCategory = isCategory || column.kind === 'text'
  if (!asCategory && classes > MOST_INTERVALS) return Number.POSITIVE_INFINITY
  const present = Uint32Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]!))
  present.sort((i, j) => values[i]! - values[j]!)
  const counts = new Float64Array(classes)
  for (let i = 0; i < rows.length; i++) if (Number.isNaN(values[i]!)) counts[y[rows[i]!]!]! += 1
  const left = rows.length - present.length - mostOf(counts)
  let [distinct, alone] = [0, 0]
  // [interval][class]: errors so far, when the last interval is of that class.
  const errors = Array.from({ length: asCategory ? 0 : classes }, () => new Float64Array(classes))
  for (let from = 0, to = 0; from < present.length; from = to) {
    counts.fill(0)
    const value = values[present[from]!]!
    for (; to < present.length && values[present[to]!] === value; to++)
      counts[y[rows[present[to]!]!]!]! += 1
    distinct++
    if (asCategory) alone += to - from - mostOf(counts)
    else extend(errors, counts, to - from)
  }
  if (!asCategory) return left + Math.min(...errors.map(leastOf))
  // A code per class, with one stray, or so few that none is known by heart.
  const isFew = distinct <= classes + 1 || distinct * ROWS_PER_VALUE <= rows.length
  return isFew ? left + alone : Number.POSITIVE_INFINITY
}

/** Rows that a category has on average, in which it is not known by heart. */
const ROWS_PER_VALUE = 20

/** Goes on by one value: it stays in the last interval, or begins the next one; from the last interval on, in place. */
function extend(errors: readonly Float64Array[], counts: Float64Array, rows: number): void {
  for (let interval = errors.length - 1; interval >= 0; interval--) {
    const own = errors[interval]!
    const before = interval === 0 ? Number.POSITIVE_INFINITY : leastOf(errors[interval - 1]!)
    for (let label = 0; label < own.length; label++)
      own[label] = Math.min(own[label]!, before) + rows - counts[label]!
  }
}

function mostOf(counts: Float64Array): number {
  let most = 0
  for (const count of counts) if (count > most) most = count
  return most
}

function leastOf(numbers: Float64Array): number {
  let least = Number.POSITIVE_INFINITY
  for (const number of numbers) if (number < least) least = number
  return least
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

/** Returns the group of every row, counted from 0: of a text, or of a range of numbers; a missing value has its own. */
function groupsOf(column: Column, rows: Int32Array): Int32Array {
  const values = valuesAt(column, rows)
  if (column.kind === 'text') {
    const groupOf = new Map<number, number>()
    return Int32Array.from(values, (code) => {
      const group = groupOf.get(code) ?? groupOf.size
      groupOf.set(code, group)
      return group
    })
  }
  const sorted = presentNumbers(values).sort()
  const edges = Float64Array.from(
    { length: GROUPS - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / GROUPS)] ?? 0,
  )
  return Int32Array.from(values, (value) => {
    if (Number.isNaN(value)) return 0
    let group = 1
    while (group < GROUPS && value >= edges[group - 1]!) group++
    return group
  })
}

/** Whether a row is of the half that is learned from: by a hash, because values often go round with the rows. */
function isLearned(i: number): boolean {
  const mixed = Math.imul(i + 1, 0x9e3779b1)
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >= 0
}

function areaOfClass(groups: Int32Array, rows: Int32Array, y: Int32Array, label: number) {
  const count = groups.reduce((most, group) => Math.max(most, group), 0) + 1
  // [group]: rows of the class, and all, of the half that is learned from; then of the half that is ranked.
  const [hits, all, own, others] = [0, 1, 2, 3].map(() => new Float64Array(count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  let [learned, prior] = [0, 0]
  for (let i = 0; i < rows.length; i++) {
    const [group, isHit] = [groups[i]!, y[rows[i]!] === label]
    if (isLearned(i)) {
      all[group]! += 1
      learned++
      if (!isHit) continue
      hits[group]! += 1
      prior++
    } else if (isHit) own[group]! += 1
    else others[group]! += 1
  }
  const share = hits.map((hit, group) => (hit + prior / learned) / (all[group]! + 1))
  const order = Uint32Array.from(share.keys()).sort((a, b) => share[a]! - share[b]!)
  let [before, found, wins] = [0, 0, 0]
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [ownHere, othersHere] = [0, 0]
    for (; to < order.length && share[order[to]!] === share[order[from]!]; to++) {
      ownHere += own[order[to]!]!
      othersHere += others[order[to]!]!
    }
    wins += ownHere * (before + othersHere / 2)
    before += othersHere
    found += ownHere
  }
  if (found === 0 || before === 0) return { area: 0.5, deviations: 0 }
  const area = wins / (found * before)
  // Of the Mann-Whitney statistic, where nothing is told.
  const deviation = Math.sqrt((found + before + 1) / (12 * found * before))
  return { area, deviations: (area - 0.5) / deviation }
}

/** Whether a column's missing cells go with the classes: chi-squared of the two by classes, and how strong (Cramér's V). */
export function missingTellsTarget(column: Column, target: Column): boolean {
  const length = lengthOf(target)
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

/** Columns that tell too much or are left out although they tell much, and rows that stand on both sides of the split. */
import { type Column, type DataFrame, findColumn, type TextColumn } from '../data/frame.ts'
import type { Steps } from '../data/steps.ts'
import { flagWith, quote } from '../errors.ts'
import { followsRows } from './identifiers.ts'
import { areaOnUnseen, fewestErrors, MOST_COLUMNS, rowsToLookAt } from './one-column.ts'
import { type ColumnPlan, plannedColumns } from './plan.ts'

/** With fewer rows besides the largest class, a column may tell them by chance. */
const LEAST_OTHERS = 10
/** Of these rows a column that tells the target may get so many wrong: the share, or one. */
const MOST_ERRORS = 0.01
/** A column that is left out is worth a warning from this area under the ROC curve on. */
const LEAST_AREA = 0.7
/** So many deviations are not chance, among many columns either. */
const LEAST_DEVIATIONS = 5

/** Returns a warning for every column of the plan that alone tells the target, but for a few rows, by its name. */
export function* describeLeaks(
  frame: DataFrame,
  plan: ColumnPlan,
  y: Int32Array,
  classes: number,
): Steps<ReadonlyMap<string, string>> {
  const leaks = new Map<string, string>()
  const names = plannedColumns(plan).slice(0, MOST_COLUMNS)
  const rows = rowsToLookAt(y.length, names.length)
  const counts = new Float64Array(classes)
  for (const row of rows) counts[y[row]!] = counts[y[row]!]! + 1
  const others = rows.length - counts.reduce((a, b) => Math.max(a, b))
  if (others < LEAST_OTHERS) return leaks
  const isCategory = new Set([...plan.ordinal, ...plan.nominal].map(({ column }) => column))
  for (const name of names) {
    const column = findColumn(frame, name)
    if (!column) continue
    yield
    const errors = fewestErrors(column, isCategory.has(name), y, classes, rows)
    if (errors > Math.max(1, MOST_ERRORS * others)) continue
    const right = errors === 0 ? 'all' : `all but ${errors}`
    leaks.set(
      name,
      `column ${quote(name)} ${errors === 0 ? 'tells' : 'nearly tells'} the target: it alone gets ${right} of ${rows.length} rows right; if it is not known when a prediction is due, leave it out (${flagWith('--drop', name)})`,
    )
  }
  return leaks
}

/**
 * Returns a warning for every column that is left out although it alone tells much on rows it has not seen. One that
 * rises or falls with the rows is no loss: files are often sorted by class.
 * @param left names of the columns
 */
export function describeLosses(
  frame: DataFrame,
  left: readonly string[],
  y: Int32Array,
  classes: number,
): string[] {
  const names = left.slice(0, MOST_COLUMNS)
  // Every class is ranked on its own.
  const rows = rowsToLookAt(y.length, names.length * Math.ceil(classes / 4))
  return names.flatMap((name) => {
    const column = findColumn(frame, name)
    if (!column || followsRows(column)) return []
    const { area, deviations } = areaOnUnseen(column, y, classes, rows)
    if (area < LEAST_AREA || deviations < LEAST_DEVIATIONS) return []
    const role = column.kind === 'number' ? 'numeric' : 'nominal'
    return [
      `column ${quote(name)} is left out, though it alone predicts the target with a ROC AUC of ${area.toFixed(2)}; if it is known when a prediction is due, ${flagWith(`--${role}`, name)} uses it`,
    ]
  })
}

/** Cells that are compared, at most. */
const MOST_CELLS = 5_000_000
/** A warning from this share of the test rows on. */
const LEAST_DUPLICATES = 0.1
/** A number tells rows apart that has more different values than this, and than half of the different rows. */
const FEW_VALUES = 20

/**
 * Returns a warning where many test rows stand among the training rows, too, in all features and the label, although
 * rows are told apart by a number: of a few categories equal rows are no surprise.
 */
export function describeDuplicates(
  frame: DataFrame,
  plan: ColumnPlan,
  y: Int32Array,
  split: { readonly train: Int32Array; readonly test: Int32Array },
): string[] {
  const columns = plannedColumns(plan).flatMap((name) => findColumn(frame, name) ?? [])
  const { train, test } = split
  if (test.length === 0 || frame.length * columns.length > MOST_CELLS) return []
  const keys = rowKeys(columns, y)
  const seen = new Set<number>()
  for (const row of train) seen.add(keys[row]!)
  const twice = test.reduce((sum, row) => sum + (seen.has(keys[row]!) ? 1 : 0), 0)
  if (twice < LEAST_DUPLICATES * test.length || twice < LEAST_OTHERS) return []
  const different = new Set(keys).size
  const isTelling = columns.some(
    (column) =>
      column.kind === 'number' && new Set(column.values).size > Math.max(FEW_VALUES, different / 2),
  )
  if (!isTelling) return []
  return [
    `${twice} of ${test.length} test rows are training rows, too, in every column: what is measured on them is too good; leave out rows that stand in the file twice`,
  ]
}

/** Returns a key of every row of 53 bits; different rows have the same one with a probability of about 1e-16. */
function rowKeys(columns: readonly Column[], y: Int32Array): Float64Array {
  const [low, high] = [Uint32Array.from(y), Uint32Array.from(y, (label) => label ^ 0x9e3779b9)]
  for (const column of columns) {
    // Both zeros are one number, and all missing ones one value.
    const values =
      column.kind === 'text'
        ? undefined
        : column.values.map((value) => (Number.isNaN(value) ? Number.NaN : value + 0))
    const words = values && new Uint32Array(values.buffer)
    for (let row = 0; row < y.length; row++) {
      const first = words ? words[2 * row]! : (column as TextColumn).codes[row]!
      const second = words ? words[2 * row + 1]! : 0
      low[row] = mix(mix(low[row]! ^ first, 0x85ebca6b) ^ second, 0xc2b2ae35)
      high[row] = mix((mix((high[row]! + first) | 0, 0xc2b2ae35) + second) | 0, 0x85ebca6b)
    }
  }
  return Float64Array.from(low, (word, row) => (high[row]! >>> 11) * 2 ** 32 + word)
}

function mix(word: number, factor: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), factor)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x27d4eb2f)
  return mixed ^ (mixed >>> 15)
}

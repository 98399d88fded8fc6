/** What a person should look at before trusting a model: columns that tell the target, name rows, or hold dates. */
import {
  type Column,
  cellAt,
  countDistinct,
  countMissing,
  type DataFrame,
  findColumn,
  lengthOf,
  mapTexts,
  type TextColumn,
} from '../data/frame.ts'
import { isInexactInteger } from '../data/number.ts'
import type { Steps } from '../data/steps.ts'
import { flagWith, quote } from '../errors.ts'
import { isBooleanColumn } from './booleans.ts'
import { evidenceOfIdentifier, isNearlyUnique, isWhole } from './identifiers.ts'
import { describeLeaks } from './leaks.ts'
import { holdsLongIntegers } from './long-integers.ts'
import { missingIndicator } from './missing-indicator.ts'
import { type ColumnPlan, plannedColumns } from './plan.ts'
import { findSpellings } from './spellings.ts'
import { describeTarget } from './target-texts.ts'
import { describeUnread } from './written/describe-unread.ts'

/** With fewer rows than this per class, a column may agree with the target by chance. */
const LEAST_ROWS_PER_CLASS = 5
/** With fewer rows than this, all values may be different by chance. */
const LEAST_ROWS = 20

/**
 * Returns, column by column, a warning for every column of the plan that is doubtful.
 * @param y class number of every row
 * @param leftOut columns that a guess has left out
 */
export function* describeDoubts(
  frame: DataFrame,
  plan: ColumnPlan,
  y: Int32Array,
  classes: number,
  leftOut: readonly string[] = [],
): Steps<string[]> {
  const categories = [...plan.ordinal, ...plan.nominal]
  const isCategory = new Set(categories.map(({ column }) => column))
  const texts: string[] = []
  for (const { column: name, merge = {} } of categories) {
    const column = findColumn(frame, name)
    if (column?.kind !== 'text') continue
    yield
    const known = new Map(Object.entries(merge))
    const merged = mapTexts(column, (text) => known.get(text) ?? text)
    texts.push(...describeTexts(name, merged))
  }
  const label = findColumn(frame, plan.target)
  const target = [
    ...describeTarget(plan.target, label),
    ...(label?.kind === 'text' ? describeLongIntegers(plan.target, label) : []),
  ]
  const hasOrder = new Set(
    plan.ordinal.flatMap(({ column, categories }) => (categories ? [column] : [])),
  )
  const unread = describeUnread(
    frame,
    [...isCategory, ...leftOut].filter((name) => !hasOrder.has(name)),
  )
  const learned = withIndicators(frame, plan)
  const leaks = yield* describeLeaks(learned, plan, y, classes)
  const describeColumn = (name: string, column: Column): string[] => {
    if (y.length >= LEAST_ROWS_PER_CLASS * classes && tellsTarget(column, y, classes))
      return [
        `column ${quote(name)} tells the target: each of its values goes with one class and each class with one value; leave it out if it is not known when a prediction is due`,
      ]
    const leak = leaks.get(name)
    if (leak !== undefined) return [leak]
    if (isCategory.has(name) && holdsDates(column))
      return [
        `column ${quote(name)} holds dates such as ${quote(exampleOf(column))}; each is a category of its own, for they are not read as times; make numbers of them, such as days since a day`,
      ]
    return describeNames(name, column, isCategory.has(name))
  }
  const columns: string[] = []
  for (const name of plannedColumns(plan)) {
    const column = findColumn(learned, name)
    if (!column) continue
    yield
    columns.push(...describeColumn(name, column))
  }
  return [...target, ...texts, ...unread, ...columns]
}

/** Returns the table with what is learned of columns of which only counts whether they have a value. */
function withIndicators(frame: DataFrame, { indicator = [] }: ColumnPlan): DataFrame {
  if (indicator.length === 0) return frame
  const isIndicator = new Set(indicator.map(({ column }) => column))
  const { apply } = missingIndicator.build({ kind: 'missing_indicator' })
  return {
    ...frame,
    columns: frame.columns.map((column, at) =>
      isIndicator.has(frame.names[at] as string) ? (apply(column)[0] as Column) : column,
    ),
  }
}

/** So many pairs of texts that look alike are told of a column. */
const MOST_PAIRS = 3

/** Texts that are easily taken for each other, and whole numbers that are kept as texts. */
function describeTexts(name: string, column: TextColumn): string[] {
  const pairs = isBooleanColumn(column) ? [] : [...findSpellings(column)]
  const alike = pairs
    .slice(0, MOST_PAIRS)
    .map(
      ([text, main]) =>
        `column ${quote(name)} tells ${quote(main)} and ${quote(text)} apart, which look alike; write them in one way if they are one, or have it done by ${flagWith('--merge', name)}`,
    )
  return [...alike, ...describeLongIntegers(name, column)]
}

function describeLongIntegers(name: string, column: TextColumn): string[] {
  if (!holdsLongIntegers(column)) return []
  return [
    `column ${quote(name)} holds whole numbers beyond 2^53, such as ${quote(column.levels.find(isInexactInteger))}; they are kept as texts, for a 64-bit float does not hold them`,
  ]
}

/** Whether the column and the target map one to one; a missing cell counts as a value. */
function tellsTarget(column: Column, y: Int32Array, classes: number): boolean {
  const labelOf = new Map<string | number | null, number>()
  for (let row = 0; row < y.length; row++) {
    const cell = cellAt(column, row)
    const label = labelOf.get(cell)
    if (label === undefined) {
      if (labelOf.size === classes) return false
      labelOf.set(cell, y[row]!)
    } else if (label !== y[row]) return false
  }
  return new Set(labelOf.values()).size === classes
}

/** A value that nearly every row has for itself names the row and says nothing of the next one. */
function describeNames(name: string, column: Column, isCategory: boolean): string[] {
  if (column.kind === 'number' && !isCategory) {
    // Amounts differ in nearly every row, too: it takes more for a number to be a name.
    if (!isWhole(column) || !isNearlyUnique(column)) return []
    if (evidenceOfIdentifier(name, column) === undefined) return []
  } else {
    const rows = lengthOf(column)
    const present = rows - countMissing(column)
    if (present <= LEAST_ROWS || countDistinct(column) <= present / 2) return []
  }
  return [
    `column ${quote(name)} has a value of its own in nearly every row, as an identifier has; a model learns the rows by heart from it`,
  ]
}

const months = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
const datePatterns = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:.*)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})(?:[T ,]+\d{1,2}:.*)?$/,
  new RegExp(`^\\d{1,2}[-/. ]+(?:${months})[a-z]*[-/., ]+(?:\\d{2}|\\d{4})(?:[T ,]+\\d.*)?$`, 'i'),
  new RegExp(`^(?:${months})[a-z]* \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}(?:[T ,]+\\d.*)?$`, 'i'),
]
/** How many different texts are looked at. */
const DATE_SAMPLE = 20

/** Whether the first texts of a column are all written as dates, in whatever order of day, month and year. */
export function holdsDates(column: Column): boolean {
  if (column.kind === 'number' || column.levels.length === 0) return false
  return column.levels
    .slice(0, DATE_SAMPLE)
    .every((text) => datePatterns.some((pattern) => pattern.test(text)))
}

function exampleOf(column: Column): string {
  return column.kind === 'text' ? (column.levels[0] ?? '') : ''
}

/** The first lines of a training: what runs, on which data, with which plan. */
import { format } from 'd3-format'
import { countDistinct, countValues, type DataFrame, findColumn } from '../../data/frame.ts'
import { counted } from '../../errors.ts'
import { isBooleanColumn, spellBooleans } from '../../preprocess/booleans.ts'
import type { PlannedColumn } from '../../preprocess/infer-plan.ts'
import type { ColumnPlan } from '../../preprocess/plan.ts'
import type { PositiveClass } from '../../preprocess/positive-class.ts'
import type { FileSummary } from '../../tables/read-tables.ts'
import { VERSION } from '../../version.ts'
import { sizeOf } from '../output/file-size.ts'
import { fit, widthOf } from '../output/layout.ts'
import { printable } from '../terminal.ts'

/** Returns the first lines: what runs. */
export function describeStart(
  command: string,
  seed: number,
  notes: readonly string[] = [],
): string[] {
  return [
    `shapserve ${VERSION} · ${command} · seed ${seed}`,
    ...notes.map((note) => `note      ${note}`),
  ]
}

/** Returns a line per file: on which data, and how it is written where that is not as usual. */
export function describeFiles(files: readonly FileSummary[]): string[] {
  return files.map(({ name, rows, columns, bytes, notes }) => {
    const size = [counted(rows, 'row'), counted(columns, 'column'), sizeOf(bytes)].join(', ')
    return [`data      ${name}   ${size}`, ...notes].join(' · ')
  })
}

/** Returns the target's line: its classes with their shares. */
export function describeTarget({ target }: ColumnPlan, table: DataFrame): string {
  // Labels of truth values are classes of one spelling.
  const booleans = isBooleanColumn(findColumn(table, target)) ? [target] : []
  const column = findColumn(spellBooleans(table, booleans), target)
  const distinct = column ? countDistinct(column) : 0
  // What has so many values is no target; that will be said.
  if (distinct > 1000) return `target    ${target}   ${distinct} different values`
  const counts = column ? [...countValues(column)] : []
  const total = counts.reduce((sum, [, count]) => sum + count, 0)
  const shares = counts
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, 8)
    .map(([name, count]) => `${name} ${((100 * count) / total).toFixed(1)} %`)
  return `target    ${target}   ${counted(counts.length, 'class', 'classes')}: ${shares.join('  ')}${counts.length > 8 ? '  …' : ''}`
}

/** Returns the line of the positive class: which it is, why, and how to say otherwise. */
export function describePositive({ name, reason }: PositiveClass, isSetting: boolean): string {
  const change = isSetting ? 'the hyperparameter positive' : '--positive CLASS'
  return `positive  ${name}   ${reason}; score, precision, recall and F1 are of it  (${change} to change)`
}

/** Returns the line of what is fitted, and how to say otherwise. */
export function describeEstimator(
  { estimator, engine }: { readonly estimator: string; readonly engine: string },
  isSetting: boolean,
): string {
  const change = isSetting ? 'the hyperparameter estimator' : '--estimator'
  return `estimator ${estimator}   engine ${engine}  (${change} to change)`
}

/** Returns the line of the split, with the rows of channels, and how to say otherwise. */
export function describeSplit(
  { train, test }: { readonly train: number; readonly test: number },
  channels: ReadonlyMap<string, DataFrame>,
  isSetting: boolean,
): string {
  const measured = [...channels].map(([name, { length }]) => ` · ${length} ${name} channel`)
  const change = isSetting ? 'the hyperparameter test_size' : '--test-size'
  return `split     ${train} train · ${test} test${measured.join('')}  (${change} to change)`
}

/** Columns that are listed, of thousands the first. */
const MOST_COLUMNS = 20

/**
 * Returns the plan's lines: columns of one kind together, with the reason and the flag that changes it; of many columns
 * the first 20.
 */
export function describePlan(columns: readonly PlannedColumn[]): string[] {
  const more = columns.length - MOST_COLUMNS
  if (more > 1)
    return [
      ...describePlan(columns.slice(0, MOST_COLUMNS)),
      `          and ${format(',')(more)} more; shapserve inspect shows all of them`,
    ]
  const width = Math.min(
    28,
    Math.max(0, ...columns.map(({ column }) => widthOf(printable(column)))),
  )
  return columns.map(({ column, role, reason, override }, index) => {
    const head = index === 0 ? 'columns   ' : '          '
    const hint = override === undefined ? '' : `  (${override} to change)`
    return `${head}${fit(printable(column), Math.max(width, widthOf(printable(column))))}  ${role.padEnd(8)}  ${reason}${hint}`
  })
}

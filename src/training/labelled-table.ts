/** A training table made ready: its labels as class numbers, its rows parted into training and test. */
import { type Column, type DataFrame, findColumn } from '../data/frame.ts'
import { type Split, stratifiedSplit } from '../data/split.ts'
import { InputError, quote } from '../errors.ts'
import { booleanColumns, isBooleanColumn, spellBooleans } from '../preprocess/booleans.ts'
import { checkPlan } from '../preprocess/check-plan.ts'
import { encodeLabels, withLabels } from '../preprocess/labels.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import { checkReadable } from '../preprocess/readable.ts'
import { checkWeights } from '../preprocess/weights.ts'

/** Rows with a label, and which of them are for what. */
export interface LabelledTable {
  readonly frame: DataFrame
  /** Class number of every row. */
  readonly y: Int32Array
  readonly classes: readonly string[]
  /** Whether labels are written as numbers. */
  readonly numericClasses: boolean
  /** Columns of truth values, which other tables may spell differently; also the target's name where it is one. */
  readonly booleans: readonly string[]
  readonly split: Split
}

/**
 * Returns the table's labelled rows, split by class.
 * @param options.testSize share of the rows kept for testing, in [0, 1)
 * @throws InputError for a table, plan or test size that cannot be used
 */
export function labelTable(
  table: DataFrame,
  plan: ColumnPlan,
  options: {
    readonly testSize: number
    readonly seed: number
    readonly dropMissingLabel: boolean
    readonly warn: (message: string) => void
  },
): LabelledTable {
  const { testSize, seed, warn } = options
  if (!(testSize >= 0 && testSize < 1)) {
    throw new InputError(
      'invalid_parameter',
      `test_size is ${testSize}, expected a share from 0 to below 1`,
    )
  }
  checkRowCount(table)
  checkPlan(plan, table.names)
  checkReadable(plan, table)
  if (plan.weight !== undefined) checkWeights(table, plan.weight, plan.target)
  const booleans = [
    ...booleanColumns(plan),
    ...(isBooleanColumn(findColumn(table, plan.target)) ? [plan.target] : []),
  ]
  const labelled = withLabels(table, plan.target, options.dropMissingLabel, warn)
  const frame = spellBooleans(labelled, booleans)
  const labels = encodeLabels(findColumn(frame, plan.target) as Column, plan)
  labels.counts.forEach((count, label) => {
    if (count === 1)
      warn(`class ${quote(labels.classes[label])} has a single row; it is used for training only`)
  })
  const split = stratifiedSplit(labels.y, labels.classes.length, testSize, seed)
  if (split.train.length < 2)
    throw new InputError('too_few_rows', `${frame.length} rows are too few to train on`)
  return {
    frame,
    y: labels.y,
    classes: labels.classes,
    numericClasses: labels.numeric,
    booleans,
    split,
  }
}

/**
 * Throws unless a table has rows for two classes.
 * @throws InputError `empty_data` or `too_few_rows`
 */
export function checkRowCount(table: DataFrame): void {
  if (table.length === 0) throw new InputError('empty_data', 'the training table has no rows')
  if (table.length < 2) {
    throw new InputError(
      'too_few_rows',
      'the training table has 1 row; two classes need at least two',
    )
  }
}

/** The target column as class numbers. */

import { truthOf } from '../data/cell.ts'
import {
  type Column,
  cellAt,
  countDistinct,
  countValues,
  type DataFrame,
  findColumn,
  lengthOf,
  takeRows,
} from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import type { ColumnPlan } from './plan.ts'

/** Returns the rows that have a label. */
export function withLabels(
  table: DataFrame,
  target: string,
  dropMissing: boolean,
  warn: (message: string) => void,
): DataFrame {
  const column = findColumn(table, target) as Column
  const rows = Int32Array.from({ length: table.length }, (_, row) => row)
  const labelled = rows.filter((row) => cellAt(column, row) !== null)
  const missing = table.length - labelled.length
  if (missing === 0) return table
  if (!dropMissing) {
    const first = rows.find((row) => cellAt(column, row) === null) as number
    throw new InputError(
      'invalid_label',
      `the target ${quote(target)} holds no label (it is empty, NA or the like) in ${missing} of ${table.length} rows, first in row ${first + 1}; --drop-missing-label leaves them out`,
      [{ row: first + 1, column: target }],
    )
  }
  if (labelled.length === 0)
    throw new InputError(
      'empty_data',
      `the target ${quote(target)} holds no label (it is empty, NA or the like) in every row`,
    )
  warn(`${missing} rows without a label are left out`)
  return takeRows(table, labelled)
}

/** Most classes that a target may have; more than this is a number or a name, not a class. */
export const MAX_CLASSES = 100

/**
 * Returns the classes of a target, in order with the positive one of two last, and the class number of every row.
 * @throws InputError `invalid_label` for more classes than there may be, `one_class` for fewer than two
 */
export function encodeLabels(column: Column, plan: ColumnPlan) {
  const distinct = countDistinct(column)
  if (distinct > MAX_CLASSES) {
    throw new InputError(
      'invalid_label',
      `the target ${quote(plan.target)} has ${distinct} different values; at most ${MAX_CLASSES} can be classes; group them`,
    )
  }
  const counts = countValues(column)
  const values = [...counts.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (values.length < 2) {
    throw new InputError(
      'one_class',
      `the target ${quote(plan.target)} has one class, ${quote(String(values[0]))}; two are needed`,
    )
  }
  const positive = plan.positiveClass
  if (positive !== undefined) {
    const truth = truthOf(positive)
    const at = values.findIndex((value) => {
      const name = String(value)
      // A class of truth values may be named in any spelling.
      return name === positive || (truth !== undefined && name === truth)
    })
    if (at < 0)
      throw new InputError(
        'invalid_plan',
        `the positive class ${quote(positive)} is not in the target ${quote(plan.target)}`,
      )
    if (values.length === 2) values.push(...values.splice(at, 1))
  }
  const codeOf = new Map(values.map((value, code) => [value, code]))
  const length = lengthOf(column)
  return {
    classes: values.map(String),
    numeric: column.kind === 'number',
    counts: values.map((value) => counts.get(value) as number),
    y: Int32Array.from(
      { length },
      (_, row) => codeOf.get(cellAt(column, row) as string | number) as number,
    ),
  }
}

/** Columns whose texts were too many to keep cannot be learned from. */
import { type DataFrame, findColumn } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import { type ColumnPlan, plannedColumns } from './plan.ts'

/**
 * Throws if the plan needs a column that was not kept.
 * @throws InputError `invalid_plan` naming the column and why
 */
export function checkReadable(plan: ColumnPlan, table: DataFrame): void {
  const weight = plan.weight === undefined ? [] : [plan.weight]
  const needed = [
    plan.target,
    ...weight,
    ...plannedColumns(plan),
    ...plan.derived.map((d) => d.from),
  ]
  for (const name of needed) {
    const column = findColumn(table, name)
    if (column?.kind !== 'text' || column.unread === undefined) continue
    throw new InputError(
      'invalid_plan',
      `column ${quote(name)} cannot be used: ${column.unread}; drop it, or make fewer values of it`,
      [{ column: name }],
    )
  }
}

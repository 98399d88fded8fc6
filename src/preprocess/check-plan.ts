/** Whether a plan fits a table. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { type ColumnPlan, plannedColumns } from './plan.ts'

/**
 * Throws unless the plan fits a table with these columns: everything named exists, nothing has two roles.
 * @throws InputError `unknown_column`, `no_target` or `invalid_plan`
 */
export function checkPlan(plan: ColumnPlan, names: readonly string[]): void {
  if (!names.includes(plan.target)) {
    throw new InputError(
      'no_target',
      `there is no target column ${quote(plan.target)} among ${listNames(names)}${didYouMean(plan.target, names)}`,
      [{ column: plan.target }],
    )
  }
  const given = new Set(names)
  const known = new Set(names)
  for (const { column, from } of plan.derived) {
    if (!given.has(from)) throw unknownColumn(from, names)
    if (known.has(column))
      throw new InputError(
        'invalid_plan',
        `the derived column ${quote(column)} has the name of another`,
      )
    known.add(column)
  }
  const role = new Map([[plan.target, 'target']])
  const give = (column: string, name: string) => {
    if (!known.has(column)) throw unknownColumn(column, known)
    const other = role.get(column)
    if (other)
      throw new InputError('invalid_plan', `column ${quote(column)} is both ${other} and ${name}`, [
        { column },
      ])
    role.set(column, name)
  }
  if (plan.weight !== undefined) give(plan.weight, 'weight')
  for (const column of plan.id) give(column, 'id')
  for (const { column } of plan.numeric) give(column, 'numeric')
  for (const { column } of plan.ordinal) give(column, 'ordinal')
  for (const { column } of plan.nominal) give(column, 'nominal')
  for (const { column } of plan.indicator ?? []) give(column, 'indicator')
  for (const { column } of plan.dropped) give(column, 'dropped')
  for (const column of plan.nullable) if (!known.has(column)) throw unknownColumn(column, known)
  for (const { from } of plan.derived) {
    const what = from === plan.target ? 'target' : from === plan.weight ? 'weight' : undefined
    if (what !== undefined)
      throw new InputError(
        'invalid_plan',
        `a derived column may not be made from the ${what} ${quote(from)}`,
      )
  }
  for (const { column } of plan.written ?? []) {
    if (!given.has(column)) throw unknownColumn(column, names)
    if (column === plan.target || column === plan.weight)
      throw new InputError(
        'invalid_plan',
        `the target and the weight are read as they are, not ${quote(column)} as written`,
      )
  }
  if (plannedColumns(plan).length === 0)
    throw new InputError('invalid_plan', 'no column is left to learn from')
}

function unknownColumn(column: string, names: Iterable<string>): InputError {
  return new InputError(
    'unknown_column',
    `the table has no column ${quote(column)}${didYouMean(column, names)}`,
    [{ column }],
  )
}

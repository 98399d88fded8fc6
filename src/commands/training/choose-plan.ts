/** Which column is predicted from which others. */
import { isIndexName } from '../../data/csv.ts'
import { type DataFrame, findColumn } from '../../data/frame.ts'
import { normalText } from '../../data/text.ts'
import { InputError, listNames, quote, shellWord } from '../../errors.ts'
import type { PlannedColumn, Role } from '../../preprocess/infer-plan.ts'
import type { ColumnPlan } from '../../preprocess/plan.ts'
import { checkIsNoQuantity } from '../../preprocess/quantity.ts'
import { planWritten } from '../../preprocess/written/plan-written.ts'
import { nothingSaid } from '../../preprocess/written/recognise.ts'
import type { ReadTable } from '../../tables/read-tables.ts'
import { checkRowCount } from '../../training/labelled-table.ts'
import type { TrainRequest } from './train-request.ts'

/**
 * Returns the plan that was given, or one that is inferred, with a reason for every column.
 * @param acceptsMissing whether the estimator takes missing numbers as they are
 * @throws InputError `no_target`, or when the plan does not fit the request or the table
 */
export function choosePlan(
  request: TrainRequest,
  { table, isNamed }: ReadTable,
  acceptsMissing: boolean,
): { plan: ColumnPlan; columns?: readonly PlannedColumn[] } {
  if (request.plan) {
    if (request.target !== undefined && request.target !== request.plan.target) {
      throw new InputError(
        'invalid_plan',
        `the plan's target is ${quote(request.plan.target)}, --target says ${quote(request.target)}`,
      )
    }
    return { plan: withUnplanned(withWeight(request.plan, request.weight), table) }
  }
  const asked = request.target === undefined ? undefined : normalText(request.target)
  const target = asked ?? labelOf(request, table)
  if (target === undefined) {
    const how = request.sageMaker ? 'set the hyperparameter target to' : '--target'
    throw new InputError(
      'no_target',
      `which column is the target? ${how} one of ${listNames(table.names)}`,
    )
  }
  checkRowCount(table)
  const weight = request.weight === undefined ? undefined : normalText(request.weight)
  const given = new Map([...request.roles].map(([name, role]) => [normalText(name), role]))
  const roles = isNamed ? given : allNumeric(table, target, weight)
  const said = request.written ?? nothingSaid
  // Classes are the only thing that a target can be; to say so is to know better than its looks.
  if (roles.get(target) === 'nominal') roles.delete(target)
  else
    checkIsNoQuantity(
      table,
      target,
      request.sageMaker ? undefined : `add --nominal ${shellWord(target)}`,
    )
  return planWritten(table, target, roles, said, acceptsMissing, weight)
}

/** SageMaker's CSV has the label first, with or without a header; JSON's keys have no order to go by. */
function labelOf(request: TrainRequest, table: DataFrame): string | undefined {
  if (!request.sageMaker) return undefined
  if (request.header === 'present') return table.names.find((name, at) => !isIndexName(name, at))
  return table.names.find((name) => name === 'label')
}

/** Without names there are no identifiers to see: every number is a feature, as SageMaker's algorithms take it. */
function allNumeric(
  table: DataFrame,
  target: string,
  weight: string | undefined,
): Map<string, Role> {
  const numbers = table.names.filter(
    (name) => name !== target && name !== weight && findColumn(table, name)?.kind === 'number',
  )
  return new Map(numbers.map((name) => [name, 'numeric']))
}

/** The weight may be named beside a plan, as the target may. */
function withWeight(plan: ColumnPlan, weight: string | undefined): ColumnPlan {
  if (weight === undefined) return plan
  if (plan.weight === undefined || plan.weight === weight) return { ...plan, weight }
  throw new InputError(
    'invalid_plan',
    `the plan's weight is ${quote(plan.weight)}, --weight says ${quote(weight)}`,
  )
}

/** Columns that a plan does not mention are recorded as dropped. */
function withUnplanned(plan: ColumnPlan, table: DataFrame): ColumnPlan {
  const mentioned = new Set([
    plan.target,
    ...(plan.weight === undefined ? [] : [plan.weight]),
    ...plan.id,
    ...[...plan.numeric, ...plan.ordinal, ...plan.nominal, ...plan.dropped].map(
      ({ column }) => column,
    ),
    ...plan.derived.map(({ from }) => from),
  ])
  const rest = table.names
    .filter((name) => !mentioned.has(name))
    .map((column) => ({ column, reason: 'not in the plan' }))
  return { ...plan, dropped: [...plan.dropped, ...rest] }
}

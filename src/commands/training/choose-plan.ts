/** Which column is predicted from which others. */
import { isIndexName } from '../../data/csv.ts'
import { type DataFrame, findColumn } from '../../data/frame.ts'
import type { Steps } from '../../data/steps.ts'
import { normalText } from '../../data/text.ts'
import { flagWith, InputError, listNames, quote } from '../../errors.ts'
import type { Role } from '../../preprocess/guess-role.ts'
import type { InferredPlan } from '../../preprocess/infer-plan.ts'
import { type ColumnPlan, plannedColumns } from '../../preprocess/plan.ts'
import { checkIsNoQuantity } from '../../preprocess/quantity.ts'
import { planWritten } from '../../preprocess/written/plan-written.ts'
import { nothingSaid } from '../../preprocess/written/recognise.ts'
import type { ReadTable } from '../../tables/read-tables.ts'
import { checkRowCount } from '../../training/labelled-table.ts'
import type { TrainRequest } from './train-request.ts'

/** A plan, and where it was inferred what it was made from. */
export type ChosenPlan = Pick<InferredPlan, 'plan'> & Partial<InferredPlan>

/**
 * Returns, column by column, the plan that was given, or one that is inferred, with a reason for every column.
 * @param acceptsMissing whether the estimator takes missing numbers as they are
 * @throws InputError `no_target`, or when the plan does not fit the request or the table
 */
export function* choosePlan(
  request: TrainRequest,
  { table, isNamed }: ReadTable,
  acceptsMissing: boolean,
): Steps<ChosenPlan> {
  if (request.plan) {
    if (request.target !== undefined && request.target !== request.plan.target) {
      throw new InputError(
        'invalid_plan',
        `the plan's target is ${quote(request.plan.target)}, --target says ${quote(request.target)}`,
      )
    }
    const plan = withPositive(withWeight(request.plan, request.weight), request.positive)
    return { plan: withUnplanned(plan, table) }
  }
  const target = targetOf(request, table)
  checkRowCount(table)
  const weight = request.weight === undefined ? undefined : normalText(request.weight)
  const { given, orders } = readRoles(request.roles, table.names)
  const roles = isNamed ? given : new Map([...allNumeric(table, target, weight), ...given])
  // Classes are the only thing that a target can be; to say so is to know better than its looks.
  if (roles.get(target) === 'nominal') roles.delete(target)
  else checkIsNoQuantity(table, target, `add ${flagWith('--nominal', target)}`, '--bins 4')
  const positive = request.positive === undefined ? undefined : normalText(request.positive)
  const merge = request.merge?.map(normalText)
  const told = { orders, positive, merge }
  const said = request.written ?? nothingSaid
  return yield* planWritten(table, target, roles, said, acceptsMissing, weight, told)
}

/** Parts what was said of columns into their roles and the orders written behind a name and `=`. */
function readRoles(told: ReadonlyMap<string, Role>, names: readonly string[]) {
  const given = new Map<string, Role>()
  const orders = new Map<string, readonly string[]>()
  for (const [text, role] of told) {
    const name = normalText(text)
    const at = name.indexOf('=')
    const isOrder = role === 'ordinal' && at > 0 && !names.includes(name)
    const column = isOrder ? name.slice(0, at).trim() : name
    if (given.has(column))
      throw new InputError(
        'invalid_parameter',
        `the column ${quote(column)} is given twice, with different meanings; leave one of them out`,
        [{ column }],
      )
    given.set(column, role)
    if (!isOrder) continue
    const order = name
      .slice(at + 1)
      .split(',')
      .map((category) => category.trim())
    if (order.length < 2 || order.includes('') || new Set(order).size < order.length)
      throw new InputError(
        'invalid_parameter',
        `${flagWith('--ordinal', text)}: an order is different categories with commas between them, the least first; others, with commas in them, can be written in a plan`,
        [{ column }],
      )
    orders.set(column, order)
  }
  return { given, orders }
}

/**
 * Returns the name of the target.
 * @throws InputError `no_target` where nothing says which it is
 */
export function targetOf(request: TrainRequest, table: DataFrame): string {
  if (request.plan) return request.plan.target
  const asked = request.target === undefined ? undefined : normalText(request.target)
  const target = asked ?? labelOf(request, table)
  if (target === undefined) {
    const how = request.sageMaker ? 'set the hyperparameter target to' : '--target'
    throw new InputError(
      'no_target',
      `which column is the target? ${how} one of ${listNames(table.names)}`,
    )
  }
  return target
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

/** The positive class, too. */
function withPositive(plan: ColumnPlan, given: string | undefined): ColumnPlan {
  if (given === undefined) return plan
  const positiveClass = normalText(given)
  if (plan.positiveClass === undefined || plan.positiveClass === positiveClass)
    return { ...plan, positiveClass }
  throw new InputError(
    'invalid_plan',
    `the plan's positive class is ${quote(plan.positiveClass)}, --positive says ${quote(positiveClass)}`,
  )
}

/** Columns that a plan does not mention are recorded as dropped. */
function withUnplanned(plan: ColumnPlan, table: DataFrame): ColumnPlan {
  const mentioned = new Set([
    plan.target,
    ...(plan.weight === undefined ? [] : [plan.weight]),
    ...plan.id,
    ...plannedColumns(plan),
    ...plan.dropped.map(({ column }) => column),
    ...plan.derived.map(({ from }) => from),
  ])
  const rest = table.names
    .filter((name) => !mentioned.has(name))
    .map((column) => ({ column, reason: 'not in the plan' }))
  return { ...plan, dropped: [...plan.dropped, ...rest] }
}

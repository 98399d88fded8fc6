/** Plans a table whose values are written as people write them: their columns are read first, dates made into numbers. */
import type { DatePart } from '../../data/date-text.ts'
import { type Column, columnAt, type DataFrame, findColumn } from '../../data/frame.ts'
import type { Steps } from '../../data/steps.ts'
import { flagWith, InputError, quote } from '../../errors.ts'
import { buildDatePart } from '../date-part.ts'
import type { DateColumn } from '../derived-column.ts'
import {
  type InferredPlan,
  inferPlan,
  type PlannedColumn,
  type RoleOverrides,
  type Told,
} from '../infer-plan.ts'
import { applyWrittenSteps } from './apply-written.ts'
import { describeWritten } from './describe-written.ts'
import { recogniseWritten, type WrittenSettings } from './recognise.ts'

const PARTS: readonly DatePart[] = ['days', 'year', 'month', 'day_of_week', 'hour']
const ROUND: readonly DatePart[] = ['month', 'day_of_week', 'hour']

/**
 * Returns a plan for the table as it was read, and a reason for each of its columns.
 * @param acceptsMissing whether the estimator takes missing numbers as they are
 * @throws InputError as {@link inferPlan} and {@link recogniseWritten} do
 */
export function* planWritten(
  table: DataFrame,
  target: string,
  roles: RoleOverrides,
  said: WrittenSettings,
  acceptsMissing = false,
  weight?: string,
  told?: Told,
): Steps<InferredPlan> {
  const keep = new Set([target, ...(weight === undefined ? [] : [weight])])
  const written = yield* recogniseWritten(table, keep, roles, said)
  if (written.length === 0)
    return yield* inferPlan(table, target, roles, acceptsMissing, weight, told)
  const read = yield* applyWrittenSteps(table, written)
  // Of dates that are categories, or of which only counts whether they are there, no numbers are made.
  const dates = written.filter(
    ({ column, date }) => date !== undefined && (roles.get(column) ?? 'numeric') === 'numeric',
  )
  const isDate = new Set(dates.map(({ column }) => column))
  for (const column of told?.merge ?? [])
    if (isDate.has(column))
      throw new InputError(
        'invalid_plan',
        `column ${quote(column)} holds dates, which are read as numbers, so nothing can be merged in it`,
        [{ column }],
      )
  const derived = dates.flatMap(({ column }) => derive(read, column, said.cyclic.has(column)))
  const { plan, columns, positive } = yield* inferPlan(
    withParts(read, isDate, derived),
    target,
    new Map([
      ...[...roles].filter(([column]) => !isDate.has(column)),
      ...derived.map(({ column }) => [column, 'numeric'] as const),
    ]),
    acceptsMissing,
    weight,
    told,
  )
  const isPart = new Set(derived.map(({ column }) => column))
  const used = new Set(plan.numeric.map(({ column }) => column))
  const kept = derived.filter(({ column }) => used.has(column))
  const describe = new Map(written.map((entry) => [entry.column, describeWritten(entry)]))
  const plannedAs = new Map(columns.map((entry) => [entry.column, entry]))
  const partsOf = new Map<string, DateColumn[]>()
  for (const part of kept) partsOf.set(part.from, [...(partsOf.get(part.from) ?? []), part])
  const planned = table.names.flatMap((name): PlannedColumn[] => {
    const own = plannedAs.get(name)
    const note = describe.get(name)
    if (own) return [note === undefined ? own : withNote(own, note)]
    const parts = partsOf.get(name) ?? []
    const override = flagWith('--nominal', name)
    if (parts.length > 0)
      return [
        {
          column: name,
          role: 'numeric',
          reason: `${note}; makes ${parts.map(({ part }) => part).join(', ')}`,
          override,
        },
      ]
    if (!isDate.has(name)) return []
    return [{ column: name, role: 'drop', reason: 'dates that are all the same' }]
  })
  const dropped = planned.filter(({ column, role }) => role === 'drop' && isDate.has(column))
  const isLeftOut = new Set(
    planned.flatMap(({ column, role }) => (role === 'drop' || role === 'id' ? [column] : [])),
  )
  const needed = written.filter(({ column }) => !isLeftOut.has(column))
  return {
    plan: {
      ...plan,
      derived: [...plan.derived, ...kept],
      dropped: [
        ...plan.dropped.filter(({ column }) => !isPart.has(column)),
        ...dropped.map(({ column, reason }) => ({ column, reason })),
      ],
      ...(needed.length === 0 ? {} : { written: needed }),
    },
    columns: planned,
    positive,
  }
}

function withNote(own: PlannedColumn, note: string): PlannedColumn {
  // What a reason says first is what the column is.
  const override = own.override?.startsWith('--numeric')
    ? own.override
    : flagWith('--nominal', own.column)
  const { why = own.reason } = own
  return { ...own, reason: `${own.reason}; ${note}`, why: `${why}; ${note}`, override }
}

/** Returns the parts of a column's dates, with names that no other column has; hours where some day has one. */
function derive(frame: DataFrame, from: string, isCyclic: boolean): DateColumn[] {
  const column = findColumn(frame, from)
  const hasTime = column?.kind === 'text' && column.levels.some((text) => text.length > 10)
  // The day of a month alone says nothing of weekdays.
  const isMonthly = column?.kind === 'text' && column.levels.every((text) => text.endsWith('-01'))
  const parts = PARTS.filter(
    (part) => (part !== 'hour' || hasTime) && (part !== 'day_of_week' || !isMonthly),
  )
  const round = isCyclic
    ? parts
        .filter((part) => ROUND.includes(part))
        .flatMap((part) => [`${part}_sin` as DatePart, `${part}_cos` as DatePart])
    : []
  return [...parts, ...round].map((part) => {
    let name = `${from}.${part}`
    while (columnAt(frame, name) >= 0) name += '_'
    return { kind: 'date', column: name, from, part }
  })
}

/** Returns the table with the parts of dates in the place of the dates. */
function withParts(
  frame: DataFrame,
  isDate: ReadonlySet<string>,
  derived: readonly DateColumn[],
): DataFrame {
  const { names, columns, length } = frame
  const kept = names.flatMap((name, at) => (isDate.has(name) ? [] : [at]))
  const made = derived.map((part) =>
    buildDatePart(part).column(findColumn(frame, part.from) as Column),
  )
  return {
    names: [...kept.map((at) => names[at] as string), ...derived.map(({ column }) => column)],
    columns: [...kept.map((at) => columns[at] as Column), ...made],
    length,
  }
}

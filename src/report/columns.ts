/** The plan in a report: what every column was taken for, why, and what is done with it. */
import type { Artifact } from '../artifact/artifact.ts'
import { columnLabel, withOwn } from '../data/readable.ts'
import type { Role } from '../preprocess/guess-role.ts'
import { type Content, paragraph, table, tag } from './html.ts'

/** Columns that are listed, of thousands the first. */
const MOST_COLUMNS = 500

const roleNames: Readonly<Record<Role, string>> = {
  numeric: 'number',
  ordinal: 'ordinal',
  nominal: 'nominal',
  indicator: 'has a value or not',
  id: 'identifier',
  drop: 'dropped',
}

/** What is known of one column. */
interface PlanRow {
  readonly column: string
  readonly kind: string
  readonly why: string
  readonly done: string
}

/** Returns the plan with a row per column of the training table; reasons where the model has them. */
export function describePlan(artifact: Artifact): Content[] {
  const rows = listColumns(artifact)
  const hasReasons = rows.some(({ why }) => why !== '')
  const shown = rows.slice(0, MOST_COLUMNS)
  const { labels } = artifact
  return [
    tag('h3', '', hasReasons ? 'Every column, and why' : 'Every column'),
    table(
      ['column', 'taken for', ...(hasReasons ? ['why'] : []), 'what is done with it'],
      shown.map(({ column, kind, why, done }) => [
        withOwn(columnLabel(labels, column), column),
        kind,
        ...(hasReasons ? [why] : []),
        done,
      ]),
    ),
    ...(rows.length > shown.length ? [paragraph(`and ${rows.length - shown.length} more.`)] : []),
  ]
}

/** In the order of the training table where that is known, otherwise those that are used first. */
function listColumns({ plan, columns = [], preprocessor, labels }: Artifact): PlanRow[] {
  const known = new Map(columns.map((own) => [own.column, own]))
  const roles = new Map<string, Role>()
  const give = (role: Role, named: readonly { readonly column: string }[] = []) => {
    for (const { column } of named) if (!roles.has(column)) roles.set(column, role)
  }
  // What a fit has left out stands in the plan twice.
  give('drop', plan.dropped)
  give('numeric', plan.numeric)
  give('ordinal', plan.ordinal)
  give('nominal', plan.nominal)
  give('indicator', plan.indicator)
  for (const column of plan.id) roles.set(column, 'id')
  const dropped = new Map(plan.dropped.map(({ column, reason }) => [column, reason]))
  const chains = new Map(preprocessor.steps.map(({ column, chain }) => [column, chain]))
  const made = new Map<string, string[]>()
  for (const { column, from } of preprocessor.derived)
    if (chains.has(column)) made.set(from, [...(made.get(from) ?? []), columnLabel(labels, column)])
  const order = [
    ...known.keys(),
    ...preprocessor.inputs.map(({ name }) => name),
    ...plan.id,
    ...dropped.keys(),
  ]
  const isDerived = new Set(plan.derived.map(({ column }) => column))
  const rows = [...new Set(order)]
    .filter((column) => !isDerived.has(column))
    .map((column): PlanRow => {
      const own = known.get(column)
      const role = dropped.has(column) ? 'drop' : (own?.role ?? roles.get(column))
      const why = new Set([own?.reason ?? '', dropped.get(column) ?? ''])
      const ways = [
        ...(chains.has(column) ? [describeChain(chains.get(column)!)] : []),
        ...(made.has(column) ? [`makes ${made.get(column)!.join(', ')}`] : []),
      ]
      return {
        column,
        kind: role !== undefined ? roleNames[role] : made.has(column) ? 'source of others' : '',
        why: [...why].filter((reason) => reason !== '').join('; '),
        done: ways.join('; ') || 'not used',
      }
    })
  if (plan.weight === undefined) return rows
  const weight = { column: plan.weight, kind: 'weight', why: '', done: 'how much a row counts' }
  return [...rows, weight]
}

/** Returns the transformers of a column, one after the other. */
export function describeChain(chain: readonly { readonly kind: string }[]): string {
  return chain.map(({ kind }) => kind.replaceAll('_', ' ')).join(' → ') || 'as it is'
}

/** Guesses a column plan from a table, with a reason for every column. */
import { isIndexName } from '../data/csv.ts'
import {
  type Column,
  countDistinct,
  countMissing,
  type DataFrame,
  findColumn,
} from '../data/frame.ts'
import { didYouMean, InputError, listNames, quote, shellWord } from '../errors.ts'
import { isBooleanColumn } from './booleans.ts'
import { type Guess, guessRole, MAX_CATEGORIES, type Role } from './guess-role.ts'
import { notNumeric } from './long-integers.ts'
import type { ColumnPlan } from './plan.ts'

/** What pandas calls the index of a table in Parquet. */
const INDEX_LEVEL = '__index_level_0__'
const INDEX: Guess = { role: 'drop', reason: 'the index that pandas writes beside a table' }

/** What a user said about columns on the command line; wins over what the data look like. */
export type RoleOverrides = ReadonlyMap<string, Role>

/** One column's part in a plan, and why. */
export interface PlannedColumn {
  readonly column: string
  readonly role: Role
  readonly reason: string
  /** The flag that would change it, such as `--numeric Pclass`; a column without information stays out. */
  readonly override?: string
}

/**
 * Returns a plan for predicting `target` from the table's other columns, and a reason for each of them.
 * @param acceptsMissing whether the estimator takes missing numbers as they are
 * @param weight the column that says how much a row counts, which is no feature
 * @throws InputError `no_target`, `unknown_column`, or `invalid_plan` when no column is left
 */
export function inferPlan(
  frame: DataFrame,
  target: string,
  overrides: RoleOverrides = new Map(),
  acceptsMissing = false,
  weight?: string,
): { plan: ColumnPlan; columns: PlannedColumn[] } {
  if (!frame.names.includes(target)) {
    throw new InputError(
      'no_target',
      `there is no target column ${quote(target)} among ${listNames(frame.names)}${didYouMean(target, frame.names)}`,
      [{ column: target }],
    )
  }
  for (const column of [...overrides.keys(), ...(weight === undefined ? [] : [weight])]) {
    if (!frame.names.includes(column)) {
      throw new InputError(
        'unknown_column',
        `the table has no column ${quote(column)}${didYouMean(column, frame.names)}`,
        [{ column }],
      )
    }
    if (column === target || (column === weight && overrides.has(column)))
      throw new InputError(
        'invalid_plan',
        `column ${quote(column)} is the ${column === target ? 'target' : 'weight'} and cannot be anything else`,
      )
  }
  const columns = frame.names.flatMap((name, at) => {
    if (name === target || name === weight) return []
    const isIndex = name === INDEX_LEVEL || isIndexName(name, at)
    const column = frame.columns[at] as Column
    return [planColumn(name, column, frame.length, overrides.get(name), acceptsMissing, isIndex)]
  })
  const withRole = (role: Role) => columns.filter((entry) => entry.role === role)
  // By name, so that the order of the table's columns does not show in the model.
  const features = (role: Role) => withRole(role).sort((a, b) => (a.column < b.column ? -1 : 1))
  const plan: ColumnPlan = {
    target,
    ...(weight === undefined ? {} : { weight }),
    id: withRole('id').map(({ column }) => column),
    numeric: features('numeric').map(({ column }) => ({ column })),
    ordinal: features('ordinal').map(({ column }) => ({ column, impute: 'most_frequent' })),
    nominal: features('nominal').map(({ column }) => {
      const values = findColumn(frame, column) as Column
      return {
        column,
        impute: 'own_level',
        minFrequency: countDistinct(values) > MAX_CATEGORIES ? 10 : 1,
        // Whoever asks for categories by name means the texts as they are.
        ...(isBooleanColumn(values) ? { boolean: overrides.get(column) !== 'nominal' } : {}),
      }
    }),
    derived: [],
    dropped: withRole('drop').map(({ column, reason }) => ({ column, reason })),
    nullable: [],
  }
  if (columns.every(({ role }) => role === 'id' || role === 'drop')) {
    const why = columns.map(({ column, reason }) => `${quote(column)}: ${reason}`).join('; ')
    throw new InputError('invalid_plan', `no column is left to learn from (${why})`)
  }
  return { plan, columns }
}

function planColumn(
  column: string,
  values: Column,
  rows: number,
  asked: Role | undefined,
  acceptsMissing: boolean,
  isIndexOfPandas: boolean,
): PlannedColumn {
  const guess = isIndexOfPandas ? INDEX : guessRole(values, rows)
  // A column without information stays out even when it is asked for: there is nothing to fit.
  const role = asked && guess.useless !== true ? asked : guess.role
  if (role === 'numeric' && values.kind === 'text') throw notNumeric(column, values.levels)
  const missing = countMissing(values)
  const filled =
    missing === 0 || guess.useless === true ? '' : fillText(role, missing, rows, acceptsMissing)
  const reason = role === guess.role ? guess.reason : 'as asked'
  return {
    column,
    role,
    reason: `${reason}${filled}`,
    override:
      guess.useless === true
        ? undefined
        : `--${isBooleanColumn(values) ? 'nominal' : suggestRole(role, values)} ${shellWord(column)}`,
  }
}

function fillText(role: Role, missing: number, rows: number, acceptsMissing: boolean): string {
  if (role === 'id' || role === 'drop') return ''
  if (role === 'numeric' && acceptsMissing) return `; ${missing} missing of ${rows} stay missing`
  const how = role === 'numeric' ? 'median' : role === 'ordinal' ? 'most frequent' : 'own level'
  return `; ${how} for ${missing} missing of ${rows}`
}

function suggestRole(role: Role, values: Column): Role {
  if (role === 'drop' || role === 'id') return values.kind === 'number' ? 'numeric' : 'nominal'
  if (role === 'numeric') return 'nominal'
  return values.kind === 'number' ? 'numeric' : 'ordinal'
}

/** Guesses a column plan from a table, with a reason for every column. */
import { isIndexName } from '../data/csv.ts'
import {
  type Column,
  columnAt,
  countDistinct,
  countMissing,
  type DataFrame,
  findColumn,
  mapTexts,
  type TextColumn,
  usedLevels,
} from '../data/frame.ts'
import type { Steps } from '../data/steps.ts'
import { didYouMean, flagWith, InputError, listNames, quote } from '../errors.ts'
import { isBooleanColumn } from './booleans.ts'
import { type Guess, guessRole, MAX_CATEGORIES, type Role } from './guess-role.ts'
import { orderByMeaning } from './known-orders.ts'
import { notNumeric } from './long-integers.ts'
import { missingTellsTarget } from './one-column.ts'
import { sortedCategories } from './ordinal-encoder.ts'
import type { ColumnPlan } from './plan.ts'
import { choosePositive, type PositiveClass } from './positive-class.ts'
import { findSpellings } from './spellings.ts'

/** What pandas calls the index of a table in Parquet. */
const INDEX_LEVEL = '__index_level_0__'
export const INDEX: Guess = { role: 'drop', reason: 'the index that pandas writes beside a table' }

/** What a user said about columns on the command line; wins over what the data look like. */
export type RoleOverrides = ReadonlyMap<string, Role>

/** One column's part in a plan, and why. */
export interface PlannedColumn {
  readonly column: string
  readonly role: Role
  readonly reason: string
  /** The reason without the order of its categories and what is merged, which the plan has; absent = the same. */
  readonly why?: string
  /** Of an ordinal column: its categories in order, where they are not ascending. */
  readonly order?: readonly (string | number)[]
  /** Texts of it that are taken for another. */
  readonly merge?: ReadonlyMap<string, string>
  /** The flag that would change it, such as `--numeric Pclass`; a column without information stays out. */
  readonly override?: string
}

/** What else a user may say of a table on the command line. */
export interface Told {
  /** Orders of ordinal columns. */
  readonly orders?: ReadonlyMap<string, readonly string[]>
  /** Which of two classes is the positive one. */
  readonly positive?: string
  /** Columns whose spellings of one category are taken for one. */
  readonly merge?: readonly string[]
}

/** A plan, with what it was made from. */
export interface InferredPlan {
  readonly plan: ColumnPlan
  readonly columns: readonly PlannedColumn[]
  /** Of a target of two classes. */
  readonly positive?: PositiveClass
}

/**
 * Returns a plan for predicting `target` from the table's other columns, and a reason for each of them.
 * @param acceptsMissing whether the estimator takes missing numbers as they are
 * @param weight the column that says how much a row counts, which is no feature
 * @throws InputError `no_target`, `unknown_column`, or `invalid_plan` when no column is left
 */
export function* inferPlan(
  frame: DataFrame,
  target: string,
  overrides: RoleOverrides = new Map(),
  acceptsMissing = false,
  weight?: string,
  told: Told = {},
): Steps<InferredPlan> {
  if (!frame.names.includes(target)) {
    throw new InputError(
      'no_target',
      `there is no target column ${quote(target)} among ${listNames(frame.names)}${didYouMean(target, frame.names)}`,
      [{ column: target }],
    )
  }
  const merge = new Set(told.merge)
  const named = [...overrides.keys(), ...merge, ...(weight === undefined ? [] : [weight])]
  for (const column of named) {
    if (columnAt(frame, column) < 0) {
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
  const targetColumn = findColumn(frame, target) as Column
  const columns: PlannedColumn[] = []
  for (const [at, name] of frame.names.entries()) {
    if (name === target || name === weight) continue
    yield
    const isIndex = name === INDEX_LEVEL || isIndexName(name, at)
    const given = frame.columns[at] as Column
    const merged = merge.has(name) ? spellingsOf(name, given) : undefined
    const column = merged
      ? mapTexts(given as TextColumn, (text) => merged.get(text) ?? text)
      : given
    const asked = { role: overrides.get(name), order: told.orders?.get(name) }
    const gapsTell = () => missingTellsTarget(column, targetColumn)
    const planned = planColumn(name, column, frame.length, asked, acceptsMissing, isIndex, gapsTell)
    columns.push(merged ? withMerged(planned, merged) : planned)
  }
  const withRole = (role: Role) => columns.filter((entry) => entry.role === role)
  // By name, so that the order of the table's columns does not show in the model.
  const features = (role: Role) => withRole(role).sort((a, b) => (a.column < b.column ? -1 : 1))
  const positive = choosePositive(target, targetColumn, told.positive)
  const plan: ColumnPlan = {
    target,
    ...(positive === undefined || positive.isLast ? {} : { positiveClass: positive.name }),
    ...(weight === undefined ? {} : { weight }),
    id: withRole('id').map(({ column }) => column),
    numeric: features('numeric').map(({ column }) => ({ column })),
    ordinal: features('ordinal').map(({ column, order, merge }) => ({
      column,
      ...(order === undefined ? {} : { categories: order }),
      impute: overrides.has(column) ? 'most_frequent' : 'own_level',
      ...writeMerge(merge),
    })),
    nominal: features('nominal').map(({ column, merge }) => {
      const values = findColumn(frame, column) as Column
      return {
        column,
        impute: 'own_level',
        minFrequency: countDistinct(values) > MAX_CATEGORIES ? 10 : 1,
        ...writeMerge(merge),
        // Whoever asks for categories by name means the texts as they are.
        ...(isBooleanColumn(values) ? { boolean: overrides.get(column) !== 'nominal' } : {}),
      }
    }),
    ...(withRole('indicator').length > 0
      ? { indicator: features('indicator').map(({ column }) => ({ column })) }
      : {}),
    derived: [],
    dropped: withRole('drop').map(({ column, reason }) => ({ column, reason })),
    nullable: [],
  }
  if (columns.every(({ role }) => role === 'id' || role === 'drop')) {
    const why = columns.map(({ column, reason }) => `${quote(column)}: ${reason}`).join('; ')
    throw new InputError('invalid_plan', `no column is left to learn from (${why})`)
  }
  return { plan, columns, positive }
}

function planColumn(
  column: string,
  values: Column,
  rows: number,
  asked: { readonly role: Role | undefined; readonly order: readonly string[] | undefined },
  acceptsMissing: boolean,
  isIndexOfPandas: boolean,
  gapsTell: () => boolean,
): PlannedColumn {
  const guess = isIndexOfPandas
    ? INDEX
    : guessRole(column, values, rows, { tell: gapsTell, stay: acceptsMissing })
  // A column without information stays out even when it is asked for: there is nothing to fit.
  const role = asked.role && guess.useless !== true ? asked.role : guess.role
  if (role === 'numeric' && values.kind === 'text') throw notNumeric(column, values.levels)
  const missing = countMissing(values)
  const filled =
    missing === 0 || guess.useless === true
      ? ''
      : fillText(role, missing, rows, acceptsMissing, asked.role !== undefined)
  const reason = role === guess.role && asked.order === undefined ? guess.reason : 'as asked'
  const order = role === 'ordinal' ? (asked.order ?? meaningfulOrder(values)) : undefined
  return {
    column,
    role,
    reason: `${reason}${role === 'ordinal' ? describeOrder(values, order) : ''}${filled}`,
    ...(role === 'ordinal' ? { why: `${reason}${filled}` } : {}),
    order,
    override:
      guess.useless === true
        ? undefined
        : flagWith(`--${isBooleanColumn(values) ? 'nominal' : suggestRole(role, values)}`, column),
  }
}

/** Returns spellings to take for one. @throws InputError `invalid_plan` where there are none */
function spellingsOf(name: string, column: Column): ReadonlyMap<string, string> {
  const found = isBooleanColumn(column) ? new Map<string, string>() : findSpellings(column)
  if (found.size > 0) return found
  throw new InputError(
    'invalid_plan',
    `column ${quote(name)} has no texts that look like spellings of one; a plan can say which texts to merge`,
    [{ column: name }],
  )
}

function withMerged(planned: PlannedColumn, merge: ReadonlyMap<string, string>): PlannedColumn {
  const { column, role, reason, why = reason } = planned
  if (role !== 'nominal' && role !== 'ordinal')
    throw new InputError(
      'invalid_plan',
      `column ${quote(column)} is not used as categories (${reason}), so nothing can be merged in it`,
      [{ column }],
    )
  const shown = [...merge].slice(0, 6).map(([from, to]) => `${quote(from)} is ${quote(to)}`)
  const rest = merge.size > shown.length ? ', …' : ''
  return { ...planned, merge, why, reason: `${reason}; merged: ${shown.join(', ')}${rest}` }
}

function writeMerge(merge: PlannedColumn['merge']): { merge?: Record<string, string> } {
  return merge === undefined ? {} : { merge: Object.fromEntries(merge) }
}

function meaningfulOrder(values: Column): readonly string[] | undefined {
  return values.kind === 'text' ? orderByMeaning(usedLevels(values)) : undefined
}

/** So many categories of an order are shown. */
const MOST_SHOWN = 12

/** Returns the order of an ordinal column as it is printed; without one given it is ascending. */
function describeOrder(values: Column, given: readonly string[] | undefined): string {
  const order = given ?? sortedCategories(values)
  const rest = order.length - MOST_SHOWN
  return `: ${order.slice(0, MOST_SHOWN).join(' < ')}${rest > 0 ? ` < … (${rest} more)` : ''}`
}

function fillText(
  role: Role,
  missing: number,
  rows: number,
  acceptsMissing: boolean,
  isAsked: boolean,
): string {
  if (role === 'id' || role === 'drop' || role === 'indicator') return ''
  if (role === 'numeric' && acceptsMissing) return `; ${missing} missing of ${rows} stay missing`
  const category = role === 'ordinal' && isAsked ? 'most frequent' : 'own level'
  return `; ${role === 'numeric' ? 'median' : category} for ${missing} missing of ${rows}`
}

function suggestRole(role: Role, values: Column): Role {
  if (role === 'drop' || role === 'id' || role === 'indicator')
    return values.kind === 'number' ? 'numeric' : 'nominal'
  if (role === 'numeric') return 'nominal'
  return values.kind === 'number' ? 'numeric' : 'ordinal'
}

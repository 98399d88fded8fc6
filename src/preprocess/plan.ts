/** The column plan: which column of a table is what. It is data: a JSON file, or inferred from the table. */
import { createJsonReader, type JsonObject } from '../data/json-fields.ts'
import { normalText } from '../data/text.ts'
import { InputError } from '../errors.ts'
import { type DerivedColumn, readDerived } from './derived-column.ts'
import { readWrittenColumns, type WrittenColumn } from './written/read-written.ts'

/** What fills a missing number; `none` leaves it missing, for estimators that learn from missing values. */
export type NumberImputation = 'mean' | 'median' | 'most_frequent' | 'none'

/** What fills a missing category: the most frequent one, or a level of its own. */
export type CategoryImputation = 'most_frequent' | 'own_level'

export interface NumericColumn {
  readonly column: string
  /** Absent = `none` where the estimator learns from missing values, otherwise `median`. */
  readonly impute?: NumberImputation
}

export interface OrdinalColumn {
  readonly column: string
  /** Categories in order; absent = ascending. */
  readonly categories?: readonly (string | number)[]
  readonly impute: CategoryImputation
  /** Texts that are taken for another, such as spellings of it. */
  readonly merge?: Readonly<Record<string, string>>
  /** Whether its texts are true and false, however they are spelled; absent = as the table has it. */
  readonly boolean?: boolean
}

export interface NominalColumn {
  readonly column: string
  readonly impute: CategoryImputation
  /** Categories seen less often in training share one level. */
  readonly minFrequency: number
  /** Texts that are taken for another, such as spellings of it. */
  readonly merge?: Readonly<Record<string, string>>
  /** Whether its texts are true and false, however they are spelled; absent = as the table has it. */
  readonly boolean?: boolean
}

/** A column of which only counts whether it has a value. */
export interface IndicatorColumn {
  readonly column: string
}

export interface DroppedColumn {
  readonly column: string
  readonly reason: string
}

export interface ColumnPlan {
  readonly target: string
  /** The class whose probability is the score of a binary model; absent = the last class. */
  readonly positiveClass?: string
  /** The column that says how much a training row counts; it is no feature. */
  readonly weight?: string
  readonly id: readonly string[]
  readonly numeric: readonly NumericColumn[]
  readonly ordinal: readonly OrdinalColumn[]
  readonly nominal: readonly NominalColumn[]
  readonly indicator?: readonly IndicatorColumn[]
  readonly derived: readonly DerivedColumn[]
  readonly dropped: readonly DroppedColumn[]
  /** How columns are written that need it; absent = none does. */
  readonly written?: readonly WrittenColumn[]
  /** Columns that may be missing in a request although they never were in training. */
  readonly nullable: readonly string[]
}

const numberImputations = ['mean', 'median', 'most_frequent', 'none'] as const

const PLAN_KEYS = [
  'target',
  'positive_class',
  'weight',
  'id',
  'numeric',
  'ordinal',
  'nominal',
  'indicator',
  'derived',
  'drop',
  'nullable',
  'written',
]

const read = createJsonReader((message) => new InputError('invalid_plan', message))

/**
 * Returns the plan written in a JSON text.
 * @throws InputError `invalid_plan` naming the entry that is wrong
 */
export function parsePlan(text: string): ColumnPlan {
  let value: unknown
  try {
    // A pattern is written in characters, everything else in names and categories.
    value = JSON.parse(text, (key, item: unknown) =>
      typeof item === 'string' && key !== 'pattern' ? normalText(item) : item,
    )
  } catch (error) {
    throw new InputError('invalid_plan', `the plan is not JSON: ${(error as Error).message}`)
  }
  return readPlan(value)
}

/**
 * Returns the plan of a parsed JSON value: keys as in the files, every entry of a list a column's name or an object.
 * @throws InputError `invalid_plan`
 */
export function readPlan(value: unknown): ColumnPlan {
  const plan = read.object(value, 'the plan', PLAN_KEYS)
  const positive = plan.get('positive_class')
  const weight = plan.get('weight')
  return {
    target: read.text(plan.get('target'), 'target'),
    ...(positive === undefined ? {} : { positiveClass: readClass(positive) }),
    ...(weight === undefined ? {} : { weight: read.text(weight, 'weight') }),
    id: read.texts(plan.get('id') ?? [], 'id'),
    numeric: readEntries(plan, 'numeric', ['impute'], (entry, where) => ({
      column: read.text(entry.get('column'), `${where}.column`),
      ...(entry.has('impute')
        ? { impute: read.choice(entry.get('impute'), `${where}.impute`, numberImputations) }
        : {}),
    })),
    ordinal: readEntries(
      plan,
      'ordinal',
      ['categories', 'impute', 'merge', 'boolean'],
      (entry, where) => ({
        column: read.text(entry.get('column'), `${where}.column`),
        ...(entry.has('categories')
          ? { categories: readOrder(entry.get('categories'), `${where}.categories`) }
          : {}),
        impute: read.choice(entry.get('impute') ?? 'most_frequent', `${where}.impute`, [
          'most_frequent',
          'own_level',
        ]),
        ...readMerge(entry, where),
        ...readBoolean(entry, where),
      }),
    ),
    nominal: readEntries(
      plan,
      'nominal',
      ['impute', 'min_frequency', 'merge', 'boolean'],
      (entry, where) => ({
        column: read.text(entry.get('column'), `${where}.column`),
        impute: read.choice(entry.get('impute') ?? 'own_level', `${where}.impute`, [
          'most_frequent',
          'own_level',
        ]),
        minFrequency: read.whole(entry.get('min_frequency') ?? 1, `${where}.min_frequency`, 1),
        ...readMerge(entry, where),
        ...readBoolean(entry, where),
      }),
    ),
    ...(plan.has('indicator')
      ? {
          indicator: readEntries(plan, 'indicator', [], (entry, where) => ({
            column: read.text(entry.get('column'), `${where}.column`),
          })),
        }
      : {}),
    derived: readEntries(
      plan,
      'derived',
      ['from', 'pattern', 'group', 'map', 'kind', 'part'],
      (entry, where) => readDerived(entry, read, where),
    ),
    dropped: readEntries(plan, 'drop', ['reason'], (entry, where) => ({
      column: read.text(entry.get('column'), `${where}.column`),
      reason: read.text(entry.get('reason') ?? 'dropped by the plan', `${where}.reason`),
    })),
    nullable: read.texts(plan.get('nullable') ?? [], 'nullable'),
    ...(plan.has('written') ? { written: readWrittenColumns(plan.get('written'), read) } : {}),
  }
}

function readBoolean(entry: JsonObject, where: string): { boolean?: boolean } {
  const value = entry.get('boolean')
  return value === undefined ? {} : { boolean: read.boolean(value, `${where}.boolean`) }
}

function readMerge(entry: JsonObject, where: string): { merge?: Record<string, string> } {
  const value = entry.get('merge')
  return value === undefined ? {} : { merge: read.textMap(value, `${where}.merge`) }
}

/** A class as a plan writes it: a text, a number, or true and false. */
function readClass(value: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw new InputError('invalid_plan', 'positive_class must be a text or a number')
}

function readOrder(value: unknown, where: string): (string | number)[] {
  const categories = read.categories(value, where)
  if (categories.length === 0)
    throw new InputError('invalid_plan', `${where} must name the categories in order`)
  return categories
}

/** Reads a list whose items are objects, or names as a short form of `{ "column": name }`. */
function readEntries<T>(
  plan: JsonObject,
  key: string,
  keys: readonly string[],
  readEntry: (entry: JsonObject, where: string) => T,
): T[] {
  return read.list(plan.get(key) ?? [], key).map((item, index) => {
    const where = `${key}[${index}]`
    const entry = typeof item === 'string' ? { column: item } : item
    return readEntry(read.object(entry, where, ['column', ...keys]), where)
  })
}

/** Returns the JSON value of a plan, as {@link readPlan} reads it. */
export function writePlan(plan: ColumnPlan): Record<string, unknown> {
  return {
    target: plan.target,
    ...(plan.positiveClass === undefined ? {} : { positive_class: plan.positiveClass }),
    ...(plan.weight === undefined ? {} : { weight: plan.weight }),
    id: plan.id,
    numeric: plan.numeric,
    ordinal: plan.ordinal,
    nominal: plan.nominal.map(({ column, impute, minFrequency, merge, boolean }) => ({
      column,
      impute,
      min_frequency: minFrequency,
      merge,
      boolean,
    })),
    ...(plan.indicator?.length ? { indicator: plan.indicator } : {}),
    derived: plan.derived,
    drop: plan.dropped,
    nullable: plan.nullable,
    ...(plan.written ? { written: plan.written } : {}),
  }
}

/** Returns the names of the columns that become features, derived ones included, in the plan's order. */
export function plannedColumns(plan: ColumnPlan): string[] {
  return [...plan.numeric, ...plan.ordinal, ...plan.nominal, ...(plan.indicator ?? [])].map(
    ({ column }) => column,
  )
}

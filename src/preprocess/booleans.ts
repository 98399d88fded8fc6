/** Boolean columns: texts that are true or false, however they are spelled, as the two texts `true` and `false`. */
import { booleanText, truthOf } from '../data/cell.ts'
import {
  type Column,
  type DataFrame,
  findColumn,
  mapTexts,
  numberColumn,
  type TextColumn,
  textColumn,
} from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import type { ColumnPlan, NominalColumn, OrdinalColumn } from './plan.ts'

/** Whether a column has texts that spell true and false, and no others. */
export function isBooleanColumn(column: Column | undefined): boolean {
  return (
    column?.kind === 'text' &&
    column.levels.length > 0 &&
    column.levels.every((text) => truthOf(text) !== undefined)
  )
}

/**
 * Returns the plan in which every categorical column says whether it is boolean: where the plan leaves it open, a
 * column is one whose texts all are.
 * @throws InputError `invalid_plan` for a column that is said to be boolean and holds something else
 */
export function planBooleans(plan: ColumnPlan, frame: DataFrame): ColumnPlan {
  const isBoolean = ({ column: name, boolean }: NominalColumn | OrdinalColumn): boolean => {
    const column = findColumn(frame, name)
    if (boolean === false || column === undefined) return false
    if (boolean === undefined || isBooleanColumn(column)) return isBooleanColumn(column)
    const other =
      column.kind === 'text' && column.levels.find((text) => truthOf(text) === undefined)
    throw new InputError(
      'invalid_plan',
      `column ${quote(name)} is planned as boolean, but holds ${typeof other === 'string' ? quote(other) : 'no truth values'}`,
      [{ column: name }],
    )
  }
  return {
    ...plan,
    ordinal: plan.ordinal.map((entry) => {
      if (!isBoolean(entry)) return entry
      const categories = entry.categories?.map((category) => booleanText(String(category)))
      return { ...entry, ...(categories ? { categories } : {}), boolean: true }
    }),
    nominal: plan.nominal.map((entry) => (isBoolean(entry) ? { ...entry, boolean: true } : entry)),
  }
}

/** Returns the names of the columns that are planned as boolean. */
export function booleanColumns({ ordinal, nominal }: ColumnPlan): string[] {
  return [...ordinal, ...nominal].flatMap(({ column, boolean }) => (boolean ? [column] : []))
}

/** Returns the table in which the texts of these columns are `true` and `false`; others stay what they are. */
export function spellBooleans(frame: DataFrame, names: readonly string[]): DataFrame {
  const wanted = new Set(names)
  if (names.length === 0 || !frame.names.some((name) => wanted.has(name))) return frame
  return {
    ...frame,
    columns: frame.columns.map((column, j) =>
      wanted.has(frame.names[j] as string) ? spell(column) : column,
    ),
  }
}

function spell(column: Column): TextColumn {
  const texts =
    column.kind === 'text'
      ? column
      : textColumn(Array.from(column.values, (value) => (Number.isNaN(value) ? null : `${value}`)))
  return mapTexts(texts, booleanText)
}

/** Returns a boolean column as the numbers 1 and 0; any other column as it is. */
export function numbersOfBooleans(column: Column): Column {
  if (column.kind === 'number' || !isBooleanColumn(column)) return column
  const values = column.levels.map((text) => (truthOf(text) === 'true' ? 1 : 0))
  return numberColumn(
    Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : values[code]!)),
  )
}

/** What is checked of every column of rows, and which of its cells give a warning. */
import type { Cell, Column } from '../data/frame.ts'
import { firstForMissing } from './index.ts'
import type { ColumnStep, InputColumn } from './preprocessor.ts'
import type { WarningCode } from './row-warnings.ts'

/** What is checked of a column of requests, or of one that is derived from it. */
export interface ColumnCheck {
  readonly column: string
  readonly input: number
  /** The number of the derived column; -1 = the input itself. */
  readonly derived: number
  /** Categories of training; undefined where it is none of the checked. */
  readonly known: ReadonlySet<string | number> | undefined
  readonly range: InputColumn['range'] | undefined
  /** What a missing value is. */
  readonly missing: WarningCode | undefined
  readonly imputed: Cell
}

/** Is told of every cell that gives a warning. */
export type Visit = (row: number, code: WarningCode) => void

/** Returns what is checked of an input. @param input its number @param step what is made of it */
export function checkInput(
  { name, categories, range, nullable }: InputColumn,
  input: number,
  step: ColumnStep | undefined,
): ColumnCheck {
  const missing = nullable ? missingOf(step) : undefined
  return {
    column: name,
    input,
    derived: -1,
    known: categories && new Set(categories),
    range: categories ? undefined : range,
    missing: missing?.code,
    imputed: missing?.imputed ?? null,
  }
}

/** Returns what is checked of a derived column. @param derived its number @param input that of its source */
export function checkDerived(
  column: string,
  derived: number,
  input: number,
  step: ColumnStep | undefined,
): ColumnCheck {
  const missing = missingOf(step)
  return {
    column,
    input,
    derived,
    known: step && categoriesOf(step),
    range: undefined,
    missing: missing?.code,
    imputed: missing?.imputed ?? null,
  }
}

/** A column of which nothing is used has no step, and its gaps do not matter. */
function missingOf(
  step: ColumnStep | undefined,
): { readonly code: WarningCode; readonly imputed?: Cell } | undefined {
  const first = firstForMissing(step?.chain ?? [])
  if (first?.kind === 'impute_number' || first?.kind === 'impute_category')
    return { code: 'imputed_value', imputed: first.value }
  if (first?.kind === 'one_hot_encoder' && !first.missingLevel) return { code: 'unknown_missing' }
  return undefined
}

function categoriesOf({ chain }: ColumnStep): ReadonlySet<string | number> | undefined {
  for (const transformer of chain) {
    if (transformer.kind === 'ordinal_encoder') return new Set(transformer.categories)
    if (transformer.kind === 'one_hot_encoder')
      return new Set([...transformer.categories, ...transformer.infrequent])
  }
  return undefined
}

/** Returns the warning that one cell gives, as {@link scan} finds it in a column. */
export function warningOf(
  { known, range, missing }: ColumnCheck,
  cell: Cell,
): WarningCode | undefined {
  if (cell === null) return missing
  if (typeof cell === 'number' && range && (cell < range.minimum || cell > range.maximum))
    return 'outside_range'
  return known && !known.has(cell) ? 'unknown_category' : undefined
}

/** Visits the cells of one column that give a warning; both of what is said of rows and what is counted comes from here. */
export function scan({ known, range, missing }: ColumnCheck, column: Column, visit: Visit): void {
  if (column.kind === 'number') {
    const { values } = column
    const least = range?.minimum ?? Number.NEGATIVE_INFINITY
    const most = range?.maximum ?? Number.POSITIVE_INFINITY
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!
      if (Number.isNaN(value)) {
        if (missing) visit(row, missing)
      } else if (value < least || value > most) visit(row, 'outside_range')
      else if (known && !known.has(value)) visit(row, 'unknown_category')
    }
    return
  }
  const { codes, levels } = column
  // Where no level is unknown, which is the rule, only gaps are looked for.
  const hasUnknown = known !== undefined && levels.some((level) => !known.has(level))
  if (!(hasUnknown || missing)) return
  const isUnknown = hasUnknown ? levels.map((level) => !known.has(level)) : undefined
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!
    if (code < 0) {
      if (missing) visit(row, missing)
    } else if (isUnknown?.[code]) visit(row, 'unknown_category')
  }
}

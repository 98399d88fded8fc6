/** What a model did not understand of rows that it answers all the same. */
import { type Cell, type Column, cellAt, type DataFrame } from '../data/frame.ts'
import { quote } from '../errors.ts'
import { closely, indexNames, type NameIndex, startWork } from '../near-names.ts'
import type { ColumnStep, InputColumn, Preprocessor } from './preprocessor.ts'

/** Every code that a {@link RowWarning} can carry, with what it means. Stable: clients may switch on them. */
export const warningCodes = {
  ignored_column: 'a value whose column the model does not use',
  imputed_value: 'a missing value, for which another one was taken',
  outside_range: 'a number below or above all numbers of training',
  unknown_category: 'a category that training has not seen',
  unknown_missing: 'a missing value where training had seen none: it counts as no category',
} as const

/** A stable code of a {@link RowWarning}. */
export type WarningCode = keyof typeof warningCodes

/** One thing in a row that was not understood as it was meant, perhaps. */
export interface RowWarning {
  readonly code: WarningCode
  readonly column: string
  /** What was sent; absent where nothing was, and in columns that are ignored. */
  readonly value?: Cell
  /** What was taken for a missing value. */
  readonly imputed?: Cell
  /** The known category that resembles the one sent. */
  readonly nearest?: string
  readonly message: string
}

/** How often a warning was to be given of a column. */
export interface WarningCount {
  readonly code: WarningCode
  readonly column: string
  readonly count: number
}

/** How much of rows was not understood. */
export interface RowCounts {
  readonly warnings: number
  /** Cells of input columns with a category that training has not seen. */
  readonly unknownCategories: number
}

/** Finds what a model does not understand of frames whose columns are its inputs. */
export interface RowChecks {
  /** Returns how many warnings {@link list} would return for all rows, and how many are of unknown categories sent. */
  count(frame: DataFrame): RowCounts
  /**
   * Returns the same of one row.
   * @param cells in the order of the inputs, null = missing
   * @param derived the cells of the derived columns, in the plan's order
   */
  countCells(cells: readonly Cell[], derived: readonly Cell[]): RowCounts
  /** Returns how many warnings {@link list} would return of every code and column, without those that there are none of. */
  tally(frame: DataFrame): readonly WarningCount[]
  /** Returns the warnings of every row that has some, by its number from 0, in the order of the columns. */
  list(frame: DataFrame): ReadonlyMap<number, readonly RowWarning[]>
}

type Visit = (row: number, code: WarningCode) => void

/** What is checked of a column of requests, or of one that is derived from it. */
interface ColumnCheck {
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

const checks = new WeakMap<Preprocessor, RowChecks>()

/** Returns the checks of a model's rows, which are made once. */
export function rowChecks(preprocessor: Preprocessor): RowChecks {
  const made = checks.get(preprocessor) ?? buildChecks(preprocessor)
  checks.set(preprocessor, made)
  return made
}

function buildChecks(preprocessor: Preprocessor): RowChecks {
  const { inputs, derived, steps } = preprocessor.spec
  const stepOf = new Map(steps.map((step) => [step.column, step]))
  const columns: ColumnCheck[] = [
    ...inputs.map((input, at) => checkInput(input, at, stepOf.get(input.name))),
    ...derived.map(({ column, from }, at) =>
      checkDerived(
        column,
        at,
        inputs.findIndex(({ name }) => name === from),
        stepOf.get(column),
      ),
    ),
  ].filter(({ known, range, missing }) => known ?? range ?? missing)
  const hasDerived = columns.some(({ derived }) => derived >= 0)
  const scanAll = (frame: DataFrame, visit: (check: ColumnCheck, values: Column) => Visit) => {
    const made = hasDerived ? preprocessor.derive(frame) : undefined
    for (const check of columns) {
      const values = check.derived >= 0 ? made?.get(check.column) : frame.columns[check.input]
      if (values) scan(check, values, visit(check, values))
    }
  }
  return {
    count(frame) {
      let warnings = 0
      let unknownCategories = 0
      scanAll(frame, (check) => (_row, code) => {
        warnings++
        if (code === 'unknown_category' && check.derived < 0) unknownCategories++
      })
      return { warnings, unknownCategories }
    },
    countCells(cells, made) {
      let warnings = 0
      let unknownCategories = 0
      for (const check of columns) {
        const cell = check.derived < 0 ? cells[check.input] : made[check.derived]
        const code = warningOf(check, cell as Cell)
        if (code !== undefined) warnings++
        if (code === 'unknown_category' && check.derived < 0) unknownCategories++
      }
      return { warnings, unknownCategories }
    },
    tally(frame) {
      const counts: { code: WarningCode; column: string; count: number }[] = []
      scanAll(frame, ({ input, column }) => {
        const own = new Map<WarningCode, { count: number }>()
        return (_row, code) => {
          const known = own.get(code)
          if (known) {
            known.count++
            return
          }
          const entry = { code, column: inputs[input]?.name ?? column, count: 1 }
          own.set(code, entry)
          counts.push(entry)
        }
      })
      return counts
    },
    list(frame) {
      const found = new Map<number, RowWarning[]>()
      const work = startWork()
      scanAll(frame, (check, values) => {
        const describe = describer(
          check,
          inputs,
          (index, name) => index.resembling(name, work, closely)[0],
        )
        return (row, code) => {
          const warning = describe(code, cellAt(values, row))
          const own = found.get(row)
          if (own) own.push(warning)
          else found.set(row, [warning])
        }
      })
      return found
    },
  }
}

function checkInput(
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

function checkDerived(
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
  const [first] = step?.chain ?? []
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
function warningOf({ known, range, missing }: ColumnCheck, cell: Cell): WarningCode | undefined {
  if (cell === null) return missing
  if (typeof cell === 'number' && range && (cell < range.minimum || cell > range.maximum))
    return 'outside_range'
  return known && !known.has(cell) ? 'unknown_category' : undefined
}

/** Visits the cells of one column that give a warning; both of what is said of rows and what is counted comes from here. */
function scan({ known, range, missing }: ColumnCheck, column: Column, visit: Visit): void {
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

/** Returns what makes the warnings of one column; a category is looked for among the known ones once. */
function describer(
  { column, input, derived, known, range, imputed }: ColumnCheck,
  inputs: readonly InputColumn[],
  nearestOf: (index: NameIndex, name: string) => string | undefined,
): (code: WarningCode, value: Cell) => RowWarning {
  // What is sent carries the name of its column; what is made of it is named in the message.
  const name = inputs[input]?.name ?? column
  const made = derived >= 0 ? `${quote(column)}, which is made of ${quote(name)}, ` : ''
  let index: NameIndex | undefined
  const unknown = new Map<Cell, RowWarning>()
  const describeCategory = (value: Cell): RowWarning => {
    index ??= indexNames([...(known ?? [])].map(String))
    const nearest = typeof value === 'string' ? nearestOf(index, value) : undefined
    const hint = nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`
    const message = made
      ? `${made}is ${quote(value)}, a category that training has not seen${hint}`
      : `${quote(value)} is a category that training has not seen${hint}`
    return { code: 'unknown_category', column: name, value, nearest, message }
  }
  return (code, value) => {
    switch (code) {
      case 'unknown_category': {
        const warning = unknown.get(value) ?? describeCategory(value)
        unknown.set(value, warning)
        return warning
      }
      case 'outside_range': {
        const message = `${value} is outside the range of training, ${range?.minimum} to ${range?.maximum}`
        return { code, column: name, value, message }
      }
      case 'imputed_value': {
        const message = `${made || 'the value '}is missing; ${quote(imputed)} was taken instead`
        return { code, column: name, imputed, message }
      }
      default: {
        const message = `${made || 'the value '}is missing, which training has not seen; it counts as no category`
        return { code, column: name, message }
      }
    }
  }
}

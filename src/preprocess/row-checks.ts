/** Finds what a model does not understand of rows: counted, tallied by column, or said row by row. */
import { type Cell, type Column, cellAt, type DataFrame } from '../data/frame.ts'
import { closely, startWork } from '../near-names.ts'
import {
  type ColumnCheck,
  checkDerived,
  checkInput,
  scan,
  type Visit,
  warningOf,
} from './column-checks.ts'
import type { Preprocessor } from './preprocessor.ts'
import type { RowWarning, WarningCode } from './row-warnings.ts'
import { describer } from './warning-messages.ts'

/** How often a warning was to be given of a column. */
export interface WarningCount {
  readonly code: WarningCode
  readonly column: string
  readonly count: number
  /** The first cell that it was given of; absent of missing ones and of columns that are ignored. */
  readonly first?: Cell
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
  const inputAt = new Map(inputs.map(({ name }, at) => [name, at]))
  const columns: ColumnCheck[] = [
    ...inputs.map((input, at) => checkInput(input, at, stepOf.get(input.name))),
    ...derived.map(({ column, from }, at) =>
      checkDerived(column, at, inputAt.get(from) ?? -1, stepOf.get(column)),
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
      const counts: { code: WarningCode; column: string; count: number; first?: Cell }[] = []
      scanAll(frame, ({ input, column }, values) => {
        const own = new Map<WarningCode, { count: number }>()
        return (row, code) => {
          const known = own.get(code)
          if (known) {
            known.count++
            return
          }
          const first = cellAt(values, row)
          const entry = {
            code,
            column: inputs[input]?.name ?? column,
            count: 1,
            ...(first === null ? {} : { first }),
          }
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

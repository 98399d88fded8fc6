/** A background that a user supplies in the place of the sample of training rows. */
import {
  type Column,
  cellAt,
  type DataFrame,
  findColumn,
  numberColumn,
  textColumn,
} from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import type { Steps } from '../data/steps.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { numbersOfBooleans, spellBooleans } from '../preprocess/booleans.ts'
import {
  buildPreprocessor,
  type InputColumn,
  type PreprocessorSpec,
} from '../preprocess/preprocessor.ts'
import { applyWrittenSteps } from '../preprocess/written/apply-written.ts'

/** Most rows of a background: what is computed against it grows with them. */
const MAX_ROWS = 10_000

/**
 * Returns the rows of a table as the model's features, column by column; columns that the model does not have are ignored.
 * @throws InputError `missing_column`, `invalid_number`, `missing_value`, `empty_data` or `too_many_rows`
 */
export function* fitBackground(spec: PreprocessorSpec, table: DataFrame): Steps<Matrix> {
  return yield* buildPreprocessor(spec).transformSteps(yield* fitRows(spec, table))
}

/** Returns the rows of a table as a frame of the model's inputs; throws as {@link fitBackground} does. */
export function* fitRows(
  spec: PreprocessorSpec,
  table: DataFrame,
  rows = 'background',
): Steps<DataFrame> {
  if (table.length === 0) throw new InputError('empty_data', `the ${rows} has no rows`)
  if (table.length > MAX_ROWS) {
    throw new InputError(
      'too_many_rows',
      `the ${rows} has ${table.length} rows, at most ${MAX_ROWS} are used; 50 to 1000 are usual`,
    )
  }
  const given = new Set(table.names)
  const absent = spec.inputs.map(({ name }) => name).filter((name) => !given.has(name))
  if (absent.length > 0) {
    const guess = didYouMean(absent[0]!, table.names)
    throw new InputError(
      'missing_column',
      `the ${rows} lacks ${absent.length === 1 ? 'column' : 'columns'} ${listNames(absent)}${guess}`,
      absent.slice(0, 10).map((column) => ({ column })),
    )
  }
  const read = yield* applyWrittenSteps(
    table,
    spec.inputs.flatMap(({ name, written }) => (written ? [{ column: name, ...written }] : [])),
  )
  const frame = {
    names: spec.inputs.map(({ name }) => name),
    columns: spec.inputs.map((input) => {
      const column = findColumn(read, input.name) as Column
      const typed = input.type === 'number' ? numbersOfBooleans(column) : column
      return fitColumn(input, typed, table.length, rows)
    }),
    length: table.length,
  }
  const booleans = spec.inputs.filter(({ texts }) => texts === 'boolean')
  return spellBooleans(
    frame,
    booleans.map(({ name }) => name),
  )
}

/** Returns the column with the input's type, and no gap where training had none. */
function fitColumn(
  { name, type, nullable }: InputColumn,
  column: Column,
  rows: number,
  table: string,
): Column {
  for (let row = 0; row < rows; row++) {
    const cell = cellAt(column, row)
    const place = { row: row + 1, column: name }
    const where = `the ${table}, row ${row + 1}, column ${quote(name)}`
    if (cell === null && !nullable)
      throw new InputError('missing_value', `${where} is empty; it never was in training`, [place])
    if (typeof cell === 'string' && type === 'number')
      throw new InputError('invalid_number', `${where}: ${quote(cell)} is not a number`, [place])
  }
  if (column.kind === type) return column
  // A text column without a text has no type of its own; numbers where training has texts are texts too.
  if (type === 'number') return numberColumn(new Float64Array(rows).fill(Number.NaN))
  return textColumn(
    Array.from({ length: rows }, (_, row) => {
      const cell = cellAt(column, row)
      return cell === null ? null : String(cell)
    }),
  )
}

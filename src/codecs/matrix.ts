/** Rows of bare numbers, as the binary formats have them, checked against the model's inputs. */
import { type Column, type DataFrame, numberColumn } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import { columnOfCells } from '../preprocess/preprocessor.ts'
import type { DecodeContext } from './codec.ts'
import { cellOfJson, checkRowCount, wrongWidth } from './rows.ts'

/** Whether a number needs no second look: neither missing nor infinite, and a double. */
function isPlain(value: number | bigint): value is number {
  return typeof value === 'number' && value - value === 0
}

/**
 * Returns the frame of a matrix of numbers whose columns are the inputs in their order; NaN = missing. Truth values are
 * 0 and 1, and whole numbers that are categories themselves.
 * @param at returns the number at a row and column, both from 0; a bigint where a double does not keep its digits
 * @throws InputError `too_many_rows`, `wrong_width`, `invalid_text`, `missing_value` or `non_finite`
 */
export function frameOfNumbers(
  context: DecodeContext,
  rows: number,
  columns: number,
  at: (row: number, column: number) => number | bigint,
): DataFrame {
  const { inputs } = context
  checkRowCount(rows, context)
  if (columns !== inputs.length) throw wrongWidth(inputs, columns, 1)
  const made = inputs.map((input, j): Column => {
    if (input.type === 'text' && input.texts === undefined) {
      throw new InputError(
        'invalid_text',
        `column ${quote(input.name)} holds text, which this format cannot carry; send JSON or CSV`,
        [{ column: input.name }],
      )
    }
    if (input.type === 'text')
      return columnOfCells(input, rows, (row) => cellOfJson(input, at(row, j), row + 1))
    // Some numbers may mean missing.
    const isUsual = input.written === undefined
    const values = new Float64Array(rows)
    for (let row = 0; row < rows; row++) {
      const value = at(row, j)
      const cell =
        isPlain(value) && isUsual ? value : (cellOfJson(input, value, row + 1) as number | null)
      values[row] = cell ?? Number.NaN
    }
    return numberColumn(values)
  })
  return { names: inputs.map(({ name }) => name), columns: made, length: rows }
}

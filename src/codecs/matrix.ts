/** Rows of bare numbers, as the binary formats have them, checked against the model's inputs. */
import type { Column, DataFrame } from '../data/frame.ts'
import { numberColumn } from '../data/frame.ts'
import { checkFinite } from '../data/number.ts'
import { InputError, quote } from '../errors.ts'
import type { DecodeContext } from './codec.ts'
import { checkRowCount, missing, wrongWidth } from './rows.ts'

/**
 * Returns the frame of a matrix of numbers whose columns are the inputs in their order; NaN = missing.
 * @param at returns the number at a row and column, both from 0
 * @throws InputError `too_many_rows`, `wrong_width`, `invalid_text`, `missing_value` or `non_finite`
 */
export function frameOfNumbers(
  context: DecodeContext,
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): DataFrame {
  const { inputs } = context
  checkRowCount(rows, context)
  if (columns !== inputs.length) throw wrongWidth(inputs, columns, 1)
  const made = inputs.map((input, j): Column => {
    if (input.type === 'text') {
      throw new InputError(
        'invalid_text',
        `column ${quote(input.name)} holds text, which this format cannot carry; send JSON or CSV`,
        [{ column: input.name }],
      )
    }
    const values = new Float64Array(rows)
    for (let row = 0; row < rows; row++) {
      const value = at(row, j)
      if (Number.isNaN(value)) missing(input, row + 1)
      else checkFinite(value, value, { row: row + 1, column: input.name })
      values[row] = value
    }
    return numberColumn(values)
  })
  return { names: inputs.map(({ name }) => name), columns: made, length: rows }
}

/** The weight column: how much every training row counts. */
import { type Column, cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import { isDecimal } from '../data/number.ts'
import { InputError, quote } from '../errors.ts'

/**
 * Throws unless every row with a label has a weight: a number of 0 or more, at least one of them above 0.
 * @throws InputError `invalid_weight` naming the row
 */
export function checkWeights(table: DataFrame, weight: string, target: string): void {
  const column = findColumn(table, weight) as Column
  const labels = findColumn(table, target) as Column
  const holdsWord = column.kind === 'text' && !column.levels.every(isDecimal)
  let total = 0
  for (let row = 0; row < table.length; row++) {
    if (cellAt(labels, row) === null) continue
    const cell = cellAt(column, row)
    // In a column of texts, the one that made it so is what is wrong.
    if (typeof cell === 'string' && isDecimal(cell) && holdsWord) continue
    if (typeof cell === 'number' && cell >= 0) {
      total += cell
      continue
    }
    const found = cell === null ? 'is missing' : `is ${quote(cell)}`
    throw new InputError(
      'invalid_weight',
      `the weight ${quote(weight)} ${found} in row ${row + 1}; weights are numbers of 0 or more`,
      [{ row: row + 1, column: weight }],
    )
  }
  if (total === 0 && table.length > 0)
    throw new InputError('invalid_weight', `the weight ${quote(weight)} is 0 in every row`, [
      { column: weight },
    ])
  if (!Number.isFinite(total))
    throw new InputError('invalid_weight', `the weights ${quote(weight)} have no finite sum`, [
      { column: weight },
    ])
}

/**
 * Returns the weights of some rows.
 * @throws InputError `invalid_weight` when all of them are 0
 */
export function takeWeights(frame: DataFrame, weight: string, rows: Int32Array): Float64Array {
  const column = findColumn(frame, weight)
  const weights = Float64Array.from(rows, (row) =>
    column?.kind === 'number' ? column.values[row]! : Number.NaN,
  )
  if (weights.some((value) => value > 0)) return weights
  throw new InputError(
    'invalid_weight',
    `the weight ${quote(weight)} is 0 in all ${rows.length} training rows`,
    [{ column: weight }],
  )
}

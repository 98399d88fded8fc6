/** Columns in blocks of rows, as they are transformed. */
import { type Column, type NumberColumn, numberColumn, takeColumnRows } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'

/** How many rows are transformed at a time: what a step makes on the way, such as a column per category, stays small. */
export const BLOCK = 2 ** 15

/** Rows: some of those that were chosen, or of all. */
export interface Block {
  readonly rows: Int32Array | undefined
  readonly from: number
  readonly to: number
}

/** Writes the numbers of a block of rows into a column of a matrix. @param at index of the first in its data */
export function putNumbers(
  { values }: NumberColumn,
  { rows, from, to }: Block,
  { data, columns }: Matrix,
  at: number,
): void {
  for (let i = from, target = at; i < to; i++, target += columns)
    data[target] = values[rows ? rows[i]! : i]!
}

/** Returns the cells of a block of rows; a view where no rows were chosen. */
export function takeBlock(column: Column, { rows, from, to }: Block): Column {
  if (rows) return takeColumnRows(column, rows.subarray(from, to))
  return column.kind === 'number'
    ? numberColumn(column.values.subarray(from, to))
    : { ...column, codes: column.codes.subarray(from, to) }
}

/** Rows of numbers that are mostly zeros, stored as compressed rows: what they take grows with what was sent. */
import { InputError } from '../errors.ts'
import type { DecodeContext } from './codec.ts'
import { checkRowCount } from './rows.ts'

/** Most zeros that need not be sent: two bytes can stand for a row of any width. */
const MAX_ABSENT = 2 ** 24

/** Rows that are filled one after the other. */
export interface SparseRows {
  /** How many rows there are. */
  readonly length: number
  /**
   * Begins the next row and returns its number, from 1.
   * @throws InputError `too_many_rows` or `too_expensive`
   */
  startRow(): number
  /** Sets a number of the last row; indexes must ascend within it. */
  set(index: number, value: number): void
  /** Returns the number at a row, from 0, and an index; 0 where none was set. */
  at(row: number, index: number): number
}

/** Returns no rows yet, for a request to the model of the context. */
export function sparseRows(context: DecodeContext): SparseRows {
  const starts: number[] = []
  const indexes: number[] = []
  const values: number[] = []
  return {
    get length() {
      return starts.length
    },
    startRow() {
      // How many rows will follow is not known yet, so the error does not say.
      if (starts.length >= context.maxRows) checkRowCount(Number.POSITIVE_INFINITY, context)
      const absent = (starts.length + 1) * context.inputs.length - values.length
      if (absent > MAX_ABSENT) {
        throw new InputError(
          'too_expensive',
          `sparse rows may leave out ${MAX_ABSENT} values; send fewer rows`,
        )
      }
      return starts.push(values.length)
    },
    set(index, value) {
      indexes.push(index)
      values.push(value)
    },
    at(row, index) {
      const start = starts[row]!
      const end = starts[row + 1] ?? values.length
      // Where nothing is left out before it, which is so in a whole row.
      const usual = start + index
      if (usual < end && indexes[usual] === index) return values[usual]!
      let low = start
      let high = end
      while (low < high) {
        const middle = (low + high) >> 1
        if (indexes[middle]! < index) low = middle + 1
        else high = middle
      }
      return low < end && indexes[low] === index ? values[low]! : 0
    },
  }
}

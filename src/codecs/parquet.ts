/** Parquet bodies. */
import type { Cell, Column } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { columnOfCells } from '../preprocess/preprocessor.ts'
import { openParquet } from '../tables/formats/parquet.ts'
import { type Codec, decodedRows } from './codec.ts'
import { ignoredInAll } from './ignored-names.ts'
import { cellOfJson, checkRowCount, findPositions, missing } from './rows.ts'

/**
 * What a body may unpack to, and hold written out: a few bytes can say that a long text stands in every row. Never less
 * than the first, never more than the last.
 */
const LEAST_BYTES = 64 << 20
const MOST_RATIO = 16
const MOST_BYTES = 2 ** 29

function tooLarge(most: number): InputError {
  return new InputError(
    'too_large',
    `the body unpacks to more than ${most >> 20} MiB; send fewer rows in one request`,
  )
}

/** Apache Parquet: columns by name; others are ignored, whatever they hold. */
export const parquet = {
  name: 'parquet',
  mediaTypes: ['application/x-parquet', 'application/vnd.apache.parquet'],
  form: 'binary',
  isIsolated: true,

  async decode(body, context) {
    const slice = async (start: number, end: number) =>
      Uint8Array.prototype.slice.call(body, start, end).buffer as ArrayBuffer
    const most = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, body.length * MOST_RATIO))
    const check = (bytes: number) => {
      if (bytes > most) throw tooLarge(most)
    }
    const file = await openParquet(body.length, slice, (_, total) => check(total))
    checkRowCount(file.rows, context)
    const { inputs } = context
    const { positions, ignored } = findPositions(context, file.names)
    const columns: Column[] = []
    let written = 0
    for (const [j, input] of inputs.entries()) {
      const cells: Cell[] = []
      const position = positions[j]!
      for (const group of position < 0 ? [] : file.groups) {
        for (const value of await file.read(position, group)) {
          if (typeof value === 'string') written += value.length
          cells.push(cellOfJson(input, value, cells.length + 1))
        }
        check(written)
      }
      while (cells.length < file.rows) cells.push(missing(input, cells.length + 1))
      columns.push(columnOfCells(input, cells.length, (row) => cells[row] as Cell))
    }
    const names = inputs.map(({ name }) => name)
    return decodedRows({ names, columns, length: file.rows }, ignoredInAll(ignored, file.rows))
  },
} satisfies Codec

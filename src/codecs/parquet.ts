/** Parquet bodies. */
import type { Cell, Column } from '../data/frame.ts'
import { columnOfCells } from '../preprocess/preprocessor.ts'
import { openParquet } from '../tables/formats/parquet.ts'
import { type Codec, decodedRows } from './codec.ts'
import { ignoredInAll } from './ignored-names.ts'
import { cellOfJson, checkRowCount, findPositions, missing } from './rows.ts'

/** Apache Parquet: columns by name; others are ignored, whatever they hold. */
export const parquet = {
  name: 'parquet',
  mediaTypes: ['application/x-parquet', 'application/vnd.apache.parquet'],
  form: 'binary',
  isIsolated: true,

  async decode(body, context) {
    const slice = async (start: number, end: number) =>
      Uint8Array.prototype.slice.call(body, start, end).buffer as ArrayBuffer
    const file = await openParquet(body.length, slice)
    checkRowCount(file.rows, context)
    const { inputs } = context
    const { positions, ignored } = findPositions(context, file.names)
    const columns: Column[] = []
    for (const [j, input] of inputs.entries()) {
      const cells: Cell[] = []
      const position = positions[j]!
      for (const group of position < 0 ? [] : file.groups) {
        for (const value of await file.read(position, group))
          cells.push(cellOfJson(input, value, cells.length + 1))
      }
      while (cells.length < file.rows) cells.push(missing(input, cells.length + 1))
      columns.push(columnOfCells(input, cells.length, (row) => cells[row] as Cell))
    }
    const names = inputs.map(({ name }) => name)
    return decodedRows({ names, columns, length: file.rows }, ignoredInAll(ignored, file.rows))
  },
} satisfies Codec

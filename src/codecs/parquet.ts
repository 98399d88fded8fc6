/** Parquet bodies; the only file that knows the library, loaded at the first of them. */
import type { Cell } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Codec } from './codec.ts'
import { cellsOfObject, checkRowCount } from './rows.ts'

/** Apache Parquet: columns by name; others are ignored. */
export const parquet = {
  name: 'parquet',
  mediaTypes: ['application/x-parquet', 'application/vnd.apache.parquet'],
  rowsPerJsonRow: 6,

  async decode(body, context) {
    const [{ parquetMetadata, parquetReadObjects }, { compressors }] = await Promise.all([
      import('hyparquet'),
      import('hyparquet-compressors'),
    ])
    // A copy: the library reads an ArrayBuffer from its start.
    const file = Uint8Array.prototype.slice.call(body).buffer as ArrayBuffer
    let rows: Record<string, unknown>[]
    try {
      checkRowCount(Number(parquetMetadata(file).num_rows), context)
      rows = await parquetReadObjects({ file, compressors })
    } catch (error) {
      if (error instanceof InputError) throw error
      throw new InputError('invalid_parquet', 'the body is not a Parquet file that can be read')
    }
    let ignoredColumns = 0
    const cells = rows.map((row, index): Cell[] => {
      const plain = Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, plainValue(value)]),
      )
      const { cells: own, ignored } = cellsOfObject(context, plain, index + 1)
      ignoredColumns += ignored
      return own
    })
    return {
      frame: frameOfCells(context.inputs, cells),
      dialect: 'predictions',
      parameters: new Map(),
      ignoredColumns,
    }
  },
} satisfies Codec

/** Numbers of 64 bits as the nearest double, NaN and absent values as missing. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === undefined || Number.isNaN(value)) return null
  return value
}

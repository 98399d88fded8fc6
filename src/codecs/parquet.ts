/** Parquet bodies and files; the only file that knows the library, loaded at the first of them. */
import type { SchemaElement } from 'hyparquet'
import type { Cell } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import { type Codec, decodedRows } from './codec.ts'
import { cellsOfObject, checkRowCount } from './rows.ts'

/** Apache Parquet: columns by name; others are ignored. */
export const parquet = {
  name: 'parquet',
  mediaTypes: ['application/x-parquet', 'application/vnd.apache.parquet'],
  form: 'binary',
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
    return decodedRows(frameOfCells(context.inputs, cells), ignoredColumns)
  },
} satisfies Codec

/** A Parquet file that is read in parts. */
export interface ParquetFile {
  readonly rows: number
  readonly names: readonly string[]
  /** Returns its columns' values, row group by row group and column by column: numbers, texts, booleans, missing. */
  columns(): AsyncGenerator<ParquetCells>
  /** Unpacked bytes of its largest row group: what is held at a time, column by column. */
  readonly largestRowGroup: number
}

/** Values of one column in one row group. */
export interface ParquetCells {
  readonly name: string
  /** Rows of the file before them. */
  readonly firstRow: number
  readonly values: Iterable<unknown>
  /** Whether it is the last column of its row group. */
  readonly isLast: boolean
  readonly length: number
}

/**
 * Opens a Parquet file.
 * @param slice returns bytes of it; the end is exclusive
 * @throws InputError `invalid_parquet`, also for columns that hold lists or records
 */
export async function openParquet(
  byteLength: number,
  slice: (start: number, end: number) => Promise<ArrayBuffer>,
): Promise<ParquetFile> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ])
  const file = {
    byteLength,
    slice: (start: number, end = byteLength) =>
      slice(start < 0 ? byteLength + start : start, end < 0 ? byteLength + end : end),
  }
  const metadata = await refused(() => parquetMetadataAsync(file))
  const elements = topLevel(metadata.schema)
  for (const { name, num_children: children, repetition_type: repetition } of elements) {
    if (children === undefined && repetition !== 'REPEATED') continue
    throw new InputError(
      'invalid_parquet',
      `column ${quote(name)} holds lists or records; one value a row is needed`,
      [{ column: name }],
    )
  }
  const isDate = new Set(
    elements.filter(({ converted_type: type }) => type === 'DATE').map(({ name }) => name),
  )
  return {
    rows: Number(metadata.num_rows),
    names: elements.map(({ name }) => name),
    largestRowGroup: metadata.row_groups.reduce(
      (most, group) => Math.max(most, Number(group.total_byte_size)),
      0,
    ),
    async *columns() {
      let firstRow = 0
      for (const group of metadata.row_groups) {
        const length = Number(group.num_rows)
        for (const [index, { name }] of elements.entries()) {
          const values: unknown[] = []
          await refused(() =>
            parquetRead({
              file,
              metadata,
              compressors,
              columns: [name],
              rowStart: firstRow,
              rowEnd: firstRow + length,
              onChunk({ columnData, rowStart }) {
                for (let i = 0; i < columnData.length; i++)
                  values[rowStart - firstRow + i] = writtenValue(columnData[i], isDate.has(name))
              },
            }),
          )
          if (values.length !== length) throw broken()
          yield { name, firstRow, values, length, isLast: index === elements.length - 1 }
        }
        firstRow += length
      }
    },
  }
}

/** The columns themselves: a schema lists its tree from the root on. */
function topLevel(schema: readonly SchemaElement[]): SchemaElement[] {
  const children: SchemaElement[] = []
  let at = 1
  const skip = () => {
    const element = schema[at++]
    for (let i = 0; i < (element?.num_children ?? 0); i++) skip()
  }
  while (at < schema.length) {
    children.push(schema[at] as SchemaElement)
    skip()
  }
  return children
}

/** Dates and times as ISO 8601 writes them; they are texts here. */
function writtenValue(value: unknown, isDate: boolean): unknown {
  if (!(value instanceof Date)) return plainValue(value)
  if (Number.isNaN(value.getTime())) throw broken()
  return value.toISOString().slice(0, isDate ? 10 : undefined)
}

async function refused<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof InputError) throw error
    const { code } = error as { code?: unknown }
    // What the file system says is no fault of the bytes.
    if (typeof code === 'string') throw error
    throw broken()
  }
}

function broken(): InputError {
  return new InputError('invalid_parquet', 'this is not a Parquet file that can be read')
}

/** Numbers of 64 bits as the nearest double, NaN and absent values as missing. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === undefined || Number.isNaN(value)) return null
  return value
}

/** Parquet files, column by column; the only reader of them, for training, commands and requests alike. */
import type { SchemaElement } from 'hyparquet'
import { InputError, quote } from '../../errors.ts'
import { broken, type RowGroup, readGroups, readSchema } from './parquet-schema.ts'
import type { TypedCell } from './parquet-types.ts'

/** A Parquet file that is read in parts. */
export interface ParquetFile {
  readonly rows: number
  /** Names of its columns in normal form. */
  readonly names: readonly string[]
  readonly groups: readonly RowGroup[]
  /**
   * Returns the cells of one column in one row group.
   * @throws InputError `invalid_parquet`, also for a column of a type that is not read, naming it
   */
  read(column: number, group: RowGroup): Promise<TypedCell[]>
}

/** Returns bytes of a file; the end is exclusive. */
export type Slice = (start: number, end: number) => Promise<ArrayBuffer>

/**
 * Opens a Parquet file. Nothing in it is believed before it is checked: a column is read alone, so that the library has
 * no other promise under way when one fails.
 * @throws InputError `invalid_parquet` or `duplicate_column`
 */
export async function openParquet(byteLength: number, slice: Slice): Promise<ParquetFile> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ])
  let unreadable: unknown
  const within = (at: number) => Math.min(Math.max(at < 0 ? byteLength + at : at, 0), byteLength)
  const file = {
    byteLength,
    slice: async (start: number, end = byteLength) => {
      const [from, to] = [within(start), within(end)]
      try {
        return from < to ? await slice(from, to) : new ArrayBuffer(0)
      } catch (error) {
        unreadable = error
        throw error
      }
    },
  }
  /** What the library throws at is no file of this kind; what the file system says is no fault of the bytes. */
  const refuseErrors = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      throw error instanceof InputError || error === unreadable ? error : broken()
    }
  }
  const metadata = await refuseErrors(() => parquetMetadataAsync(file))
  const columns = await refuseErrors(async () => readSchema(metadata.schema))
  const groups = await refuseErrors(async () => readGroups(metadata, columns))
  const stored = { ...metadata, schema: withoutMeaning(metadata.schema) }

  return {
    rows: groups.reduce((sum, { length }) => sum + length, 0),
    names: columns.map(({ name }) => name),
    groups,
    async read(index, { firstRow, length }) {
      const { name, written, type } = columns[index]!
      if ('refused' in type)
        throw new InputError('invalid_parquet', `column ${quote(name)} holds ${type.refused}`, [
          { column: name },
        ])
      if (length === 0) return []
      return refuseErrors(async () => {
        const chunks: { columnData: ArrayLike<unknown>; rowStart: number }[] = []
        await parquetRead({
          file,
          metadata: stored,
          compressors,
          columns: [written],
          rowStart: firstRow,
          rowEnd: firstRow + length,
          utf8: false,
          parsers: asStored,
          // It must not throw: nobody would catch it.
          onChunk: (chunk) => chunks.push(chunk),
        })
        return readCells(chunks, firstRow, length, type.read)
      })
    },
  }
}

function readCells(
  chunks: readonly { columnData: ArrayLike<unknown>; rowStart: number }[],
  firstRow: number,
  length: number,
  read: (stored: unknown) => TypedCell,
): TypedCell[] {
  const cells: TypedCell[] = []
  // The values of a dictionary come again and again, and are the same objects then.
  let last: unknown
  let lastCell: TypedCell = null
  for (const { columnData, rowStart } of chunks) {
    if (rowStart - firstRow !== cells.length || cells.length + columnData.length > length)
      throw broken()
    for (let i = 0; i < columnData.length; i++) {
      const stored = columnData[i]
      if (stored !== last) {
        last = stored
        lastCell = stored === undefined || stored === null ? null : read(stored)
      }
      cells.push(stored === undefined || stored === null ? null : lastCell)
    }
  }
  if (cells.length !== length) throw broken()
  return cells
}

/** Returns the schema without what values mean, so that the library gives them as they are stored. */
function withoutMeaning(schema: readonly SchemaElement[]): SchemaElement[] {
  return schema.map((element) =>
    element.num_children === undefined
      ? { ...element, converted_type: undefined, logical_type: undefined }
      : element,
  )
}

/** INT96 is a time by its physical type: as nanoseconds since 1970. */
const asStored = { timestampFromNanoseconds: (nanoseconds: bigint) => nanoseconds }

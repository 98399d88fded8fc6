/** Parquet files, column by column; the only reader of them, for training, commands and requests alike. */
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
   * @throws InputError `invalid_parquet`, also for a column of a type that is not read, naming it; `too_large`
   */
  read(column: number, group: RowGroup): Promise<TypedCell[]>
}

/** Returns bytes of a file; the end is exclusive. */
export type Slice = (start: number, end: number) => Promise<ArrayBuffer>

/**
 * Is told what a column's pages in a row group are unpacked, together and with all that was read before, before memory
 * is taken for it.
 * @throws InputError `too_large` when that is too much
 */
export type CheckUnpacked = (column: number, total: number) => void

/**
 * Opens a Parquet file. Nothing in it is believed before it is checked: what it announces must be there, or memory is
 * not taken for it.
 * @param checkUnpacked limits what is unpacked; by default, every column of a row group
 * @throws InputError `invalid_parquet`, `duplicate_column` or `too_large`
 */
export async function openParquet(
  byteLength: number,
  slice: Slice,
  checkUnpacked: CheckUnpacked = checkColumn,
): Promise<ParquetFile> {
  const { parseFooter, readChunk, TAIL } = await import('./parquet-chunk.ts')
  if (byteLength < TAIL) throw broken()
  const tail = new DataView(await slice(byteLength - TAIL, byteLength))
  const footer = tail.getUint32(0, true) + TAIL
  if (tail.getUint32(4, true) !== LETTERS || footer > byteLength) throw broken()
  const metadataBytes = await slice(byteLength - footer, byteLength)
  const metadata = refuseErrors(() => parseFooter(metadataBytes))
  const columns = refuseErrors(() => readSchema(metadata.schema))
  const groups = refuseErrors(() => readGroups(metadata, columns))
  let total = 0

  return {
    rows: groups.reduce((sum, { length }) => sum + length, 0),
    names: columns.map(({ name }) => name),
    groups,
    async read(index, { length, chunks }) {
      const { name, element, type, firstLeaf } = columns[index]!
      if ('refused' in type)
        throw new InputError('invalid_parquet', `column ${quote(name)} holds ${type.refused}`, [
          { column: name },
        ])
      if (length === 0) return []
      const { meta_data: chunk, file_path: elsewhere } = chunks[firstLeaf]!
      const start = Number(chunk?.dictionary_page_offset || chunk?.data_page_offset)
      const end = Math.min(byteLength, start + Number(chunk?.total_compressed_size))
      if (!chunk || elsewhere || !(start >= 0 && end > start)) throw broken(name)
      const bytes = await slice(start, end)
      let unpacked = 0
      const reserve = (size: number) => {
        unpacked += size
        total += size
        checkUnpacked(unpacked, total)
      }
      const column = { element, read: type.read }
      return refuseErrors(() => readChunk(bytes, chunk, column, length, reserve), name)
    },
  }
}

/** "PAR1" as a number. */
const LETTERS = 0x31524150

/** What is thrown at bytes that are no file of this kind means just that. */
function refuseErrors<T>(read: () => T, column?: string): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InputError ? error : broken(column)
  }
}

/** Most bytes of a column in a row group, unpacked. */
const MOST_COLUMN_BYTES = 2 ** 29

function checkColumn(column: number): void {
  if (column > MOST_COLUMN_BYTES)
    throw new InputError(
      'too_large',
      `a column of a row group unpacks to more than ${MOST_COLUMN_BYTES >> 20} MiB; write the file with smaller row groups`,
    )
}

/** Files of rows as parts that can be answered one after another: CSV, JSON Lines, Parquet; other forms as a whole. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { getHeapStatistics } from 'node:v8'
import { startsWithHeader } from '../codecs/csv.ts'
import { findPositions } from '../codecs/rows.ts'
import { findBlockEnd } from '../data/csv.ts'
import { normalText } from '../data/text.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, inFile, quote } from '../errors.ts'
import type { PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { type Block, splitRecords } from './blocks.ts'
import type { Reading } from './file-form.ts'
import { refuseTitle } from './formats/dialect.ts'
import { openParquet } from './formats/parquet.ts'
import type { TypedCell } from './formats/parquet-types.ts'
import { toPlainCsv } from './formats/plain-csv.ts'
import {
  collect,
  follow,
  guessFormat,
  type InputFormat,
  isArchive,
  MOST_WHOLE,
  openArchived,
  openText,
  tooLong,
  unpackChunks,
} from './row-text.ts'

export { guessFormat, type InputFormat } from './row-text.ts'

/** A part of a file that is a request of its own. */
export interface Part {
  readonly body: Uint8Array
  /** Form of the body: that of the file, or JSON Lines for Parquet. */
  readonly format: Exclude<InputFormat, 'parquet'>
  /** Parameters of its media type. */
  readonly parameters: ReadonlyMap<string, string>
  /** Rows before it. */
  readonly rowOffset: number
  /** Columns of the file that the body does not have any more, because the model has none of them. */
  readonly ignored?: readonly string[]
  /** Columns that are kept but not in the body, by their names, and the names of all columns of the file. */
  readonly kept?: {
    readonly names: readonly string[]
    readonly cells: ReadonlyMap<string, readonly TypedCell[]>
  }
  /** How far into the file it reaches, of how much; 0 where the size is not known. */
  readonly done: number
  readonly total: number
}

/** Bytes of a part: enough that answering it costs more than passing it around. */
export const PART_BYTES = 256 << 10

/** A file, or standard input as `-`, opened and looked into. */
export interface RowFile {
  readonly format: InputFormat
  /** How it is written, where that is not the usual way. */
  readonly notes: readonly string[]
  /**
   * Returns the parts for a model, or for one that is somewhere else: then the first row of CSV is a header unless it is
   * said that there is none, and all columns are kept.
   * @param keep columns that are wanted besides those of the model
   */
  parts(
    model: Columns | undefined,
    partBytes: number,
    keep?: readonly string[],
  ): AsyncGenerator<Part>
}

/** What a model says of its columns. */
export type Columns = Pick<PreprocessorSpec, 'inputs' | 'otherColumns'>

/** What flags say of a file of rows. */
export interface RowFileOptions {
  /** What it is written in; otherwise guessed. */
  readonly format?: InputFormat
  readonly reading?: Reading
  /** Whether CSV has a header, whatever its first row looks like; otherwise it is looked at. */
  readonly hasHeader?: boolean | undefined
}

/**
 * Opens a file of rows. Text that is not UTF-8, and CSV that is not separated by commas, is rewritten on the way.
 * @throws InputError `invalid_file`
 */
export async function openRowFile(file: string, options: RowFileOptions = {}): Promise<RowFile> {
  const { format, reading, hasHeader } = options
  const unpacked = unpackChunks(file)
  const { chunks } = unpacked
  const first = await chunks.next()
  const start = first.done ? new Uint8Array() : first.value
  const isPacked = unpacked.isPacked()
  const isParquet = (format ?? guessFormat(file, start)) === 'parquet'
  if (isParquet && isPacked) {
    await chunks.return(undefined)
    throw new InputError(
      'invalid_file',
      `the file ${quote(file, 256)} is Parquet packed by gzip; unpack it first`,
    )
  }
  if (isParquet)
    return {
      format: 'parquet',
      notes: [],
      async *parts(model, partBytes, keep) {
        await chunks.return(undefined)
        yield* parquetParts(file, model, partBytes, keep)
      },
    }
  const text = isArchive(file, start)
    ? await openArchived(file, format, reading, follow([start], chunks))
    : await openText(file, format, reading, follow([start], chunks))
  // How long it is unpacked is not known, nor as what it is rewritten.
  const isAsItLies = file !== '-' && !isPacked && text.isPlain
  const size = isAsItLies ? (await stat(file)).size : 0
  const found = text.format
  return {
    format: found,
    notes: text.notes,
    async *parts(model, partBytes, keep = []) {
      const { header } = text.examined
      // Below a title stand names; without any of the model's, the first rows may well be rows.
      const isNamed =
        !model ||
        header.some((field) => model.inputs.some(({ name }) => name === normalText(field)))
      if (found === 'csv' && hasHeader !== false && isNamed)
        refuseTitle(text.examined, '--skip-rows')
      // A table of one column has nothing that would separate it.
      const { length } = model ? model.inputs : header
      const isOther = found === 'csv' && !text.isPlain && (length > 1 || reading?.delimiter)
      const bytes = isOther
        ? toPlainCsv(text.bytes, text.examined, hasHeader !== false)
        : text.bytes
      const isHeader = (body: Uint8Array) =>
        hasHeader ?? (!model || beginsWithNames(decodeUtf8(body), model, keep))
      if (found === 'json' || partBytes === Number.POSITIVE_INFINITY) {
        const body = await collect(bytes)
        const parameters = found === 'csv' ? headerParameter(isHeader(body)) : new Map()
        yield { ...wholePart(body, found), parameters }
      } else if (found === 'csv')
        yield* csvParts(splitRecords(bytes, partBytes, true), isHeader, size)
      else
        for await (const block of splitRecords(bytes, partBytes, false))
          yield partOf(block, 'jsonl', block.bytes, size)
    },
  }
}

function wholePart(body: Uint8Array, format: Part['format']): Part {
  return { body, format, parameters: new Map(), rowOffset: 0, done: 0, total: 0 }
}

function partOf(block: Block, format: Part['format'], body: Uint8Array, total: number): Part {
  const { records, end } = block
  return { body, format, parameters: new Map(), rowOffset: records, done: end, total }
}

/** Whether the first row of CSV has names: those of the training table and those that are kept, or all of the model's. */
function beginsWithNames(
  text: string,
  { inputs, otherColumns }: Columns,
  keep: readonly string[],
): boolean {
  const known = [...otherColumns, ...keep]
  return startsWithHeader(text, { inputs, otherColumns: known, maxRows: 1 }, true)
}

/** Every part is decoded as the first one is: with the file's header, or without one. */
async function* csvParts(
  blocks: AsyncIterable<Block>,
  isHeader: (start: Uint8Array) => boolean,
  total: number,
): AsyncGenerator<Part> {
  let header: Buffer | undefined
  for await (const block of blocks) {
    const part = partOf(block, 'csv', block.bytes, total)
    if (block.records === 0) {
      const hasHeader = isHeader(block.bytes)
      // Where others follow, the block ends with a line end, and so does its first row, whatever blank lines it is behind.
      if (hasHeader) header = Buffer.from(block.bytes.subarray(0, findBlockEnd(block.bytes, 0, 1)))
      yield { ...part, parameters: headerParameter(hasHeader) }
    } else if (header) {
      const body = Buffer.concat([header, block.bytes])
      const rowOffset = block.records - 1
      yield { ...part, body, rowOffset, parameters: headerParameter(true) }
    } else yield { ...part, parameters: headerParameter(false) }
  }
}

function headerParameter(present: boolean): ReadonlyMap<string, string> {
  return new Map([['header', present ? 'present' : 'absent']])
}

/**
 * Row groups as JSON Lines, which carry names and every type of cell with all digits. Columns that the model does not
 * have are left out.
 */
async function* parquetParts(
  file: string,
  model: Columns | undefined,
  partBytes: number,
  keep: readonly string[] = [],
): AsyncGenerator<Part> {
  if (file === '-')
    throw new InputError('invalid_file', 'Parquet is read from files only, not standard input')
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const parquet = await openParquet(size, (from, to) => slice(handle, from, to))
    const { positions, ignored } = model
      ? findPositions({ ...model, maxRows: 1 }, parquet.names)
      : { positions: parquet.names.map((_, at) => at), ignored: undefined }
    const keptAt = parquet.names.flatMap((own, position) => {
      const name = normalText(own)
      return keep.includes(name) ? [{ name, position }] : []
    })
    const total = parquet.rows
    for (const group of parquet.groups) {
      checkGroup(group.length * (positions.length + keptAt.length))
      const columns: { readonly key: string; readonly cells: readonly TypedCell[] }[] = []
      for (const [j, position] of positions.entries()) {
        if (position < 0) continue
        const cells = await parquet.read(position, group)
        const name = model ? model.inputs[j]!.name : parquet.names[position]
        columns.push({ key: JSON.stringify(name), cells })
      }
      const kept = new Map<string, readonly TypedCell[]>()
      for (const { name, position } of keptAt) kept.set(name, await parquet.read(position, group))
      for (let from = 0, to = 0; from < group.length; from = to) {
        const lines: string[] = []
        for (let length = 0; to < group.length && length < partBytes; to++) {
          const members = columns.map(({ key, cells }) => `${key}:${writeCell(cells[to]!)}`)
          const line = `{${members.join(',')}}\n`
          lines.push(line)
          length += line.length
          if (length > MOST_WHOLE) throw tooLong()
        }
        const rowOffset = group.firstRow + from
        const body = Buffer.from(lines.join(''))
        const cells = new Map([...kept].map(([name, all]) => [name, all.slice(from, to)]))
        yield {
          ...{ ...wholePart(body, 'jsonl'), rowOffset, ignored, done: group.firstRow + to, total },
          ...(keep.length === 0 ? {} : { kept: { names: parquet.names, cells } }),
        }
      }
    }
  } catch (error) {
    throw inFile(file, error)
  } finally {
    await handle.close()
  }
}

/** What a cell takes while its row group is read. */
const CELL_BYTES = 24

/** @throws InputError `too_large` before the memory of this process is full */
function checkGroup(cells: number): void {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  if (cells * CELL_BYTES > limit - used)
    throw new InputError(
      'too_large',
      `a row group has ${cells} values, more than this process has memory for; write the file with smaller row groups`,
    )
}

/** Returns a cell as JSON, the sign of zero included; an infinity as a number beyond all doubles, which is refused. */
function writeCell(cell: TypedCell): string {
  if (typeof cell !== 'number') return typeof cell === 'bigint' ? `${cell}` : JSON.stringify(cell)
  if (Object.is(cell, -0)) return '-0'
  return Number.isFinite(cell) ? String(cell) : cell < 0 ? '-1e999' : '1e999'
}

async function slice(handle: FileHandle, from: number, to: number): Promise<ArrayBuffer> {
  const bytes = new ArrayBuffer(to - from)
  await handle.read(new Uint8Array(bytes), 0, to - from, from)
  return bytes
}

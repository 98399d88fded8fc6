/** Training files as one table. */
import { relative } from 'node:path'
import type { DataFrame } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import { sha256 } from '../model-directory/read.ts'
import { createCsvReader, type Header, type TableReader } from './formats/csv.ts'
import { addCell, createJsonLinesReader, type JsonColumn } from './formats/json-lines.ts'
import { openParquet, type ParquetFile } from './formats/parquet.ts'
import { createTableBuilder, type TableBuilder, type TableFile } from './formats/table-builder.ts'
import { hashPieces, type InputFile, openInputFile } from './input-files.ts'
import { createMemoryBudget, type ProcessBudget } from './memory.ts'
import { unpack } from './unpack.ts'

export type { Header } from './formats/csv.ts'
export { readInputFile } from './input-files.ts'

export type TableFormat = 'csv' | 'jsonl' | 'parquet'

/** Files that make one table. */
export interface TableSource {
  readonly files: readonly string[]
  /** The directory they are from, and where their names begin in messages. */
  readonly directory?: string
  readonly root?: string
  /** What the files are where their names do not say it. */
  readonly format?: TableFormat
  /** Columns of CSV that are read as texts even if they look like decimals. */
  readonly texts?: readonly string[]
}

/** A table with what its files were. */
export interface ReadTable {
  readonly table: DataFrame
  readonly files: readonly FileSummary[]
  /** SHA-256 of the file, or of the files' hashes. */
  readonly sha: string
  /** The first file, for messages. */
  readonly name: string
  /** Whether columns have the names that the files give them; otherwise label, f1, f2 … */
  readonly isNamed: boolean
}

/** What is said about a file. */
export interface FileSummary {
  readonly name: string
  readonly rows: number
  readonly columns: number
  readonly bytes: number
}

/** An open file of a known kind. */
interface SourceFile extends InputFile {
  readonly name: string
  readonly format: TableFormat
}

/**
 * Reads the files into one table, piece by piece; SageMaker's CSV has no header and its label first.
 * @throws InputError naming the file and the place in it, or `too_large` before there is too little memory
 */
export async function readTables(
  source: TableSource,
  header: Header,
  budget: ProcessBudget = createMemoryBudget(),
): Promise<ReadTable> {
  if (source.files.length === 0) throw new InputError('empty_data', 'there is no table to read')
  const files: SourceFile[] = []
  try {
    for (const path of source.files) {
      const file = await openInputFile(path)
      const name = source.root === undefined ? path : relative(source.root, path)
      files.push({ ...file, name, format: await inFile(path, () => formatOf(file, source.format)) })
    }
    return await readFiles(files, header, budget, source.texts)
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

async function readFiles(
  files: readonly SourceFile[],
  header: Header,
  budget: ProcessBudget,
  asTexts: TableSource['texts'] = [],
): Promise<ReadTable> {
  const expected = await estimate(files, header)
  checkMemory(expected, budget)
  const isCsv = files.every(({ format }) => format === 'csv')
  const texts = isCsv ? new Set([...expected.texts, ...asTexts]) : expected.texts
  const builder = createTableBuilder({ capacity: expected.rows, texts, budget })
  let pass = await readAll(files, header, builder, budget)
  if (builder.torn().length > 0) {
    const { hashes } = pass
    builder.restart()
    pass = await readAll(files, header, builder, budget)
    const changed = files.find((_, i) => pass.hashes[i] !== hashes[i])
    if (changed)
      throw new InputError('invalid_file', `${changed.path}: the file changed while it was read`)
  }
  const table = builder.finish()
  const { hashes, rows } = pass
  return {
    table,
    files: files.map(({ path, size }, i) => ({
      name: path,
      rows: rows[i]!,
      columns: table.names.length,
      bytes: size,
    })),
    sha: hashes.length === 1 ? hashes[0]! : sha256(Buffer.from(hashes.join('\n'))),
    name: files[0]?.name ?? '',
    isNamed: header === 'present' || files.every(({ format }) => format !== 'csv'),
  }
}

async function readAll(
  files: readonly SourceFile[],
  header: Header,
  builder: TableBuilder,
  budget: ProcessBudget,
) {
  const hashes: string[] = []
  const rows: number[] = []
  for (const file of files) {
    const before = builder.rows
    hashes.push(await inFile(file.path, () => readFile(file, header, builder, budget)))
    rows.push(builder.rows - before)
  }
  return { hashes, rows }
}

/** Reads a file and returns the SHA-256 of its bytes. */
async function readFile(
  file: SourceFile,
  header: Header,
  builder: TableBuilder,
  budget: ProcessBudget,
): Promise<string> {
  const { pieces, digest } = hashPieces(file.pieces())
  const target = builder.openFile(file.name)
  if (file.format === 'parquet') {
    for await (const _ of pieces);
    await readParquet(await openParquetFile(file, budget), target, builder)
    return digest()
  }
  const reader = createReader(file, header, target)
  let isEmpty = true
  for await (const piece of unpack(file.path, pieces)) {
    isEmpty = false
    reader.write(piece)
    builder.checkMemory()
  }
  if (isEmpty) throw new InputError('empty_data', 'the file is empty')
  reader.end()
  return digest()
}

function createReader(file: SourceFile, header: Header, target: TableFile): TableReader {
  return file.format === 'jsonl' ? createJsonLinesReader(target) : createCsvReader(target, header)
}

function openParquetFile(file: SourceFile, budget?: ProcessBudget): Promise<ParquetFile> {
  const slice = async (start: number, end: number) => {
    const bytes = await file.slice(start, end)
    return bytes.slice().buffer as ArrayBuffer
  }
  return openParquet(file.size, slice, (column) => budget?.check(column))
}

async function readParquet(
  parquet: ParquetFile,
  target: TableFile,
  builder: TableBuilder,
): Promise<void> {
  const columns = new Map<string, JsonColumn>(
    parquet.names.map((name) => [
      name,
      { name, builder: target.column(name), type: undefined, row: 0 },
    ]),
  )
  for (const group of parquet.groups) {
    for (const [index, name] of parquet.names.entries()) {
      const column = columns.get(name) as JsonColumn
      let row = group.firstRow
      for (const value of await parquet.read(index, group)) addCell(column, value, ++row)
      builder.checkMemory()
    }
    for (let i = 0; i < group.length; i++) target.endRow()
  }
  target.end()
}

/** By the file's ending, else as its channel says; a Parquet file begins with its own letters. */
async function formatOf(file: InputFile, format: TableSource['format']): Promise<TableFormat> {
  const name = file.path.replace(/\.gz$/i, '')
  if (/\.(jsonl|ndjson)$/i.test(name)) return 'jsonl'
  if (/\.(parquet|pq)$/i.test(file.path)) return 'parquet'
  if (Buffer.from(await file.slice(0, 4)).toString('latin1') === 'PAR1') return 'parquet'
  if (format !== undefined) return format
  if (/\.(csv|txt)$/i.test(name) || !/\.[a-z0-9]+$/i.test(name)) return 'csv'
  throw new InputError(
    'invalid_file',
    'this kind of file is not read; .csv, .jsonl and .parquet are',
  )
}

/** What the files will probably hold. */
interface Expected {
  readonly rows: number
  readonly columns: number
  /** Columns whose first part is text. */
  readonly texts: ReadonlySet<string>
}

/** Judges all files by the first piece of one of them; Parquet files say how many rows they have. */
async function estimate(files: readonly SourceFile[], header: Header): Promise<Expected> {
  let rows = 0
  let columns = 0
  let texts = new Set<string>()
  let sample: Sample | undefined
  for (const file of files) {
    if (file.format === 'parquet') {
      const parquet = await inFile(file.path, () => openParquetFile(file))
      rows += parquet.rows
      columns = Math.max(columns, parquet.names.length)
    } else {
      if (!sample) {
        sample = await readSample(file, header)
        columns = Math.max(columns, sample.columns)
        texts = new Set(sample.texts)
      }
      rows += Math.ceil(file.size * sample.rowsPerByte)
    }
  }
  return { rows: rows + 1, columns, texts }
}

interface Sample {
  /** Rows of a byte of the file as it lies there, packed or not. */
  readonly rowsPerByte: number
  readonly columns: number
  readonly texts: readonly string[]
}

/** How much of a file is looked at before it is read. */
const SAMPLE = 2 ** 21
/** Small pieces tell how many packed bytes the unpacked ones were. */
const SAMPLE_PIECE = 2 ** 16
/** How many more rows there may be than the sample says before memory has to be moved. */
const SLACK = 1.1

/** Reads the beginning of a file. What is wrong with it will be said when the file is read. */
async function readSample(file: SourceFile, header: Header): Promise<Sample> {
  const builder = createTableBuilder({ capacity: 16 })
  let packed = 0
  const counted = async function* () {
    for await (const piece of file.pieces(SAMPLE_PIECE)) {
      packed += piece.length
      yield piece
    }
  }
  let isWhole = true
  try {
    const reader = createReader(file, header, builder.openFile(file.name))
    let unpacked = 0
    for await (const piece of unpack(file.path, counted())) {
      isWhole = unpacked < SAMPLE || builder.rows === 0
      if (!isWhole) break
      reader.write(piece)
      unpacked += piece.length
    }
    if (isWhole) reader.end()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
  }
  const { rows, names } = builder
  return {
    rowsPerByte: (rows / Math.max(1, packed)) * (isWhole ? 1 : SLACK),
    columns: names.length,
    texts: builder.texts(),
  }
}

/** What a training takes: its table, the matrix of its features with their ranks and bins, and work on every row. */
const BYTES_PER_ROW = 64
const BYTES_PER_CELL = 8 + 14

/** @throws InputError `too_large` with the memory that the training would take */
function checkMemory({ rows, columns }: Expected, budget: ProcessBudget): void {
  budget.check(rows * (columns * BYTES_PER_CELL + BYTES_PER_ROW))
}

async function inFile<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(error.code, `${path}: ${error.message}`, error.places)
  }
}

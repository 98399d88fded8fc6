/** Training files as one table. */
import { relative } from 'node:path'
import type { DataFrame } from '../data/frame.ts'
import { InputError, inFile, listNames, placed } from '../errors.ts'
import { sha256 } from '../model-directory/read.ts'
import { type Expected, estimate } from './estimate.ts'
import { examineFile, type FileForm, type Reading, type TableFormat } from './file-form.ts'
import type { Header } from './formats/csv.ts'
import { refuseTitle } from './formats/dialect.ts'
import { ENCODING_HINT } from './formats/encoding.ts'
import { addCell, type JsonColumn } from './formats/json-objects.ts'
import type { ParquetFile } from './formats/parquet.ts'
import { createTableBuilder, type TableBuilder, type TableFile } from './formats/table-builder.ts'
import { hashPieces, type InputFile, openInputFile } from './input-files.ts'
import { createMemoryBudget, type ProcessBudget } from './memory.ts'
import { createReader, openParquetFile, type SourceFile } from './source-file.ts'

export type { Reading, TableFormat } from './file-form.ts'
export type { Header } from './formats/csv.ts'
export { readInputFile } from './input-files.ts'

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
  /** What flags say of the way that the files are written; absent where there are no such flags. */
  readonly reading?: Reading
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
  /** What may not be as it was meant. */
  readonly warnings: readonly string[]
}

/** What is said about a file. */
export interface FileSummary {
  readonly name: string
  readonly rows: number
  readonly columns: number
  readonly bytes: number
  /** How it is written, where that is not the usual way. */
  readonly notes: readonly string[]
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
      const form = await examine(file, source, header).catch((error) => {
        throw inFile(path, error)
      })
      files.push({ ...file, name, form, hasFlags: source.reading !== undefined })
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
  const isCsv = files.every(({ form }) => form.format === 'csv')
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
    files: files.map(({ path, size, form }, i) => ({
      name: path,
      rows: rows[i]!,
      columns: table.names.length,
      bytes: size,
      notes: form.notes,
    })),
    sha: hashes.length === 1 ? hashes[0]! : sha256(Buffer.from(hashes.join('\n'))),
    name: files[0]?.name ?? '',
    isNamed:
      header === 'present' ||
      header === 'numbered' ||
      files.every(({ form }) => form.format !== 'csv'),
    warnings: header === 'present' ? files.flatMap(warnOfData) : [],
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
    hashes.push(await readHinted(file, header, builder, budget))
    rows.push(builder.rows - before)
  }
  return { hashes, rows }
}

/** Names the file of what is wrong in it, and the flag that may help. */
async function readHinted(
  file: SourceFile,
  header: Header,
  builder: TableBuilder,
  budget: ProcessBudget,
): Promise<string> {
  try {
    return await readFile(file, header, builder, budget)
  } catch (error) {
    if (!(error instanceof InputError) || !file.hasFlags) throw inFile(file.path, error)
    const isHeader = error.code === 'duplicate_column' || error.code === 'empty_column_name'
    const isCsv = file.form.format === 'csv' && header === 'present'
    const hint =
      error.code === 'invalid_utf8' ? ENCODING_HINT : isHeader && isCsv ? HEADER_HINT : undefined
    const told =
      hint === undefined
        ? error
        : new InputError(error.code, placed`${error.text}; ${hint}`, error.places)
    throw inFile(file.path, told)
  }
}

const HEADER_HINT = 'if the file has no header, add --no-header'

/** Reads a file and returns the SHA-256 of its bytes. */
async function readFile(
  file: SourceFile,
  header: Header,
  builder: TableBuilder,
  budget: ProcessBudget,
): Promise<string> {
  const { pieces, digest } = hashPieces(file.pieces())
  const target = builder.openFile(file.name)
  const { form } = file
  if (form.format === 'parquet' || form.isArchive) for await (const _ of pieces);
  if (form.format === 'parquet') {
    await readParquet(await openParquetFile(file, budget), target, builder)
    return digest()
  }
  const reader = createReader(file, header, target)
  let isEmpty = true
  for await (const piece of form.text(pieces)) {
    isEmpty = false
    reader.write(piece)
    builder.checkMemory()
  }
  if (isEmpty) throw new InputError('empty_data', 'the file is empty')
  reader.end()
  return digest()
}

async function readParquet(
  parquet: ParquetFile,
  target: TableFile,
  builder: TableBuilder,
): Promise<void> {
  const columns = new Map<string, JsonColumn>(
    parquet.names.map((name) => [
      name,
      { name, builder: target.column(name), type: undefined, row: 0, what: 'row' },
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

/** What a training takes: its table, the matrix of its features with their ranks and bins, and work on every row. */
const BYTES_PER_ROW = 64
const BYTES_PER_CELL = 8 + 14

/** @throws InputError `too_large` with the memory that the training would take */
function checkMemory({ rows, columns }: Expected, budget: ProcessBudget): void {
  budget.check(rows * (columns * BYTES_PER_CELL + BYTES_PER_ROW))
}

/** @throws InputError `invalid_file`, or `invalid_csv` for a title above the header */
async function examine(file: InputFile, source: TableSource, header: Header): Promise<FileForm> {
  const { reading, format } = source
  const isPlain = header === 'absent' || header === 'assumed_absent'
  const form = await examineFile(file, { reading, format, isPlain })
  if (header === 'present') refuseTitle(form.examined, reading && '--skip-rows')
  return form
}

function warnOfData({ name, form: { examined }, hasFlags }: SourceFile): string[] {
  if (!examined.isData) return []
  const how = hasFlags ? '; if the file has no header, add --no-header' : ''
  return [
    `${name}: the names of the columns look like data (${listNames(examined.first, 5)})${how}`,
  ]
}

/** Training files as one table. */
import { constants } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { sha256 } from '../artifact/store.ts'
import { parseCsv } from '../data/csv.ts'
import type { DataFrame } from '../data/frame.ts'
import { isDecimal, isMissingText } from '../data/number.ts'
import { concatTables, readCsvTable, readJsonLinesTable } from '../data/table.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { unpack } from './unpack.ts'

/** Files that make one table. */
export interface TableSource {
  readonly files: readonly string[]
  /** The directory they are from, and where their names begin in messages. */
  readonly directory?: string
  readonly root?: string
  /** What the files are where their names do not say it. */
  readonly format?: 'csv' | 'jsonl'
}

/** Whether CSV files begin with column names; `assumed_absent` is looked into. */
export type Header = 'present' | 'absent' | 'assumed_absent'

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

/** Reads the files; SageMaker's CSV has no header and its label first. */
export async function readTables(source: TableSource, header: Header): Promise<ReadTable> {
  const parts: { name: string; frame: DataFrame }[] = []
  const files: FileSummary[] = []
  const hashes: string[] = []
  let isNamed = true
  for (const path of source.files) {
    const name = source.root === undefined ? path : relative(source.root, path)
    const bytes = await readInputFile(path)
    hashes.push(sha256(bytes))
    const { frame, hasNames } = await readTable(path, bytes, header, source.format)
    isNamed = isNamed && hasNames
    parts.push({ name, frame })
    files.push({ name: path, rows: frame.length, columns: frame.names.length, bytes: bytes.length })
  }
  const sha = hashes.length === 1 ? (hashes[0] as string) : sha256(Buffer.from(hashes.join('\n')))
  return { table: concatTables(parts), files, sha, name: parts[0]?.name ?? '', isNamed }
}

async function readTable(
  path: string,
  packed: Buffer,
  header: Header,
  format: TableSource['format'],
): Promise<{ frame: DataFrame; hasNames: boolean }> {
  try {
    const bytes = await unpack(path, packed)
    if (bytes.length === 0) throw new InputError('empty_data', 'the file is empty')
    if (bytes.length > constants.MAX_STRING_LENGTH)
      throw new InputError(
        'too_large',
        `${bytes.length} bytes of text, at most ${constants.MAX_STRING_LENGTH} are read; split the file`,
      )
    const text = decodeUtf8(bytes)
    if (formatOf(path, format) === 'jsonl')
      return { frame: readJsonLinesTable(text), hasNames: true }
    if (header === 'present') return { frame: readCsvTable(text), hasNames: true }
    return { frame: readHeaderless(text, header), hasNames: false }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(error.code, `${path}: ${error.message}`, error.places)
  }
}

function formatOf(path: string, format: TableSource['format']): 'csv' | 'jsonl' {
  const name = path.replace(/\.gz$/i, '')
  if (/\.(jsonl|ndjson)$/i.test(name)) return 'jsonl'
  if (format !== undefined) return format
  if (/\.(csv|txt)$/i.test(name) || !/\.[a-z0-9]+$/i.test(name)) return 'csv'
  throw new InputError('invalid_file', 'this kind of file is not read; .csv and .jsonl are')
}

function readHeaderless(text: string, header: Header): DataFrame {
  const [first = [], second = []] = parseCsv(text, { header: false, maxRows: 2 })
  const hasNumber = (row: readonly string[]) => row.some(isDecimal)
  const isHeader =
    first.every((cell) => !isMissingText(cell)) && !hasNumber(first) && hasNumber(second)
  if (header === 'assumed_absent' && isHeader) {
    throw new InputError(
      'invalid_csv',
      `row 1 (${listNames(first, 5)}) has no number and row 2 has, so it may be a header; set the hyperparameter target to the label's column, or header to present or absent`,
      [{ row: 1 }],
    )
  }
  return readCsvTable(text, ['label', ...first.slice(1).map((_, i) => `f${i + 1}`)])
}

/** Returns a file's bytes; `-` is standard input. */
export async function readInputFile(path: string): Promise<Buffer> {
  try {
    if (path !== '-') return await readFile(path)
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a directory'
          : `cannot be read: ${code}`
    throw new InputError('invalid_file', `the file ${quote(path, 256)} ${why}`)
  }
}

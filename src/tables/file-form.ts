/** How a file of rows is written: what it is packed in, its format, its encoding, its dialect of CSV. */

import { isZip } from '../data/zip.ts'
import { InputError, quote } from '../errors.ts'
import {
  type Delimiter,
  delimiters,
  type Examined,
  examineCsv,
  plainDialect,
} from './formats/dialect.ts'
import { detectEncoding, toUtf8, withoutLines } from './formats/encoding.ts'
import type { InputFile } from './input-files.ts'
import { isSpreadsheet, readSpreadsheet } from './spreadsheet.ts'
import { unpack } from './unpack.ts'
import { onlyEntry, readZipDirectory, readZipEntry } from './zip.ts'

export type TableFormat = 'csv' | 'json' | 'jsonl' | 'parquet'

/** What is known of the way that files are written; the rest is looked for in them. */
export interface Reading {
  readonly delimiter?: Delimiter
  /** By its name in the Encoding Standard. */
  readonly encoding?: string
  /** Lines in front of the header, or of the first row. */
  readonly skipRows?: number
}

/** How a text is written. */
export interface TextForm {
  readonly encoding: string
  readonly examined: Examined
  readonly skipRows: number
  /** What is not as usual, in words. */
  readonly notes: readonly string[]
}

/** How a file is written, and its text. */
export interface FileForm extends TextForm {
  readonly format: TableFormat
  /** Bytes of its text, where an archive says so; it is a guess. */
  readonly textSize?: number
  /**
   * Returns its text in UTF-8.
   * @param packed its bytes, which must be those of the whole file where it is not an archive
   */
  text(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** Whether its text is taken from the file itself, whatever bytes are given. */
  readonly isArchive: boolean
}

/** How much of a text is looked at. */
export const SAMPLE_BYTES = 2 ** 18

const unexamined: Examined = {
  ...plainDialect,
  titles: 0,
  title: '',
  isData: false,
  first: [],
  header: [],
}

/**
 * Looks into a file.
 * @param options.format what it is, where its name does not say it
 * @param options.isPlain whether CSV is known to be as requests have it
 * @throws InputError `invalid_file` for a kind of file that is not read
 */
export async function examineFile(
  file: InputFile,
  options: {
    readonly reading?: Reading
    readonly format?: TableFormat
    readonly isPlain?: boolean
  } = {},
): Promise<FileForm> {
  const start = await file.slice(0, 8)
  if (/\.(parquet|pq)$/i.test(file.path) || Buffer.from(start.subarray(0, 4)).equals(PARQUET))
    return { ...plainForm, format: 'parquet', text: (packed) => unpack(file.path, packed) }
  const opened = await openArchive(file, start)
  const name = opened?.name ?? file.path.replace(/\.gz$/i, '')
  const pieces = opened?.pieces ?? ((packed) => unpack(file.path, packed))
  const beginning = pieces(file.pieces(2 ** 16))
  const sample = await takeSample(beginning)
  await beginning.return(undefined)
  const form = examineText(sample.bytes, sample.isWhole, options)
  const format = opened?.format ?? formatOf(name, form.sample, options.format)
  const isCsv = format === 'csv' && (options.isPlain !== true || options.reading !== undefined)
  const { encoding, skipRows } = form
  const { examined, notes } = isCsv ? form : { examined: unexamined, notes: form.otherNotes }
  return {
    format,
    encoding,
    skipRows,
    examined,
    notes: [...(opened ? [opened.note] : []), ...notes],
    textSize: opened?.size,
    isArchive: opened !== undefined,
    text: (packed) => decoded(pieces(packed), encoding, skipRows),
  }
}

const PARQUET = Buffer.from('PAR1')

const plainForm = {
  encoding: 'utf-8',
  examined: unexamined,
  skipRows: 0,
  notes: [],
  isArchive: false,
} as const satisfies Partial<FileForm>

/** Returns a text in UTF-8, without the lines that do not count; what is so already passes untouched. */
export function decoded(
  pieces: AsyncGenerator<Uint8Array>,
  encoding: string,
  skipRows: number,
): AsyncGenerator<Uint8Array> {
  const text = encoding === 'utf-8' ? pieces : toUtf8(pieces, encoding)
  return skipRows === 0 ? text : withoutLines(text, skipRows)
}

/**
 * Looks at the beginning of a text as that of CSV.
 * @returns with the sample in UTF-8, and what there is to say of a text that is no CSV
 */
export function examineText(
  start: Uint8Array,
  isWhole: boolean,
  { reading = {} }: { readonly reading?: Reading },
): TextForm & { readonly sample: Uint8Array; readonly otherNotes: readonly string[] } {
  const encoding = reading.encoding ?? detectEncoding(start)
  const skipRows = reading.skipRows ?? 0
  const text = encoding === 'utf-8' ? start : decodeStart(start, encoding)
  const sample = afterLines(text, skipRows)
  const examined = examineCsv(sample, isWhole, reading.delimiter)
  const otherNotes = encoding === 'utf-8' ? [] : [encoding]
  const notes = [...otherNotes]
  if (examined.delimiter !== ',') notes.push(`separated by ${delimiters[examined.delimiter]}`)
  if (examined.isWrapped) notes.push('rows in quotes')
  if (examined.hasRowNames) notes.push('names of rows in a column without a name')
  if (skipRows > 0) notes.push(`${skipRows} ${skipRows === 1 ? 'line' : 'lines'} left out`)
  return { encoding, skipRows, examined, notes, sample, otherNotes }
}

/** The last character may go on behind the sample; what is wrong will be said when the file is read. */
function decodeStart(start: Uint8Array, encoding: string): Uint8Array {
  return new TextEncoder().encode(new TextDecoder(encoding).decode(start, { stream: true }))
}

function afterLines(text: Uint8Array, count: number): Uint8Array {
  let at = 0
  for (let left = count; left > 0 && at < text.length; at++) {
    const byte = text[at]
    if (byte === 0x0a || (byte === 0x0d && text[at + 1] !== 0x0a)) left--
  }
  return text.subarray(at)
}

/** Collects the beginning of a text; the rest can be read on. */
export async function takeSample(
  pieces: AsyncGenerator<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  const kept: Uint8Array[] = []
  let length = 0
  while (length < SAMPLE_BYTES) {
    // A loop over the pieces would close them.
    const next = await pieces.next()
    if (next.done) return { bytes: Buffer.concat(kept), isWhole: true }
    kept.push(Buffer.from(next.value))
    length += next.value.length
  }
  return { bytes: Buffer.concat(kept), isWhole: false }
}

interface Opened {
  readonly name: string
  readonly note: string
  readonly format?: TableFormat
  readonly size: number
  pieces(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
}

/** Whether a file begins as documents of Office did before 2007, and those with a password do. */
export function isOldWorkbook(start: Uint8Array): boolean {
  return start[0] === 0xd0 && start[1] === 0xcf && start[2] === 0x11 && start[3] === 0xe0
}

/** Opens a spreadsheet, or an archive of one file; undefined for what is neither. */
async function openArchive(file: InputFile, start: Uint8Array): Promise<Opened | undefined> {
  if (isOldWorkbook(start))
    throw new InputError(
      'invalid_file',
      'this is a workbook of Excel 97 (.xls) or one with a password; save it as .xlsx or CSV',
    )
  if (!isZip(start)) {
    const ending = /\.(xlsx|zip)$/i.exec(file.path)?.[1]
    if (ending === undefined) return undefined
    throw new InputError('invalid_file', `the file is named .${ending} and is none`)
  }
  const entries = await readZipDirectory(file)
  if (isSpreadsheet(entries)) {
    const sheet = await readSpreadsheet(file, entries)
    const note = `sheet ${quote(sheet.name)}`
    return { name: file.path, note, format: 'csv', size: sheet.size, pieces: sheet.pieces }
  }
  const entry = onlyEntry(entries)
  if (/\.(parquet|pq)$/i.test(entry.name))
    throw new InputError('invalid_file', 'Parquet in an archive is not read; unpack it first')
  return {
    name: entry.name.replace(/\.gz$/i, ''),
    note: `${quote(entry.name)} in the archive`,
    size: Math.min(entry.size, entry.packedSize * MOST_RATIO),
    pieces: () => unpack(entry.name, readZipEntry(file, entry)),
  }
}

/** Deflate packs no better. */
const MOST_RATIO = 1032

/** By the file's ending, else as its channel says, else by its first letter. */
function formatOf(
  name: string,
  sample: Uint8Array,
  format: TableFormat | undefined,
): Exclude<TableFormat, 'parquet'> {
  const text = new TextDecoder().decode(sample.subarray(0, 1024)).trimStart()
  if (/\.(jsonl|ndjson)$/i.test(name)) return 'jsonl'
  // Many files of JSON Lines are called .json.
  if (/\.json$/i.test(name)) return text.startsWith('{') ? 'jsonl' : 'json'
  if (format !== undefined && format !== 'parquet') return format
  if (/\.(csv|tsv|tab|psv)$/i.test(name)) return 'csv'
  if (/\.(txt|data|dat)$/i.test(name) || !/\.[a-z0-9]+$/i.test(name)) {
    if (/^\[\s*\{/.test(text)) return 'json'
    return /^\{\s*"/.test(text) ? 'jsonl' : 'csv'
  }
  throw new InputError(
    'invalid_file',
    'this kind of file is not read; .csv, .tsv, .txt, .data, .json, .jsonl, .parquet, .xlsx and .zip are',
  )
}

/** The text of a file of rows: its format, and its bytes in UTF-8 one after another. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isZip } from '../data/zip.ts'
import { InputError, inFile, quote } from '../errors.ts'
import {
  decoded,
  examineFile,
  examineText,
  isOldWorkbook,
  type Reading,
  takeSample,
} from './file-form.ts'
import type { Examined } from './formats/dialect.ts'
import { type InputFile, keepFile, openInputFile } from './input-files.ts'
import { unpack } from './unpack.ts'

/** What a file of rows is written in. */
export type InputFormat = 'csv' | 'json' | 'jsonl' | 'parquet'

/** Returns the format of a file: by its ending, or of what is read by its first character. */
export function guessFormat(path: string, start: Uint8Array): InputFormat {
  const file = path.replace(/\.gz$/i, '')
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl'
  if (/\.json$/i.test(file)) return 'json'
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(parquet|pq)$/i.test(file) || Buffer.from(start.subarray(0, 4)).toString() === 'PAR1')
    return 'parquet'
  const text = Buffer.from(start.subarray(0, 1 << 16))
    .toString()
    .trimStart()
  if (text.startsWith('[')) return 'json'
  if (!text.startsWith('{')) return 'csv'
  return /\}\s*\n\s*\{/.test(text) ? 'jsonl' : 'json'
}

/** A text of rows in UTF-8. */
export interface OpenText {
  readonly format: Exclude<InputFormat, 'parquet'>
  readonly examined: Examined
  readonly notes: readonly string[]
  /** Whether that is how the file lies there. */
  readonly isPlain: boolean
  readonly bytes: AsyncGenerator<Uint8Array>
}

/** Looks at the beginning of a text; what goes before is passed on. */
export async function openText(
  file: string,
  format: InputFormat | undefined,
  reading: Reading | undefined,
  chunks: AsyncGenerator<Uint8Array>,
): Promise<OpenText> {
  const sample = await takeSample(chunks)
  const form = examineText(sample.bytes, sample.isWhole, { reading })
  const found = (format ?? guessFormat(file, form.sample)) as OpenText['format']
  const { encoding, skipRows, examined, notes, otherNotes } = form
  const { delimiter, isWrapped, hasRowNames } = examined
  const isUsual = delimiter === ',' && !isWrapped && !hasRowNames
  return {
    format: found,
    examined,
    notes: found === 'csv' ? notes : otherNotes,
    isPlain: encoding === 'utf-8' && skipRows === 0 && (found !== 'csv' || isUsual),
    bytes: decoded(follow([sample.bytes], chunks), encoding, skipRows),
  }
}

/** Whether a file is a zip archive, a spreadsheet, or said to be one. */
export function isArchive(file: string, start: Uint8Array): boolean {
  return isZip(start) || isOldWorkbook(start) || /\.(xlsx|zip)$/i.test(file)
}

/**
 * Opens an archive. Its directory stands at its end: a file is read from there, and what comes through a pipe is read
 * whole first.
 */
export async function openArchived(
  file: string,
  format: InputFormat | undefined,
  reading: Reading | undefined,
  chunks: AsyncGenerator<Uint8Array>,
): Promise<OpenText> {
  const isFile = file !== '-' && (await stat(file)).isFile()
  if (isFile) await chunks.return(undefined)
  const archive = isFile ? await openInputFile(file) : keepFile(file, await collect(chunks))
  try {
    const known = format === 'parquet' ? undefined : format
    const form = await examineFile(archive, { reading, format: known })
    return {
      format: form.format as OpenText['format'],
      examined: form.examined,
      notes: form.notes,
      isPlain: false,
      bytes: closing(form.text(archive.pieces()), file, archive),
    }
  } catch (error) {
    await archive.close()
    throw inFile(file, error)
  }
}

/** Passes a text on, names the file of what is wrong in its archive, and closes it in the end. */
async function* closing(
  text: AsyncGenerator<Uint8Array>,
  file: string,
  archive: InputFile,
): AsyncGenerator<Uint8Array> {
  try {
    yield* text
  } catch (error) {
    throw inFile(file, error)
  } finally {
    await archive.close()
  }
}

/** Returns what was read already, then the rest. */
export async function* follow(
  read: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* read
  yield* rest
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file))
      yield chunk as Uint8Array
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** A file's bytes, unpacked where they are gzip, and whether they were: known once the first are there. */
export function unpackChunks(file: string) {
  let isPacked = false
  async function* looked() {
    let isFirst = true
    for await (const chunk of readChunks(file)) {
      if (isFirst) isPacked = chunk[0] === 0x1f && chunk[1] === 0x8b
      isFirst = false
      yield chunk
    }
  }
  async function* named() {
    try {
      yield* unpack(file, looked())
    } catch (error) {
      if (!(error instanceof InputError) || error.message.startsWith('the file "')) throw error
      throw inFile(file, error)
    }
  }
  return { chunks: named(), isPacked: () => isPacked }
}

function unreadable(file: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException
  const why =
    code === 'ENOENT'
      ? 'does not exist'
      : code === 'EISDIR'
        ? 'is a directory'
        : `cannot be read: ${code ?? (error as Error).message}`
  return new InputError('invalid_file', `the file ${quote(file, 256)} ${why}`)
}

/** No text can be longer; a few packed bytes must not fill the memory. */
export const MOST_WHOLE = 2 ** 29

/** Returns the error for a document that no text can hold. */
export function tooLong(): InputError {
  return new InputError(
    'too_large',
    `what is answered as one document has at most ${MOST_WHOLE >> 20} MiB; use CSV or JSON Lines, which are read and written in parts`,
  )
}

/** @throws InputError `too_large` */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > MOST_WHOLE) throw tooLong()
    all.push(chunk)
  }
  return Buffer.concat(all)
}

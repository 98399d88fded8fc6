/** Training files as one table. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { sha256 } from '../artifact/store.ts'
import type { DataFrame } from '../data/frame.ts'
import { concatTables, readCsvTable, readJsonLinesTable } from '../data/table.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, quote } from '../errors.ts'
import type { TrainRequest } from './train.ts'

/** Reads the files; SageMaker's CSV has no header and its label first. */
export async function readTables(request: TrainRequest) {
  const parts: { name: string; frame: DataFrame }[] = []
  const files: { name: string; rows: number; columns: number; bytes: number }[] = []
  const hashes: string[] = []
  for (const path of request.files) {
    const name = basename(path)
    const bytes = await readInputFile(path)
    hashes.push(sha256(bytes))
    const frame = readTable(path, bytes, request.headerless)
    parts.push({ name, frame })
    files.push({ name: path, rows: frame.length, columns: frame.names.length, bytes: bytes.length })
  }
  const sha = hashes.length === 1 ? (hashes[0] as string) : sha256(Buffer.from(hashes.join('\n')))
  return { table: concatTables(parts), files, sha }
}

function readTable(path: string, bytes: Uint8Array, headerless: boolean): DataFrame {
  try {
    if (bytes.length === 0) throw new InputError('empty_data', 'the file is empty')
    const text = decodeUtf8(bytes)
    if (/\.(jsonl|ndjson)$/i.test(path)) return readJsonLinesTable(text)
    if (!/\.(csv|txt)$/i.test(path) && /\.[a-z0-9]+$/i.test(path)) {
      throw new InputError('invalid_file', 'this kind of file is not read; .csv and .jsonl are')
    }
    if (!headerless) return readCsvTable(text)
    const width = (text.split(/\r|\n/, 1)[0] as string).split(',').length
    return readCsvTable(text, [
      'label',
      ...Array.from({ length: width - 1 }, (_, i) => `f${i + 1}`),
    ])
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(error.code, `${path}: ${error.message}`, error.places)
  }
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

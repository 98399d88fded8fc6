/** Zip archives as files of rows: what is in them, and one file of them unpacked within bounds. */
import { crc32, createInflateRaw } from 'node:zlib'
import {
  DEFLATED,
  findZipEnd,
  LOCAL_BYTES,
  listZipEntries,
  STORED,
  startOfMember,
  TAIL_BYTES,
  type ZipEntry,
  ZipError,
} from '../data/zip.ts'
import { InputError, quote } from '../errors.ts'
import type { InputFile } from './input-files.ts'
import { inflate, MAX_UNPACKED } from './unpack.ts'

const MOST_DIRECTORY = 2 ** 24
const MOST_ENTRIES = 10_000
/** How much of a packed file is read at a time. */
const PIECE = 2 ** 20

/**
 * Returns the files of an archive, in its order, folders left out.
 * @throws InputError `invalid_file` for what is no archive, or one of more than 4 GiB
 */
export async function readZipDirectory(file: InputFile): Promise<readonly ZipEntry[]> {
  const tail = await file.slice(Math.max(0, file.size - TAIL_BYTES), file.size)
  const { count, size, offset, isZip64 } = orDamaged(() => findZipEnd(tail))
  if (isZip64)
    throw new InputError('invalid_file', 'the archive is of the form zip64, which is not read')
  if (count > MOST_ENTRIES || size > MOST_DIRECTORY || offset + size > file.size) throw damaged()
  const directory = await file.slice(offset, offset + size)
  // Names of old programs are in other encodings; nobody looks files up by them.
  const entries = orDamaged(() => listZipEntries(directory, count, new TextDecoder()))
  return entries.filter(({ name }) => !name.endsWith('/'))
}

/**
 * Returns the one file of an archive that is data: what systems put beside it does not count.
 * @throws InputError `invalid_file` for none or several
 */
export function onlyEntry(entries: readonly ZipEntry[]): ZipEntry {
  const kept = entries.filter(({ name }) => !/(^|\/)(__MACOSX\/|\.|Thumbs\.db$)/i.test(name))
  const [entry] = kept
  if (entry && kept.length === 1) return entry
  const names = kept.slice(0, 5).map(({ name }) => quote(name))
  throw new InputError(
    'invalid_file',
    kept.length === 0
      ? 'the archive holds no file'
      : `the archive holds ${kept.length} files (${names.join(', ')}${kept.length > 5 ? ' …' : ''}); unpack it and name the one to read`,
  )
}

/**
 * Returns the bytes of one file of an archive.
 * @param limit most bytes that it may unpack to
 * @throws InputError `invalid_file` for a damaged one, `too_large` above the limit
 */
export async function* readZipEntry(
  file: InputFile,
  entry: ZipEntry,
  limit: number = MAX_UNPACKED,
): AsyncGenerator<Uint8Array> {
  if (entry.isEncrypted)
    throw new InputError('invalid_file', `${quote(entry.name)} in the archive is encrypted`)
  if (entry.method !== STORED && entry.method !== DEFLATED)
    throw new InputError(
      'invalid_file',
      `${quote(entry.name)} in the archive is packed by method ${entry.method}; deflate is read`,
    )
  const header = await file.slice(entry.offset, entry.offset + LOCAL_BYTES)
  const start = orDamaged(() => startOfMember(entry, header))
  const end = start + entry.packedSize
  if (end > file.size) throw damaged()
  const packed = async function* () {
    for (let at = start; at < end; at += PIECE) yield file.slice(at, Math.min(end, at + PIECE))
  }
  if (entry.method === STORED && entry.packedSize > limit)
    throw new InputError('too_large', `the file unpacks to more than ${limit} bytes`)
  const pieces =
    entry.method === DEFLATED ? inflate(packed(), limit, createInflateRaw, 'zip') : packed()
  let crc = 0
  for await (const piece of pieces) {
    crc = crc32(piece, crc)
    yield piece
  }
  if (crc !== entry.crc) throw damaged()
}

function damaged(): InputError {
  return new InputError('invalid_file', 'the archive is damaged or no zip')
}

function orDamaged<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ZipError ? damaged() : error
  }
}

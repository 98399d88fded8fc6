/** Zip archives: what is in them, and one file of them unpacked within bounds. */
import { crc32, createInflateRaw } from 'node:zlib'
import { InputError, quote } from '../errors.ts'
import type { InputFile } from './input-files.ts'
import { inflate, MAX_UNPACKED } from './unpack.ts'

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string
  /** 0: stored, 8: deflated; others are not read. */
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc: number
  readonly packedSize: number
  /** Bytes that it unpacks to, as the archive says. */
  readonly size: number
  /** Where its local header begins. */
  readonly offset: number
}

/** End of central directory (APPNOTE.TXT 4.3.16): its least size, and the longest comment behind it. */
const END = 22
const MOST_COMMENT = 0xffff
const MOST_DIRECTORY = 2 ** 24
const MOST_ENTRIES = 10_000
/** How much of a packed file is read at a time. */
const PIECE = 2 ** 20

/** Whether a file begins as an archive does. */
export function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4
}

/**
 * Returns the files of an archive, in its order, folders left out.
 * @throws InputError `invalid_file` for what is no archive, or one of more than 4 GiB
 */
export async function readZipDirectory(file: InputFile): Promise<readonly ZipEntry[]> {
  const from = Math.max(0, file.size - END - MOST_COMMENT)
  const tail = viewOf(await file.slice(from, file.size))
  let at = tail.byteLength - END
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--
  if (at < 0) throw damaged()
  const count = tail.getUint16(at + 10, true)
  const size = tail.getUint32(at + 12, true)
  const offset = tail.getUint32(at + 16, true)
  if (count === 0xffff || offset === 0xffffffff)
    throw new InputError('invalid_file', 'the archive is of the form zip64, which is not read')
  if (count > MOST_ENTRIES || size > MOST_DIRECTORY || offset + size > file.size) throw damaged()
  const directory = viewOf(await file.slice(offset, offset + size))
  const entries: ZipEntry[] = []
  for (let i = 0, next = 0; i < count; i++) {
    if (next + 46 > directory.byteLength || directory.getUint32(next, true) !== 0x02014b50)
      throw damaged()
    const nameLength = directory.getUint16(next + 28, true)
    const rest = directory.getUint16(next + 30, true) + directory.getUint16(next + 32, true)
    if (next + 46 + nameLength > directory.byteLength) throw damaged()
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, directory.byteOffset + next + 46, nameLength),
    )
    entries.push({
      name,
      isEncrypted: (directory.getUint16(next + 8, true) & 1) === 1,
      method: directory.getUint16(next + 10, true),
      crc: directory.getUint32(next + 16, true),
      packedSize: directory.getUint32(next + 20, true),
      size: directory.getUint32(next + 24, true),
      offset: directory.getUint32(next + 42, true),
    })
    next += 46 + nameLength + rest
  }
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
  if (entry.method !== 0 && entry.method !== 8)
    throw new InputError(
      'invalid_file',
      `${quote(entry.name)} in the archive is packed by method ${entry.method}; deflate is read`,
    )
  const header = viewOf(await file.slice(entry.offset, entry.offset + 30))
  if (header.byteLength < 30 || header.getUint32(0, true) !== 0x04034b50) throw damaged()
  const start = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true)
  const end = start + entry.packedSize
  if (end > file.size) throw damaged()
  const packed = async function* () {
    for (let at = start; at < end; at += PIECE) yield file.slice(at, Math.min(end, at + PIECE))
  }
  if (entry.method === 0 && entry.packedSize > limit)
    throw new InputError('too_large', `the file unpacks to more than ${limit} bytes`)
  const pieces = entry.method === 8 ? inflate(packed(), limit, createInflateRaw, 'zip') : packed()
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

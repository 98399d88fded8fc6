/** Entries of a tar archive (POSIX pax and ustar, GNU's long names) from a stream: files and folders, never links. */
import { ArtifactError } from '../errors.ts'
import { allocateShared, MAX_FILE } from './files.ts'

const BLOCK = 512
/** Most entries of an archive, and most bytes of all that are unpacked. */
const MAX_ENTRIES = 10_000
const MAX_UNPACKED = 2 ** 31
/** Longest name and longest header that extends one. */
const MAX_NAME = 4096
const MAX_EXTENSION = 2 ** 16

/** The kinds of entries by their letter; all others are refused. */
const refusedKinds: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a pipe',
}

/**
 * Returns files of an archive, in memory that threads share, and the names of all that are not at its top.
 * @param keeps tells the files to return by their names; by default those at the top
 * @throws ArtifactError `invalid` for a link, a path that leads out, a name twice, and what is too large or cut
 */
export async function readTar(
  pieces: AsyncIterable<Uint8Array>,
  keeps: (name: string) => boolean = (name) => !name.includes('/'),
): Promise<{
  readonly files: ReadonlyMap<string, Buffer>
  readonly below: readonly string[]
}> {
  const source = createSource(pieces)
  const files = new Map<string, Buffer>()
  const seen = new Set<string>()
  let kept = 0
  let extension: { path?: string; size?: number } = {}
  for (let entries = 0; ; entries++) {
    const header = await source.take(BLOCK)
    if (!header || header.every((byte) => byte === 0)) break
    if (entries >= MAX_ENTRIES) throw invalid(`the archive has more than ${MAX_ENTRIES} entries`)
    checkSum(header)
    const kind = String.fromCharCode(header[156] || 48)
    const size = extension.size ?? readNumber(header, 124)
    if (kind === 'x' || kind === 'g' || kind === 'L') {
      if (size > MAX_EXTENSION) throw invalid(`a header of the archive has ${size} bytes`)
      const bytes = await source.whole(size)
      if (kind === 'x') extension = { ...extension, ...readPax(bytes) }
      if (kind === 'L') extension = { ...extension, path: readText(bytes, 0, size) }
      continue
    }
    const name = checkName(extension.path ?? readName(header))
    extension = {}
    const shown = JSON.stringify(name.slice(0, 64))
    if (kind === '5') continue
    if (kind !== '0' && kind !== '7')
      throw invalid(
        `the archive's ${shown} is ${refusedKinds[kind] ?? `of kind ${JSON.stringify(kind)}`}; only files and folders are read`,
      )
    if (seen.has(name)) throw invalid(`the archive has ${shown} twice`)
    seen.add(name)
    if (!keeps(name)) {
      await source.skip(size)
      continue
    }
    kept += size
    if (kept > MAX_FILE) throw invalid(`the archive's files have more than ${MAX_FILE} bytes`)
    files.set(name, await source.whole(size))
  }
  return { files, below: [...seen].filter((name) => name.includes('/')) }
}

/** Returns the name without `./`; folders end in `/`, which goes too. */
function checkName(path: string): string {
  const shown = JSON.stringify(path.slice(0, 64))
  if (path.length > MAX_NAME) throw invalid(`the archive has a name of ${path.length} characters`)
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0'))
    throw invalid(`the archive's ${shown} is no relative path`)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw invalid(`the archive's ${shown} leads out of it`)
  return parts.join('/')
}

function readName(header: Uint8Array): string {
  const isUstar = readText(header, 257, 5) === 'ustar'
  // GNU's own form has times where ustar has the beginning of a long name.
  const isPosix = isUstar && header[262] === 0
  const prefix = isPosix ? readText(header, 345, 155) : ''
  return prefix === '' ? readText(header, 0, 100) : `${prefix}/${readText(header, 0, 100)}`
}

function readText(bytes: Uint8Array, start: number, length: number): string {
  const own = bytes.subarray(start, start + length)
  const end = own.indexOf(0)
  return Buffer.from(end < 0 ? own : own.subarray(0, end)).toString()
}

/** Octal digits, or eleven bytes of a number behind 0x80. */
function readNumber(header: Uint8Array, start: number): number {
  const field = header.subarray(start, start + 12)
  let value = 0
  if (field[0] === 0x80) for (const byte of field.subarray(1)) value = value * 256 + byte
  else {
    const text = readText(field, 0, 12).trim()
    if (!/^[0-7]*$/.test(text)) throw invalid(`a size in the archive is ${JSON.stringify(text)}`)
    value = Number.parseInt(text || '0', 8)
  }
  if (value > MAX_UNPACKED) throw invalid(`a file in the archive has ${value} bytes`)
  return value
}

/** The sum of a header's bytes, its own field taken as blanks. */
function checkSum(header: Uint8Array): void {
  let sum = 0
  header.forEach((byte, i) => {
    sum += i >= 148 && i < 156 ? 32 : byte
  })
  if (Number.parseInt(readText(header, 148, 8).trim(), 8) !== sum)
    throw invalid('the archive is damaged, or no tar')
}

/** Records `LENGTH KEY=VALUE\n` of pax headers. */
function readPax(bytes: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < bytes.length; ) {
    const length = /^(\d{1,6}) /.exec(bytes.toString('latin1', at, at + 8))?.[1]
    const end = at + Number(length)
    if (length === undefined || end > bytes.length || end <= at + length.length + 1)
      throw invalid('a pax header of the archive is damaged')
    const record = bytes.toString('utf8', at + length.length + 1, end - 1)
    if (record.startsWith('path=')) found.path = record.slice('path='.length)
    if (record.startsWith('size=')) {
      const size = Number(record.slice('size='.length))
      if (!(Number.isSafeInteger(size) && size >= 0 && size <= MAX_UNPACKED))
        throw invalid(`a file in the archive has ${JSON.stringify(record.slice(0, 40))}`)
      found.size = size
    }
    at = end
  }
  return found
}

/** Reads so many bytes at a time of pieces of any length, and no more than an archive may have. */
function createSource(pieces: AsyncIterable<Uint8Array>) {
  const iterator = pieces[Symbol.asyncIterator]()
  let piece: Uint8Array = new Uint8Array()
  let unpacked = 0
  const cut = () => invalid('the archive is cut')

  /** Hands on `size` bytes in pieces; returns how many there were. */
  async function each(size: number, use: (part: Uint8Array, at: number) => void): Promise<number> {
    let at = 0
    while (at < size) {
      if (piece.length === 0) {
        const next = await iterator.next()
        if (next.done) break
        piece = next.value
        unpacked += piece.length
        if (unpacked > MAX_UNPACKED)
          throw invalid(`the archive unpacks to more than ${MAX_UNPACKED} bytes`)
        continue
      }
      const part = piece.subarray(0, size - at)
      use(part, at)
      piece = piece.subarray(part.length)
      at += part.length
    }
    return at
  }
  async function fill(bytes: Buffer): Promise<number> {
    return await each(bytes.length, (part, at) => bytes.set(part, at))
  }
  const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK
  async function skipBytes(size: number): Promise<void> {
    if ((await each(size, () => {})) < size) throw cut()
  }
  return {
    /** A block, or undefined at the end. */
    async take(size: number): Promise<Buffer | undefined> {
      const bytes = Buffer.alloc(size)
      const found = await fill(bytes)
      if (found === 0) return undefined
      if (found < size) throw cut()
      return bytes
    },
    async whole(size: number): Promise<Buffer> {
      const bytes = allocateShared(size)
      if ((await fill(bytes)) < size) throw cut()
      await skipBytes(padding(size))
      return bytes
    },
    skip: (size: number) => skipBytes(size + padding(size)),
  }
}

function invalid(message: string): ArtifactError {
  return new ArtifactError('invalid', message)
}

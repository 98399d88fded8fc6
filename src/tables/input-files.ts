/** Files that are read once or twice, from beginning to end. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { InputError, quote } from '../errors.ts'

/** How much is read at a time. */
const PIECE = 2 ** 20

/** A file, or what came from standard input or a pipe. */
export interface InputFile {
  /** As it was named. */
  readonly path: string
  /** In bytes, as it lies there. */
  readonly size: number
  /** Returns its bytes from the first; a piece holds until the next one is asked for. */
  pieces(size?: number): AsyncGenerator<Uint8Array>
  /** Returns some of its bytes. */
  slice(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * Opens a file; `-` is standard input. What cannot be read twice is kept in memory.
 * @throws InputError `invalid_file`
 */
export async function openInputFile(path: string): Promise<InputFile> {
  if (path === '-') return keepFile(path, await collect(process.stdin))
  return readable(path, async () => {
    const handle = await open(path)
    try {
      const stat = await handle.stat()
      if (stat.isFile()) return describe(path, handle, stat.size)
      const bytes = await collect(readPieces(handle))
      await handle.close()
      return keepFile(path, bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
  })
}

/** Returns a file's bytes; `-` is standard input. */
export async function readInputFile(path: string): Promise<Buffer> {
  const file = await openInputFile(path)
  try {
    return await collect(file.pieces())
  } finally {
    await file.close()
  }
}

/** Passes pieces on and hashes them on the way. */
export function hashPieces(pieces: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256')
  const passed = async function* () {
    for await (const piece of pieces) {
      hash.update(piece)
      yield piece
    }
  }
  return { pieces: passed(), digest: () => hash.digest('hex') }
}

function describe(path: string, handle: FileHandle, size: number): InputFile {
  return {
    path,
    size,
    pieces: (size) => readPieces(handle, path, size),
    async slice(start, end) {
      const bytes = Buffer.alloc(end - start)
      const { bytesRead } = await readable(path, () => handle.read(bytes, 0, bytes.length, start))
      return bytes.subarray(0, bytesRead)
    },
    close: () => handle.close(),
  }
}

/** Returns bytes in memory as a file. */
export function keepFile(path: string, bytes: Buffer): InputFile {
  return {
    path,
    size: bytes.length,
    async *pieces(size = PIECE) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    },
    slice: async (start, end) => bytes.subarray(start, end),
    close: async () => {},
  }
}

async function* readPieces(
  handle: FileHandle,
  path?: string,
  size = PIECE,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(size)
  // A pipe has no positions; a file is read from its first byte each time.
  let at = path === undefined ? null : 0
  for (;;) {
    const read = () => handle.read(buffer, 0, size, at)
    const { bytesRead } = await (path === undefined ? read() : readable(path, read))
    if (bytesRead === 0) return
    if (at !== null) at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Buffer[] = []
  for await (const piece of pieces) kept.push(Buffer.from(piece))
  return Buffer.concat(kept)
}

async function readable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof InputError || code === undefined) throw error
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a directory'
          : `cannot be read: ${code}`
    throw new InputError('invalid_file', `the file ${quote(path, 256)} ${why}`)
  }
}

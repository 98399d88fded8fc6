/** Compressed training files. */
import { Readable } from 'node:stream'
import { createGunzip, type Gunzip, type InflateRaw } from 'node:zlib'
import { InputError } from '../errors.ts'

/** Most bytes that one compressed file may unpack to: a few bytes must not keep a training busy for days. */
export const MAX_UNPACKED = 2 ** 36

/** How much is unpacked at a time. */
const PIECE = 2 ** 20

/**
 * Returns a file's bytes piece by piece, unpacked if they are gzip or its name says so. A piece holds until the next
 * one is asked for.
 * @throws InputError `invalid_file` for what is not gzip, `too_large` above the limit
 */
export async function* unpack(
  path: string,
  packed: AsyncIterable<Uint8Array>,
  limit: number = MAX_UNPACKED,
): AsyncGenerator<Uint8Array> {
  const pieces = packed[Symbol.asyncIterator]()
  const first = await pieces.next()
  const isGzip = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b
  const all = async function* () {
    if (!first.done) yield first.value
    for (;;) {
      const next = await pieces.next()
      if (next.done) return
      yield next.value
    }
  }
  try {
    if (!isGzip && !/\.gz$/i.test(path)) yield* all()
    else yield* inflate(all(), limit, createGunzip, 'gzip')
  } finally {
    await pieces.return?.()
  }
}

/**
 * Returns what packed bytes unpack to, piece by piece.
 * @param what the form, as messages name it
 * @throws InputError `invalid_file` for damaged bytes, `too_large` above the limit
 */
export async function* inflate(
  packed: AsyncIterable<Uint8Array>,
  limit: number,
  create: (options: { readonly chunkSize: number }) => Gunzip | InflateRaw,
  what: string,
): AsyncGenerator<Uint8Array> {
  // The stream keeps what it is given until it has read it; the pieces are used again before.
  const copies = async function* () {
    for await (const piece of packed) yield Buffer.from(piece)
  }
  const source = Readable.from(copies(), { objectMode: false })
  const stream = create({ chunkSize: PIECE })
  let failure: unknown
  source.on('error', (error) => {
    failure = error
    stream.destroy(error)
  })
  let unpacked = 0
  try {
    for await (const piece of source.pipe(stream)) {
      unpacked += (piece as Uint8Array).length
      if (unpacked > limit)
        throw new InputError('too_large', `the file unpacks to more than ${limit} bytes`)
      yield piece as Uint8Array
    }
    // Without a single byte the stream ends as if all were well.
    if (stream.bytesWritten === 0)
      throw Object.assign(new Error('nothing to unpack'), { code: 'Z_BUF_ERROR' })
  } catch (error) {
    if (error instanceof InputError || failure !== undefined) throw failure ?? error
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'Z_BUF_ERROR' ? 'ends too early' : `is damaged or not ${what}`
    throw new InputError('invalid_file', `the file ${why} (${code})`)
  } finally {
    source.destroy()
    stream.destroy()
  }
}

/** Request bodies packed with gzip: unpacked piece by piece, so that one that unpacks beyond the limit is given up there. */
import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import { freeMemory } from '../answering/collect-garbage.ts'
import { InputError, quote } from '../errors.ts'

/** Encodings that are read, as the answer to another one names them. */
export const readEncodings = 'gzip, identity'

/**
 * Returns whether a request's body is packed.
 * @throws InputError `unsupported_encoding` for any other encoding, and for one upon another
 */
export function isPacked({ headers }: IncomingMessage): boolean {
  const sent = headers['content-encoding']
  if (sent === undefined) return false
  const encoding = sent.trim().toLowerCase()
  if (encoding === 'identity') return false
  // The old name of the same, see RFC 9110, section 8.4.1.3.
  if (encoding === 'gzip' || encoding === 'x-gzip') return true
  throw new InputError(
    'unsupported_encoding',
    `Content-Encoding ${quote(sent)} is not read; send the body as gzip or uncompressed`,
  )
}

/**
 * Returns the bytes of a packed body, which may consist of several members.
 * @param limit most bytes that they may be
 * @param reserve is told of every further piece of memory before it is filled; what it throws ends the unpacking
 * @throws InputError `too_large`, or `invalid_gzip` for bytes that are not gzip, are cut short or have others behind them
 */
export async function unpackBody(
  packed: Buffer,
  limit: number,
  reserve: (bytes: number) => void,
): Promise<Buffer> {
  const unpacking = createGunzip({ chunkSize: 64 << 10 })
  unpacking.end(packed)
  let unpacked = Buffer.alloc(0)
  const makeRoom = (bytes: number) => {
    if (bytes <= unpacked.length) return
    const size = Math.min(limit, Math.max(bytes, 2 * unpacked.length))
    reserve(size - unpacked.length)
    const larger = Buffer.allocUnsafe(size)
    unpacked.copy(larger)
    freeMemory(unpacked)
    unpacked = larger
  }
  let length = 0
  try {
    makeRoom(Math.min(limit, announcedSize(packed)))
    for await (const piece of unpacking as AsyncIterable<Buffer>) {
      if (length + piece.length > limit) {
        throw new InputError('too_large', `the body unpacks to more than ${limit} bytes`)
      }
      makeRoom(length + piece.length)
      piece.copy(unpacked, length)
      length += piece.length
      // zlib goes on in another buffer where it has filled this one.
      if (piece.length === piece.buffer.byteLength) freeMemory(piece)
    }
  } catch (error) {
    freeMemory(unpacked)
    if (error instanceof InputError) throw error
    throw new InputError('invalid_gzip', `the body is not gzip: ${describe(error)}`)
  }
  // What stands behind the last member is dropped by zlib without a word.
  const left = packed.length - unpacking.bytesWritten
  if (left > 0) {
    throw new InputError('invalid_gzip', `the body has ${left} bytes behind the end of its gzip`)
  }
  return unpacked.subarray(0, length)
}

/** What the end of a gzip says of its size; whoever lies has memory copied once more. */
function announcedSize(packed: Buffer): number {
  return packed.length >= 18 ? packed.readUInt32LE(packed.length - 4) : 0
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return 'it is cut short'
  return message === 'incorrect header check' ? 'it does not begin as gzip does' : message
}

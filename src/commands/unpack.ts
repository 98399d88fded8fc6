/** Compressed training files. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { InputError } from '../errors.ts'

const unpackGzip = promisify(gunzip)

/** Most bytes that one compressed file may unpack to: a few bytes must not fill the memory. */
export const MAX_UNPACKED = 2 ** 30

/**
 * Returns a file's bytes, unpacked if they are gzip or its name says so.
 * @throws InputError `invalid_file` for what is not gzip, `too_large` above the limit
 */
export async function unpack(
  path: string,
  bytes: Buffer,
  limit: number = MAX_UNPACKED,
): Promise<Buffer> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (!isGzip && !/\.gz$/i.test(path)) return bytes
  try {
    return await unpackGzip(bytes, { maxOutputLength: limit })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new InputError('too_large', `the file unpacks to more than ${limit} bytes`)
    const why = code === 'Z_BUF_ERROR' ? 'ends too early' : 'is damaged or not gzip'
    throw new InputError('invalid_file', `the file ${why} (${code})`)
  }
}

/** Reading one file of a model directory: regular, whole, within its bounds, into memory that threads share. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError, quotePath } from '../errors.ts'

/** Suffix of a file that is about to take its place. */
export const NEXT = '.next'

/** Largest file of a model, ours or another library's, in bytes. */
export const MAX_FILE = 2 ** 30

const SAFELY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Returns the SHA-256 of bytes in hexadecimal. */
export function sha256(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

/** Returns memory of so many bytes that threads share, so that a model is never copied on its way to another. */
export function allocateShared(size: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(size))
}

/**
 * Reads a regular file whole, never waiting on a pipe or device, and through links only while they stay inside the
 * directory, as those of Kubernetes' mounted volumes do.
 */
export async function readRegularFile(
  directory: string,
  name: string,
  limits: { exactly?: number; most: number },
): Promise<Buffer> {
  let handle: FileHandle | undefined
  try {
    const path = join(directory, name)
    handle = await open(path, SAFELY).catch(async (error) => {
      if (!isLink(error)) throw error
      return await open(await followInside(directory, name), SAFELY)
    })
    const before = await handle.stat()
    if (!before.isFile()) throw new ArtifactError('unreadable', `${name} is not a regular file`)
    if (before.size > limits.most) {
      throw new ArtifactError(
        'invalid',
        `${name} has ${before.size} bytes, at most ${limits.most} are read`,
      )
    }
    if (limits.exactly !== undefined && before.size !== limits.exactly) {
      throw new ArtifactError(
        'corrupt',
        `${name} has ${before.size} bytes, the manifest says ${limits.exactly}`,
      )
    }
    const bytes = await readShared(handle, before.size)
    const after = await handle.stat()
    if (
      bytes.length !== before.size ||
      after.size !== before.size ||
      after.mtimeMs !== before.mtimeMs
    ) {
      throw new ArtifactError('unreadable', `${name} changed while it was read`)
    }
    return bytes
  } catch (error) {
    if (error instanceof ArtifactError) throw error
    throw await explainUnreadable(directory, name, error)
  } finally {
    await handle?.close()
  }
}

function isLink({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ELOOP' || code === 'EMLINK'
}

/** Returns the path that a link in a directory leads to. */
async function followInside(directory: string, name: string): Promise<string> {
  const inside = `${await realpath(directory)}/`
  const target = await realpath(join(directory, name)).catch(() => undefined)
  if (target?.startsWith(inside)) return target
  const where =
    target === undefined ? 'that leads nowhere' : `out of the directory, to ${quotePath(target)}`
  throw new ArtifactError(
    'unreadable',
    `${quotePath(name)} is a symbolic link ${where}; put the file itself there, or what the link leads to inside the directory`,
  )
}

/** Reads up to `size` bytes into memory that threads share, so that a model is never copied on its way to another. */
async function readShared(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = allocateShared(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

/** Adds the mode of a file that may not be read, where it can be found out. */
async function explainUnreadable(
  directory: string,
  name: string,
  error: unknown,
): Promise<ArtifactError> {
  const mode = await stat(join(directory, name)).then(
    (found) =>
      `; it has mode ${(found.mode & 0o777).toString(8).padStart(3, '0')} and owner uid ${found.uid}`,
    () => '',
  )
  return unreadable(name, error, mode)
}

/** Returns the error of a file or directory that the system does not give. */
export function unreadable(name: string, error: unknown, mode = ''): ArtifactError {
  const { code, message } = error as NodeJS.ErrnoException
  const shown = quotePath(name)
  if (code === 'ENOENT')
    return new ArtifactError('corrupt', `${shown} is missing, the manifest names it`, {
      cause: error,
    })
  if (isLink(error as NodeJS.ErrnoException))
    return new ArtifactError('unreadable', `${shown} is a symbolic link`, { cause: error })
  if (code === 'EACCES' || code === 'EPERM') {
    return new ArtifactError(
      'unreadable',
      `${shown} may not be read by uid ${process.getuid?.()}${mode}`,
      { cause: error },
    )
  }
  return new ArtifactError('unreadable', `${shown} cannot be read: ${code ?? message}`, {
    cause: error,
  })
}

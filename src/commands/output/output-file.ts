/** Files that commands write: whole under their names or not at all; devices, pipes and links are left what they are. */
import { constants, rmSync } from 'node:fs'
import {
  type FileHandle,
  lstat,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError, quote } from '../../errors.ts'
import { isSameFile, statDescriptor } from './same-file.ts'
import { writeStandardOutput } from './standard-streams.ts'

/** Where a result goes, piece by piece. */
export interface OutputFile {
  /** Returns when there is room for more: memory stays what it is when the reader is behind. */
  write(bytes: Uint8Array): Promise<void>
  /** Gives the whole its name. */
  finish(): Promise<void>
  /** Leaves no half result in a file. */
  abandon(): Promise<void>
}

/**
 * Opens what a path means; `-` is standard output. A regular file is written beside and renamed, with the permissions
 * of the one that it replaces; of a symbolic link the target is. What is not a regular file is written through.
 * @throws InputError `invalid_file`, now or later, where it cannot be written
 */
export async function openOutputFile(path: string): Promise<OutputFile> {
  if (path === '-') return standardOutput
  return guard(path, async () => {
    const found = await statIfPresent(path)
    const own = await statDescriptor(1)
    // Also where that is a socket, which cannot be opened, or a file that the shell has opened for us.
    if (found && own && isSameFile(found, own)) return standardOutput
    if (found && (!found.isFile() || isDescriptor(path))) return openThrough(path)
    return openBeside(path, await findTarget(path), found && Number(found.mode) & 0o777)
  })
}

/** Writes a whole file as {@link openOutputFile} says. */
export async function writeOutputFile(path: string, content: string | Uint8Array): Promise<void> {
  const file = await openOutputFile(path)
  try {
    await file.write(Buffer.from(content))
    await file.finish()
  } catch (error) {
    await file.abandon()
    throw error
  }
}

const standardOutput: OutputFile = {
  write: writeStandardOutput,
  finish: async () => {},
  abandon: async () => {},
}

/** A name of an open file, such as /dev/stderr or /proc/self/fd/3: whoever opened it has the file, not its name. */
function isDescriptor(path: string): boolean {
  return /^\/(dev|proc)\//.test(resolve(path))
}

async function openThrough(path: string): Promise<OutputFile> {
  // A pipe waits for its reader. Nothing is made where the name has gone.
  const handle = await open(path, constants.O_WRONLY)
  return {
    write: (bytes) => guard(path, () => handle.writeFile(bytes)),
    finish: () => guard(path, () => handle.close()),
    abandon: () => closeAnyway(handle),
  }
}

async function openBeside(
  path: string,
  target: string,
  mode: number | undefined,
): Promise<OutputFile> {
  // Renaming would replace a file that may not be written.
  if (mode !== undefined) await (await open(target, constants.O_WRONLY)).close()
  const { handle, part } = await openPart(target)
  const stopWatching = removeWhenStopped(part)
  return {
    write: (bytes) => guard(path, () => handle.writeFile(bytes)),
    finish: () =>
      guard(path, async () => {
        if (mode !== undefined) await handle.chmod(mode)
        // A disk may tell only now that it is full.
        await handle.sync()
        await handle.close()
        await rename(part, target)
        stopWatching()
      }),
    async abandon() {
      await closeAnyway(handle)
      await rm(part, { force: true })
      stopWatching()
    },
  }
}

/** Opens a file of its own beside another, under a name that is always short enough. */
async function openPart(target: string): Promise<{ handle: FileHandle; part: string }> {
  for (let attempt = 0; ; attempt++) {
    const part = join(dirname(target), `.shapserve-${process.pid}-${attempt}.part`)
    try {
      return { handle: await open(part, 'wx'), part }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 99) throw error
    }
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A command that is stopped leaves no part of a file, and ends as it would have; unless it means to go on. */
function removeWhenStopped(part: string): () => void {
  const remove = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return
    rmSync(part, { force: true })
    end()
    process.kill(process.pid, signal)
  }
  const end = () => {
    for (const signal of signals) process.off(signal, remove)
  }
  for (const signal of signals) process.on(signal, remove)
  return end
}

async function closeAnyway(handle: FileHandle): Promise<void> {
  try {
    await handle.close()
  } catch {
    // It is closed, or what could be told of it has been.
  }
}

const MOST_LINKS = 40

/** Returns the file that a name means in the end, which need not exist yet. */
async function findTarget(path: string): Promise<string> {
  let at = resolve(path)
  for (let links = 0; links < MOST_LINKS; links++) {
    at = join(await realpath(dirname(at)), basename(at))
    const found = await lstat(at).catch(() => undefined)
    if (!found?.isSymbolicLink()) return at
    at = resolve(dirname(at), await readlink(at))
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' })
}

async function statIfPresent(path: string) {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory',
  ENOENT: 'cannot be written: its directory does not exist',
}

async function guard<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof InputError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const why = reasons[code ?? ''] ?? `cannot be written: ${code ?? message}`
    throw new InputError('invalid_file', `the file ${quote(path, 256)} ${why}`)
  }
}

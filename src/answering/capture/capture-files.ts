/**
 * The files of captured requests. A file grows by whole lines under a name that ends in `.part`, and gets its own when it is
 * finished; all of them together stay within a bound. Several processes may write to one directory: each has files of its own.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, quotePath } from '../../errors.ts'

export interface CaptureFilesOptions {
  readonly directory: string
  readonly fileBytes: number
  readonly fileSeconds: number
  /** Of all files together; each process may have one more under way. */
  readonly totalBytes: number
}

export interface CaptureFiles {
  /** Appends whole lines; throws what the disk says, after which the file holds whole lines still, or is given up. */
  write(lines: Buffer): Promise<void>
  /** Gives the file its name if it is old enough; throws where it is no more, after which another is begun. */
  rotate(): Promise<void>
  close(): Promise<void>
}

const PART = '.part'
/** With the process that wrote it, and its number there. */
const FINISHED = /^capture-\d{8}T\d{6}\.\d{3}Z-([0-9a-f]{8})-(\d+)\.jsonl$/
const UNFINISHED = /^capture-\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}-\d+\.jsonl\.part$/
/** A file that nobody has written to for so many times as long as one may take was left by a process that is no more. */
const ABANDONED = 3
const LEAST_ABANDONED_MS = 60_000
/** Rows are no one else's. */
const [FILE_MODE, DIRECTORY_MODE] = [0o600, 0o700]
const LF = 10
const TAIL = 1 << 16

/**
 * Prepares a directory for files.
 * @throws InputError `invalid_parameter` where it cannot be made or written to
 */
export async function openCaptureFiles(options: CaptureFilesOptions): Promise<CaptureFiles> {
  const { directory, fileBytes, fileSeconds, totalBytes } = options
  const token = randomBytes(4).toString('hex')
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
    const probe = join(directory, `.capture-${token}`)
    await (await open(probe, 'wx', FILE_MODE)).close()
    await unlink(probe)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InputError(
      'invalid_parameter',
      `--capture: nothing can be written to the directory ${quotePath(directory)}: ${code}`,
    )
  }
  await recover(directory, Math.max(LEAST_ABANDONED_MS, ABANDONED * fileSeconds * 1000))
  await trim(directory, totalBytes - fileBytes, token)
  let count = 0
  let file: { handle: FileHandle; path: string; size: number; begun: number } | undefined
  const begin = async () => {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
    await trim(directory, totalBytes - fileBytes, token)
    const time = new Date().toISOString().replace(/[-:]/g, '')
    const path = join(directory, `capture-${time}-${token}-${count++}.jsonl`)
    return { handle: await open(path + PART, 'wx', FILE_MODE), path, size: 0, begun: Date.now() }
  }
  const finish = async () => {
    const done = file
    file = undefined
    if (!done) return
    // Not synced: a disk that is made to write at once costs the answers more than a file that a power cut may shorten.
    await done.handle.close()
    await rename(done.path + PART, done.path)
  }
  return {
    async write(lines) {
      file ??= await begin()
      try {
        await file.handle.writeFile(lines)
        file.size += lines.length
      } catch (error) {
        await cutBack(file)
        file = undefined
        throw error
      }
      if (file.size >= fileBytes) await finish()
    },
    async rotate() {
      if (!file) return
      const age = Date.now() - file.begun
      // A clock that was set back would keep a file open for long.
      if (age >= fileSeconds * 1000 || age < 0) return await finish()
      // What is written to a file that somebody has removed is nowhere.
      const { path, handle } = file
      await stat(path + PART).catch(async (error: unknown) => {
        file = undefined
        await handle.close()
        throw error
      })
    },
    close: finish,
  }
}

/** Leaves the lines of a file that are whole, under its own name, as far as the disk lets. */
async function cutBack({ handle, path, size }: { handle: FileHandle; path: string; size: number }) {
  try {
    await handle.truncate(size)
    await handle.close()
    if (size > 0) await rename(path + PART, path)
    else await rm(path + PART, { force: true })
  } catch {
    await handle.close().catch(() => {})
  }
}

/** Finishes what a process has left that was killed: its last line may be torn. */
async function recover(directory: string, age: number): Promise<void> {
  for (const name of (await readdir(directory)).filter((name) => UNFINISHED.test(name))) {
    const path = join(directory, name)
    try {
      const { mtimeMs, size } = await stat(path)
      if (Date.now() - mtimeMs < age) continue
      const whole = await wholeLines(path, size)
      if (whole > 0) await rename(path, path.slice(0, -PART.length))
      else await unlink(path)
    } catch {
      // Another process has done it, or nobody can.
    }
  }
}

/** Cuts a file behind its last line feed and returns how long it is then. */
async function wholeLines(path: string, size: number): Promise<number> {
  const handle = await open(path, 'r+')
  try {
    const tail = Buffer.alloc(TAIL)
    for (let end = size; end > 0; ) {
      const from = Math.max(0, end - TAIL)
      const { bytesRead } = await handle.read(tail, 0, end - from, from)
      const at = tail.subarray(0, bytesRead).lastIndexOf(LF)
      if (at >= 0) {
        await handle.truncate(from + at + 1)
        return from + at + 1
      }
      end = from
    }
    return 0
  } finally {
    await handle.close()
  }
}

/**
 * Removes the oldest finished files until all have at most so many bytes: by their names, this process's own last and in
 * their order, because a clock may be set back.
 */
async function trim(directory: string, most: number, token: string): Promise<void> {
  const names = (await readdir(directory)).filter(
    (name) => FINISHED.test(name) || UNFINISHED.test(name),
  )
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(directory, name)).catch(() => undefined)
      return { name, size: found?.size ?? 0 }
    }),
  )
  let total = sizes.reduce((sum, { size }) => sum + size, 0)
  const own = (name: string) => {
    const [, by, number] = FINISHED.exec(name) ?? []
    return by === token ? 1 + Number(number) : 0
  }
  sizes.sort((a, b) => own(a.name) - own(b.name) || (a.name < b.name ? -1 : 1))
  for (const { name, size } of sizes) {
    if (total <= most) return
    if (!FINISHED.test(name)) continue
    await rm(join(directory, name), { force: true })
    total -= size
  }
}

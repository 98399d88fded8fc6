/**
 * Model directories on disk. A new model is written beside the old one as `NAME.next`, then the manifest is renamed
 * (the commit point), then the other files are. A reader that finds a file not matching the manifest looks for its
 * `.next`: so at every moment the directory holds one whole model, the old or the new one.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { scanJson } from '../data/json-scan.ts'
import { ArtifactError, listNames, quote } from '../errors.ts'
import { buildPredictor, type Predictor, runSelfTest } from '../inference.ts'
import {
  type Artifact,
  decodeArtifact,
  decodeManifest,
  encodeArtifact,
  type FileEntry,
  MANIFEST_FILE,
  type Manifest,
} from './artifact.ts'

const MAX_MANIFEST = 1 << 20
const MAX_FILE = 1 << 30
const LOCK_FILE = '.lock'
const CARD_FILE = 'MODEL_CARD.md'
const NEXT = '.next'

/** Returns the SHA-256 of bytes in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A model directory's verified contents. */
export interface LoadedModel {
  readonly artifact: Artifact
  readonly predictor: Predictor
  /** The bytes of every file, for a worker that builds the same model. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Files in the directory that no manifest names. */
  readonly extraFiles: readonly string[]
}

/**
 * Returns the model of a directory: every size and checksum verified, every number checked, its self-test passed.
 * @throws ArtifactError with one line that says what is wrong and where
 */
export async function readModelDirectory(directory: string): Promise<LoadedModel> {
  const names = await listDirectory(directory)
  if (!names.includes(MANIFEST_FILE)) throw noManifest(directory, names)
  const manifestBytes = await readRegularFile(directory, MANIFEST_FILE, { most: MAX_MANIFEST })
  if (scanJson(manifestBytes.toString()))
    throw new ArtifactError('invalid', `${MANIFEST_FILE} is nested too deep or has too many keys`)
  const manifest = decodeManifest(manifestBytes)
  const files = new Map<string, Uint8Array>([[MANIFEST_FILE, manifestBytes]])
  for (const entry of manifest.files) files.set(entry.name, await readListedFile(directory, entry))
  const { artifact, predictor } = buildModel(manifest, files)
  const known = new Set([...files.keys(), CARD_FILE, LOCK_FILE])
  return { artifact, predictor, files, extraFiles: names.filter((name) => !known.has(name)) }
}

/** Returns the model in bytes that were read from a directory before. */
export function loadModelFiles(files: ReadonlyMap<string, Uint8Array>): {
  artifact: Artifact
  predictor: Predictor
} {
  return buildModel(decodeManifest(files.get(MANIFEST_FILE) as Uint8Array), files)
}

function buildModel(manifest: Manifest, files: ReadonlyMap<string, Uint8Array>) {
  const artifact = decodeArtifact(manifest, files)
  const predictor = buildPredictor(artifact)
  runSelfTest(predictor, artifact)
  return { artifact, predictor }
}

async function listDirectory(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new ArtifactError('missing', `there is no model directory ${quote(directory, 256)}`)
    if (code === 'ENOTDIR')
      throw new ArtifactError('missing', `${quote(directory, 256)} is not a directory`)
    throw unreadable(directory, error)
  }
}

function noManifest(directory: string, names: readonly string[]): ArtifactError {
  const foreign = names.filter((name) =>
    /\.(pkl|pickle|joblib|onnx|pt|bin|model|json|tar\.gz)$/.test(name),
  )
  if (foreign.length > 0) {
    return new ArtifactError(
      'foreign',
      `${quote(directory, 256)} has no ${MANIFEST_FILE}; it holds ${listNames(foreign, 3)}, a foreign artifact that is not read`,
    )
  }
  const what = names.length === 0 ? 'is empty' : `has no ${MANIFEST_FILE}`
  return new ArtifactError('missing', `the model directory ${quote(directory, 256)} ${what}`)
}

/** Reads a file that a manifest names; a file that is about to be renamed may still have the suffix. */
async function readListedFile(directory: string, entry: FileEntry): Promise<Uint8Array> {
  let problem: unknown
  for (const name of [entry.name, entry.name + NEXT, entry.name]) {
    try {
      const bytes = await readRegularFile(directory, name, { exactly: entry.size, most: MAX_FILE })
      if (sha256(bytes) === entry.sha256) return bytes
      problem ??= new ArtifactError('corrupt', `${entry.name} differs from the manifest's checksum`)
    } catch (error) {
      problem ??= error
    }
  }
  throw problem
}

/** Reads a regular file whole, never through a link and never waiting on a pipe or device. */
async function readRegularFile(
  directory: string,
  name: string,
  limits: { exactly?: number; most: number },
): Promise<Buffer> {
  let handle: FileHandle | undefined
  try {
    handle = await open(
      join(directory, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
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
    const bytes = await handle.readFile()
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
    throw unreadable(name, error)
  } finally {
    await handle?.close()
  }
}

function unreadable(name: string, error: unknown): ArtifactError {
  const { code, message } = error as NodeJS.ErrnoException
  const shown = quote(name, 256)
  if (code === 'ENOENT')
    return new ArtifactError('corrupt', `${shown} is missing, the manifest names it`, {
      cause: error,
    })
  if (code === 'ELOOP' || code === 'EMLINK')
    return new ArtifactError('unreadable', `${shown} is a symbolic link`, { cause: error })
  if (code === 'EACCES' || code === 'EPERM') {
    return new ArtifactError(
      'unreadable',
      `${shown} may not be read by uid ${process.getuid?.()}`,
      { cause: error },
    )
  }
  return new ArtifactError('unreadable', `${shown} cannot be read: ${code ?? message}`, {
    cause: error,
  })
}

/** A directory that is reserved for one training. */
export interface ModelWriter {
  /**
   * Replaces the directory's model; when it fails or is killed, the old model stays.
   * @throws ArtifactError `unwritable`
   */
  commit(artifact: Artifact, card: string): Promise<void>
  /** Gives the directory free. */
  release(): Promise<void>
}

/**
 * Makes the directory if needed, takes its lock and proves that it can be written: before a training, not after it.
 * @throws ArtifactError `unwritable` or `locked`
 */
export async function openModelWriter(directory: string): Promise<ModelWriter> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 })
  } catch (error) {
    throw unwritable(directory, error)
  }
  await takeLock(directory)
  return {
    commit: (artifact, card) => commit(directory, artifact, card),
    release: () => rm(join(directory, LOCK_FILE), { force: true }),
  }
}

async function takeLock(directory: string, retry = true): Promise<void> {
  const path = join(directory, LOCK_FILE)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'wx', 0o644)
    await handle.writeFile(`${process.pid} ${hostname()}\n`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw unwritable(directory, error)
    if (retry && (await isStale(path))) {
      await rm(path, { force: true })
      return takeLock(directory, false)
    }
    throw new ArtifactError(
      'locked',
      `another training writes to ${quote(directory, 256)}; if not, delete ${quote(path, 256)}`,
    )
  } finally {
    await handle?.close()
  }
}

/** A lock is stale when its process was on this host and is no more. */
async function isStale(path: string): Promise<boolean> {
  try {
    const handle = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    const [pid, host] = (await handle.readFile('utf8').finally(() => handle.close()))
      .trim()
      .split(' ')
    if (host !== hostname()) return false
    if (Number(pid) === process.pid) return true
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function commit(directory: string, artifact: Artifact, card: string): Promise<void> {
  const files = encodeArtifact(artifact, sha256)
  try {
    await finishEarlierCommit(directory)
    try {
      for (const [name, bytes] of files) await writeSynced(join(directory, name + NEXT), bytes)
      await syncDirectory(directory)
    } catch (error) {
      for (const name of files.keys()) await rm(join(directory, name + NEXT), { force: true })
      throw error
    }
    await moveIntoPlace(directory, MANIFEST_FILE)
    await syncDirectory(directory)
    for (const name of files.keys())
      if (name !== MANIFEST_FILE) await moveIntoPlace(directory, name)
    await writeSynced(join(directory, CARD_FILE + NEXT), new TextEncoder().encode(card))
    await moveIntoPlace(directory, CARD_FILE)
    await syncDirectory(directory)
  } catch (error) {
    throw unwritable(directory, error)
  }
}

async function moveIntoPlace(directory: string, name: string): Promise<void> {
  await rename(join(directory, name + NEXT), join(directory, name))
}

/**
 * Clears up after a training that was killed: a `.next` file that the manifest asks for was committed and takes its
 * place, any other is a remnant and goes.
 */
async function finishEarlierCommit(directory: string): Promise<void> {
  const remnants = (await readdir(directory)).filter((name) => name.endsWith(NEXT))
  if (remnants.length === 0) return
  const wanted = await readCommittedEntries(directory)
  for (const remnant of remnants) {
    const name = remnant.slice(0, -NEXT.length)
    const entry = wanted.get(name)
    const bytes =
      entry &&
      (await readRegularFile(directory, remnant, { most: MAX_FILE }).catch(() => undefined))
    if (bytes && sha256(bytes) === entry.sha256) await moveIntoPlace(directory, name)
    else await rm(join(directory, remnant), { force: true })
  }
  await syncDirectory(directory)
}

async function readCommittedEntries(directory: string): Promise<Map<string, FileEntry>> {
  try {
    const { files } = decodeManifest(
      await readRegularFile(directory, MANIFEST_FILE, { most: MAX_MANIFEST }),
    )
    return new Map(files.map((entry) => [entry.name, entry]))
  } catch {
    return new Map()
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w', 0o644)
  try {
    await handle.writeFile(bytes)
    // The mode above is cut by the umask; a model must be readable by whoever serves it.
    await handle.chmod(0o644)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unwritable(directory: string, error: unknown): ArtifactError {
  const { code, message } = error as NodeJS.ErrnoException
  const uid = process.getuid?.()
  return new ArtifactError(
    'unwritable',
    `${quote(directory, 256)} cannot be written by uid ${uid}: ${code ?? message}`,
    {
      cause: error,
    },
  )
}

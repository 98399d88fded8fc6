/**
 * Writes model directories. A new model is written beside the old one as `NAME.next`, then the manifest is renamed
 * (the commit point), then the other files are. A reader that finds a file not matching the manifest looks for its
 * `.next`: so at every moment the directory holds one whole model, the old or the new one.
 */
import { constants } from 'node:fs'
import { link, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Artifact, MANIFEST_FILE, MAX_MANIFEST, OPTIONAL_FILES } from '../artifact/artifact.ts'
import { decodeManifest, type Manifest } from '../artifact/decode-manifest.ts'
import { encodeArtifact } from '../artifact/encode.ts'
import { ArtifactError, quotePath } from '../errors.ts'
import { checkDestination, type Destination, isNextOfModel } from './check-destination.ts'
import { MAX_FILE, NEXT, readRegularFile, sha256 } from './files.ts'
import { makeDirectory } from './make-directory.ts'
import { type Papers, paperFiles } from './papers.ts'
import { LOCK_FILE } from './read.ts'
import { SIGNATURE_FILE } from './signature.ts'
import { syncDirectory, writeSynced } from './synced-files.ts'

/** A directory that is reserved for one training. */
export interface ModelWriter {
  /**
   * Replaces the directory's model; when it fails or is killed, the old model stays. Returns the bytes of every file.
   * @throws ArtifactError `unwritable`
   */
  commit(artifact: Artifact, papers: Papers): Promise<ReadonlyMap<string, number>>
  /** Gives the directory free. */
  release(): Promise<void>
}

/**
 * Makes the directory if needed, takes its lock and proves that it can be written: before a training, not after it.
 * @throws ArtifactError `unwritable`, `locked`, or `foreign` for a directory that holds something else
 */
export async function openModelWriter(
  directory: string,
  allowed: Destination = 'alone',
): Promise<ModelWriter> {
  try {
    await makeDirectory(directory)
    await checkDestination(directory, allowed)
  } catch (error) {
    throw error instanceof ArtifactError ? error : unwritable(directory, error)
  }
  await takeLock(directory)
  return {
    commit: (artifact, papers) => commit(directory, artifact, papers),
    release: () => rm(join(directory, LOCK_FILE), { force: true }),
  }
}

/** The lock appears with its contents or not at all: it is written under another name and linked. */
async function takeLock(directory: string, retry = true): Promise<void> {
  const path = join(directory, LOCK_FILE)
  const draft = `${path}.${process.pid}`
  try {
    await writeFile(draft, `${process.pid} ${hostname()}\n`, { mode: 0o644 })
    await link(draft, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw unwritable(directory, error)
    if (retry && (await isStale(path))) {
      await rm(path, { force: true })
      return await takeLock(directory, false)
    }
    throw new ArtifactError(
      'locked',
      `another training writes to ${quotePath(directory)}; if not, delete ${quotePath(path)}`,
    )
  } finally {
    await rm(draft, { force: true })
  }
  await removeDrafts(directory)
}

/** Removes what trainings left that were killed while they took the lock. */
async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = name.startsWith(`${LOCK_FILE}.`) ? name.slice(LOCK_FILE.length + 1) : ''
    const path = join(directory, name)
    if (/^\d+$/.test(pid) && !isRunning(Number(pid)) && (await isStale(path)))
      await rm(path, { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** A lock is stale when its process was on this host and is no more, or when it names none. */
async function isStale(path: string): Promise<boolean> {
  try {
    const handle = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    const [pid, host] = (await handle.readFile('utf8').finally(() => handle.close()))
      .trim()
      .split(' ')
    if (pid === undefined || pid === '') return true
    if (host !== hostname()) return false
    return Number(pid) === process.pid || !isRunning(Number(pid))
  } catch {
    return false
  }
}

async function commit(
  directory: string,
  artifact: Artifact,
  papers: Papers,
): Promise<ReadonlyMap<string, number>> {
  const files = encodeArtifact(artifact, sha256)
  for (const [name, text] of Object.entries(papers)) files.set(name, new TextEncoder().encode(text))
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
    // Those of the model before: no files of this one.
    for (const name of [...OPTIONAL_FILES, ...paperFiles])
      if (!files.has(name)) await rm(join(directory, name), { force: true })
    // The signature is of the model before.
    await rm(join(directory, SIGNATURE_FILE), { force: true })
    await syncDirectory(directory)
    return new Map([...files].map(([name, bytes]) => [name, bytes.length]))
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
  const remnants = (await readdir(directory)).filter(isNextOfModel)
  if (remnants.length === 0) return
  const committed = await readCommitted(directory)
  for (const remnant of remnants) {
    const name = remnant.slice(0, -NEXT.length)
    const bytes = await readRegularFile(directory, remnant, { most: MAX_FILE }).catch(
      () => undefined,
    )
    if (bytes && belongsTo(committed, name, bytes)) await moveIntoPlace(directory, name)
    else await rm(join(directory, remnant), { force: true })
  }
  await syncDirectory(directory)
}

async function readCommitted(directory: string): Promise<Manifest | undefined> {
  try {
    return decodeManifest(
      await readRegularFile(directory, MANIFEST_FILE, { most: MAX_MANIFEST }),
      sha256,
    )
  } catch {
    return undefined
  }
}

/** Whether a file is the manifest's: by its checksum, or a paper by the model it names. */
function belongsTo(manifest: Manifest | undefined, name: string, bytes: Buffer): boolean {
  if (!manifest) return false
  if (paperFiles.includes(name)) return bytes.includes(String(manifest.json.get('model_id')))
  return manifest.files.some((entry) => entry.name === name && entry.sha256 === sha256(bytes))
}

function unwritable(directory: string, error: unknown): ArtifactError {
  const { code, message } = error as NodeJS.ErrnoException
  const uid = process.getuid?.()
  return new ArtifactError(
    'unwritable',
    `${quotePath(directory)} cannot be written by uid ${uid}: ${code ?? message}`,
    {
      cause: error,
    },
  )
}

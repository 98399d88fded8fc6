/** Where the files of a model are: a directory, or an archive that was unpacked into memory. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { MANIFEST_FILE } from '../artifact/artifact.ts'
import { ArtifactError, quote, quotePath } from '../errors.ts'
import { readRegularFile, unreadable } from './files.ts'
import { isBeside, readFolder, sortPaths } from './folder-files.ts'
import { nameModelsBelow } from './models-below.ts'
import { readTar } from './tar.ts'

export interface ModelSource {
  readonly path: string
  /** Returns the names of the files, sorted. */
  list(): Promise<string[]>
  /** @throws ArtifactError for a file that is missing, no regular file or not of the size */
  read(name: string, limits: { exactly?: number; most: number }): Promise<Buffer>
  /**
   * Returns the files below a folder by their paths from there, sorted; those that begin with `.` or `_`, which Hadoop
   * writes beside its own, are left out.
   * @param folder empty: the whole
   * @throws ArtifactError `invalid` for too many files, too deep folders or too many bytes
   */
  readBelow(folder: string): Promise<ReadonlyMap<string, Uint8Array>>
  /** Returns `there is a model in` with the places one level below that are models; undefined for none. */
  nameModelsBelow(names: readonly string[]): Promise<string | undefined>
}

/** What an archive of a model is called; `model.tar.gz` is what SageMaker makes. */
const ARCHIVE = /\.(tar|tar\.gz|tgz)$/i

/** Whether a path is called like an archive. */
export function isArchive(path: string): boolean {
  return ARCHIVE.test(path)
}

/**
 * Returns the source of the files of a model: an archive is a file of such a name.
 * @throws ArtifactError `invalid` for an archive that is damaged, too large or holds anything but files and folders
 */
export async function openModelSource(path: string): Promise<ModelSource> {
  if (isArchive(path) && (await isFile(path))) return await openArchive(path)
  return {
    path,
    list: () => listDirectory(path),
    read: (name, limits) => readRegularFile(path, name, limits),
    readBelow: (folder) => readFolder(join(path, folder)),
    nameModelsBelow: (names) => nameModelsBelow(path, names),
  }
}

async function openArchive(path: string): Promise<ModelSource> {
  const { files, below } = await unpackOrSay(path)
  return {
    path,
    async list() {
      const folders = new Set(below.map((name) => name.slice(0, name.indexOf('/'))))
      return [...files.keys(), ...folders].sort()
    },
    async read(name, { exactly, most }) {
      const bytes = files.get(name)
      if (!bytes)
        throw unreadable(name, Object.assign(new Error('not in the archive'), { code: 'ENOENT' }))
      if (bytes.length > most)
        throw new ArtifactError(
          'invalid',
          `${name} has ${bytes.length} bytes, at most ${most} are read`,
        )
      if (exactly !== undefined && bytes.length !== exactly)
        throw new ArtifactError(
          'corrupt',
          `${name} has ${bytes.length} bytes, the manifest says ${exactly}`,
        )
      return bytes
    },
    async readBelow(folder) {
      const prefix = folder === '' ? '' : `${folder}/`
      const found = await unpackOrSay(path, (name) => {
        if (!name.startsWith(prefix)) return false
        return !name.slice(prefix.length).split('/').some(isBeside)
      })
      const entries = [...found.files].map(([name, bytes]) => [name.slice(prefix.length), bytes])
      return sortPaths(new Map(entries as [string, Uint8Array][]))
    },
    async nameModelsBelow() {
      const found = below.find((name) => name.endsWith(`/${MANIFEST_FILE}`))
      if (found === undefined) return undefined
      const folder = found.slice(0, -MANIFEST_FILE.length)
      return `there is a model in its folder ${quote(folder, 4096)}; pack what is in that folder`
    },
  }
}

/** @throws ArtifactError that names the archive */
async function unpackOrSay(path: string, keeps?: (name: string) => boolean) {
  return await unpack(path, keeps).catch((error) => {
    if (error instanceof ArtifactError)
      throw new ArtifactError(error.code, `${quotePath(path)}: ${error.message}`, { cause: error })
    const { code, message } = error as NodeJS.ErrnoException
    if (/^Z_|^ERR_ZLIB/.test(code ?? ''))
      throw new ArtifactError('invalid', `${quotePath(path)} is cut, damaged or not gzip`, {
        cause: error,
      })
    throw new ArtifactError('unreadable', `${quotePath(path)} cannot be read: ${code ?? message}`, {
      cause: error,
    })
  })
}

async function unpack(path: string, keeps?: (name: string) => boolean) {
  const packed = createReadStream(path)
  if (/\.tar$/i.test(path)) return await readTar(packed, keeps)
  const stream = createGunzip()
  packed.on('error', (error) => stream.destroy(error))
  try {
    return await readTar(packed.pipe(stream), keeps)
  } finally {
    packed.destroy()
    stream.destroy()
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function listDirectory(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new ArtifactError('missing', `there is no model directory ${quotePath(directory)}`)
    if (code === 'ENOTDIR')
      throw new ArtifactError('missing', `${quotePath(directory)} is not a directory`)
    throw unreadable(directory, error)
  }
}

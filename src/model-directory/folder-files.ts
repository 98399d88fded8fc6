/** The files below a folder, such as those that Spark ML saves: many small ones in folders of their own. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError, quotePath } from '../errors.ts'
import { MAX_FILE, readRegularFile, unreadable } from './files.ts'

const MAX_FILES = 20_000
const MAX_LEVELS = 5

/** Whether a name is one of those that Hadoop writes beside its files: checksums, marks of success. */
export function isBeside(name: string): boolean {
  return /^[._]/.test(name)
}

/**
 * Returns the files below a folder by their path, sorted; those that are beside others are left out.
 * @throws ArtifactError `invalid` for too many files, too deep folders or too many bytes
 */
export async function readFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  let left = MAX_FILE
  const visit = async (prefix: string, level: number): Promise<void> => {
    const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error) => {
      throw unreadable(join(folder, prefix), error)
    })
    for (const entry of entries) {
      if (isBeside(entry.name)) continue
      const path = `${prefix}${entry.name}`
      if (entry.isDirectory()) {
        if (level === MAX_LEVELS) throw tooMuch(folder)
        await visit(`${path}/`, level + 1)
        continue
      }
      if (files.size === MAX_FILES) throw tooMuch(folder)
      const bytes = await readRegularFile(folder, path, { most: left })
      left -= bytes.length
      files.set(path, bytes)
    }
  }
  await visit('', 0)
  return sortPaths(files)
}

/** Returns files sorted by the names of their folders, then by their own: the same order wherever they come from. */
export function sortPaths(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  // A slash before all other characters keeps a folder together.
  const keys = new Map([...files.keys()].map((path) => [path, path.replaceAll('/', '\0')]))
  const order = [...files].sort(([a], [b]) => (keys.get(a)! < keys.get(b)! ? -1 : 1))
  return new Map(order)
}

function tooMuch(folder: string): ArtifactError {
  return new ArtifactError(
    'invalid',
    `${quotePath(folder)} has more than ${MAX_FILES} files, or folders in more than ${MAX_LEVELS} levels`,
  )
}

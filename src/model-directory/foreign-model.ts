/** A model of another program in memory: the bytes of one file, or of all files in a folder. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError, InputError, quotePath } from '../errors.ts'
import type { ImportedModel, ReadOptions } from '../import/imported-model.ts'
import { readModelFile } from '../import/index.ts'
import { MAX_FILE, readRegularFile, sha256, unreadable } from './files.ts'

export interface ForeignBytes {
  readonly sha256: string
  /** Bytes that the model and what is made while it is read take. */
  readonly memory: number
  /**
   * @param format as in `--format`
   * @throws ArtifactError or InputError with one line that says what is wrong
   */
  read(format: string, options: ReadOptions): Promise<ImportedModel>
}

/** What is made of a file while it is read, in sizes of it; Parquet is packed. */
const MEMORY = { file: 4, folder: 16 }

/** Returns the model in a file's bytes. */
export function openForeignFile(bytes: Uint8Array, name: string): ForeignBytes {
  return {
    sha256: sha256(bytes),
    memory: bytes.length * MEMORY.file,
    async read(format, options) {
      if (format === 'spark')
        throw new InputError(
          'invalid_parameter',
          '--format spark is for a directory that Spark ML saved, not for a file',
        )
      return readModelFile(bytes, name, format, options)
    },
  }
}

/**
 * Returns the model in a folder that Spark ML saved.
 * @throws ArtifactError for a folder that cannot be read, or is too large
 */
export async function openForeignFolder(folder: string): Promise<ForeignBytes> {
  const files = await readFolder(folder)
  const digest = createHash('sha256')
  let size = 0
  for (const [path, bytes] of files) {
    digest.update(`${JSON.stringify(path)} ${bytes.length}\n`).update(bytes)
    size += bytes.length
  }
  return {
    sha256: digest.digest('hex'),
    memory: size * MEMORY.folder,
    async read(format, options) {
      if (format !== 'auto' && format !== 'spark')
        throw new InputError(
          'invalid_parameter',
          `--format is ${JSON.stringify(format)}, the directory is one of Spark ML`,
        )
      // With its reader of Parquet, which no other format needs.
      const { readSpark } = await import('../import/spark/spark.ts')
      return readSpark(files, options)
    },
  }
}

const MAX_FILES = 20_000
const MAX_LEVELS = 5

/** Returns the files below a folder by their path, sorted; those that Hadoop writes beside them are left out. */
async function readFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  let left = MAX_FILE
  const visit = async (prefix: string, level: number): Promise<void> => {
    const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error) => {
      throw unreadable(join(folder, prefix), error)
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (/^[._]/.test(entry.name)) continue
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
  return files
}

function tooMuch(folder: string): ArtifactError {
  return new ArtifactError(
    'invalid',
    `${quotePath(folder)} has more than ${MAX_FILES} files, or folders in more than ${MAX_LEVELS} levels`,
  )
}

/** A model of another program in memory: the bytes of one file, or of all files in a folder. */
import { createHash } from 'node:crypto'
import { InputError } from '../errors.ts'
import type { ImportedModel, ReadOptions } from '../import/imported-model.ts'
import { readModelFile } from '../import/index.ts'
import { sha256 } from './files.ts'
import type { ModelSource } from './model-source.ts'

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
 * @param folder in the source; empty: the whole
 * @throws ArtifactError for a folder that cannot be read, or is too large
 */
export async function openForeignFolder(
  source: ModelSource,
  folder: string,
): Promise<ForeignBytes> {
  const files = await source.readBelow(folder)
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

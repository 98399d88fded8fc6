/** A stage that Spark ML saved: a folder of `metadata/` with one line of JSON and, of most, `data/` with Parquet files. */
import { type NestedParquet, openNestedParquet } from '../../tables/formats/parquet-leaves.ts'
import { type Fields, fieldsOf } from '../document-fields.ts'
import { invalid, unsupported } from '../imported-model.ts'
import { parseJsonDocument } from '../json-document.ts'

/** Files by their path from the directory on, with `/`. */
export type SparkFiles = ReadonlyMap<string, Uint8Array>

/** A stage and what its metadata says. */
export interface SavedStage {
  /** Its class with the package, for messages and tables. */
  readonly className: string
  readonly metadata: Fields
  /** Returns the parameters: what was set, else the defaults. */
  readonly params: { find(key: string): Fields | undefined; text(key: string): string }
  /** Returns the Parquet files of a folder of the stage. */
  parquet(folder: string): NestedParquet[]
  /** Returns the files of a folder of the stage as a directory of their own. */
  below(folder: string): SparkFiles
}

/**
 * Returns the stage of a directory.
 * @param where for messages; empty for the directory itself
 * @throws ArtifactError `invalid`
 */
export function openStage(files: SparkFiles, where: string): SavedStage {
  const inside = where === '' ? '' : `${where}: `
  const below = (folder: string) =>
    new Map(
      [...files].flatMap(([path, bytes]) =>
        path.startsWith(`${folder}/`) ? [[path.slice(folder.length + 1), bytes] as const] : [],
      ),
    )
  const line = partsOf(below('metadata')).find(([, bytes]) => bytes.length > 0)?.[1]
  if (!line) throw invalid(`${inside}metadata/ holds no file that says what was saved`)
  if (line.length > MAX_METADATA) throw invalid(`${inside}metadata/ is too long`)
  const metadata = fieldsOf(parseJsonDocument(line), `${where || 'metadata'}`)
  const [set, defaults] = [metadata.object('paramMap'), metadata.object('defaultParamMap')]
  const find = (key: string) => [set, defaults].find((own) => !own.isNull(key))
  return {
    className: metadata.text('class'),
    metadata,
    params: { find, text: (key) => (find(key) ?? set).text(key) },
    parquet: (folder) =>
      partsOf(below(folder)).map(([name, bytes]) =>
        refuseDamage(`${inside}${folder}/${name}`, () => openNestedParquet(bytes)),
      ),
    below,
  }
}

/** Most bytes of a stage's metadata: they name columns, not nodes. */
const MAX_METADATA = 2 ** 24

/** What Spark wrote, without what Hadoop writes beside it. */
function partsOf(files: SparkFiles): [string, Uint8Array][] {
  return [...files]
    .filter(([path]) => /^part-[^/]*$/.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Runs what reads a Parquet file; what is thrown at bytes that are none means just that. */
export function refuseDamage<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const why = error instanceof RangeError ? '' : ' or of another form'
    throw invalid(`${where} is damaged${why}`)
  }
}

/** Returns the name of a class without its package. */
export function shortNameOf({ className }: SavedStage): string {
  return className.slice(className.lastIndexOf('.') + 1)
}

/** Returns the refusal of a stage. */
export function notRead({ className }: SavedStage, why = 'is not read') {
  const shown = /^[\w.]{1,200}$/.test(className)
    ? className
    : JSON.stringify(className.slice(0, 64))
  return unsupported(`${shown} ${why}`)
}

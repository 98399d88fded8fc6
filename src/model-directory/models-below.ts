/** Models one level below a directory: a model that was copied into a directory of its own name lies there. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MANIFEST_FILE } from '../artifact/artifact.ts'
import { quote } from '../errors.ts'

/** A directory may have any number of others in it. */
const MOST_LOOKED_AT = 100

const MOST_NAMED = 3

/** Returns `there is a model in` with the paths of those entries of a directory that are models; undefined for none. */
export async function nameModelsBelow(
  directory: string,
  names: readonly string[],
): Promise<string | undefined> {
  const paths = names.slice(0, MOST_LOOKED_AT).map((name) => join(directory, name))
  const isModel = await Promise.all(
    paths.map((path) =>
      stat(join(path, MANIFEST_FILE)).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  )
  const found = paths.filter((_, i) => isModel[i]).slice(0, MOST_NAMED)
  if (found.length === 0) return undefined
  // Whole paths: they are there to be used.
  return `there is a model in ${found.map((path) => quote(path, 4096)).join(', ')}`
}

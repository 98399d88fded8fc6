/** What stands where a model is to go: never replaced unless it is a model. Looked at before a training. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DATA_FILES, MANIFEST_FILE, MAX_MANIFEST, OPTIONAL_FILES } from '../artifact/artifact.ts'
import { ArtifactError, listNames, quotePath } from '../errors.ts'
import { NEXT, readRegularFile } from './files.ts'
import { nameModelsBelow } from './models-below.ts'
import { paperFiles } from './papers.ts'
import { SIGNATURE_FILE } from './signature.ts'

/** Every file that a model may have, by its name in the directory. */
const modelFiles: readonly string[] = [
  MANIFEST_FILE,
  ...DATA_FILES,
  ...OPTIONAL_FILES,
  ...paperFiles,
  SIGNATURE_FILE,
]

/** Whether a name is that of a model's file which is not in its place yet. */
export function isNextOfModel(name: string): boolean {
  return modelFiles.some((own) => name === own + NEXT)
}

/**
 * What may be in a directory besides a model: nothing but what other programs leave in any; files that no model has;
 * or anything, files with the names of a model's being replaced.
 */
export type Destination = 'alone' | 'beside_others' | 'in_place_of_others'

/**
 * Refuses a directory in which a training would replace what is no model's.
 * @throws ArtifactError `foreign`, or `unwritable` where a directory or device has the name of a model's file
 */
export async function checkDestination(directory: string, allowed: Destination): Promise<void> {
  const names = await readdir(directory)
  for (const name of names) {
    if (!modelFiles.includes(name) && !isNextOfModel(name)) continue
    const found = await lstat(join(directory, name))
    if (!found.isFile() && !found.isSymbolicLink())
      throw new ArtifactError(
        'unwritable',
        `${quotePath(join(directory, name))} is ${found.isDirectory() ? 'a directory' : 'no regular file'}, where a file of the model goes`,
      )
  }
  if (allowed === 'in_place_of_others' || (await isModel(directory, names))) return
  const strangers = names
    .filter((name) => isStranger(name) && (allowed === 'alone' || modelFiles.includes(name)))
    .sort()
  if (strangers.length === 0) return
  const wayOut =
    allowed === 'alone'
      ? 'name a new directory, or add --force to write a model there all the same'
      : 'remove what has the names of files of a model'
  const hint = (await nameModelsBelow(directory, strangers)) ?? wayOut
  throw new ArtifactError(
    'foreign',
    `${quotePath(directory)} is not a model directory and holds ${listNames(strangers, 3)}; ${hint}`,
  )
}

/** What no training left behind, and no program that writes its mark into every directory. */
function isStranger(name: string): boolean {
  return !name.startsWith('.') && name !== 'lost+found' && !isNextOfModel(name)
}

/** A manifest may be damaged, or of a later version: it says whose it is. */
async function isModel(directory: string, names: readonly string[]): Promise<boolean> {
  if (!names.includes(MANIFEST_FILE)) return false
  try {
    const bytes = await readRegularFile(directory, MANIFEST_FILE, { most: MAX_MANIFEST })
    const json: unknown = JSON.parse(Buffer.from(bytes).toString())
    return (json as { format?: unknown } | null)?.format === 'shapserve-model'
  } catch {
    return false
  }
}

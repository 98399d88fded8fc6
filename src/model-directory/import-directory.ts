/** A directory of another program as the files of a model directory, in memory: what `import` would have written. */
import { join } from 'node:path'
import { encodeArtifact, withModelId } from '../artifact/encode.ts'
import { ArtifactError, InputError, quotePath, shellWord } from '../errors.ts'
import { draftImport } from '../import/build-artifact.ts'
import { takesSignature } from '../import/mlflow.ts'
import { buildPredictor } from '../predictor/predictor.ts'
import { makeSelfTest } from '../predictor/self-test.ts'
import { allocateShared, MAX_FILE, sha256 } from './files.ts'
import { findForeign } from './foreign-directory.ts'
import { openForeignFile, openForeignFolder } from './foreign-model.ts'
import type { ModelSource } from './model-source.ts'

/**
 * Returns the files, in shared memory.
 * @param reserve is told how many bytes are needed before the model is read, and may refuse by throwing
 * @throws ArtifactError `foreign` or `invalid` that says what is wrong and how the model would be imported
 */
export async function importDirectory(
  source: ModelSource,
  names: readonly string[],
  reserve: (bytes: number) => void | Promise<void>,
): Promise<Map<string, Uint8Array>> {
  const { file, isFolder, columns, usesBestRounds } = await findForeign(source, names)
  if (file !== '' && !names.includes(file))
    throw new ArtifactError('corrupt', `${quotePath(file)} is missing, MLmodel names it`)
  const foreign = isFolder
    ? await openForeignFolder(source, file)
    : openForeignFile(await source.read(file, { most: MAX_FILE }), file)
  await reserve(foreign.memory)
  try {
    const model = await foreign.read('auto', usesBestRounds ? { isWrapped: true } : {})
    const named = columns && takesSignature(model, columns) ? columns : undefined
    const draft = draftImport(model, { target: 'target', columns: named }, foreign.sha256)
    if (draft.model.kind === 'linear')
      throw new InputError(
        'invalid_parameter',
        'a linear model is explained against rows: it needs --background',
      )
    const selfTest = makeSelfTest(buildPredictor(draft))
    const encoded = encodeArtifact(withModelId({ ...draft, selfTest }, sha256), sha256)
    return new Map([...encoded].map(([name, own]) => [name, share(own)]))
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof InputError)) throw error
    const path = join(source.path, file)
    const hint =
      error instanceof InputError ? `; import it with shapserve import ${shellWord(path)}` : ''
    const message = `${quotePath(path)}: ${error.message}${hint}`
    throw new ArtifactError('foreign', message, { cause: error })
  }
}

function share(bytes: Uint8Array): Uint8Array {
  const shared = allocateShared(bytes.length)
  shared.set(bytes)
  return shared
}

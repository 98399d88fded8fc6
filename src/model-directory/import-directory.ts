/** A directory of another program as the files of a model directory, in memory: what `import` would have written. */
import { join } from 'node:path'
import { encodeArtifact, withModelId } from '../artifact/encode.ts'
import { ArtifactError, InputError, quotePath } from '../errors.ts'
import { draftImport } from '../import/build-artifact.ts'
import { readModelFile } from '../import/index.ts'
import { takesSignature } from '../import/mlflow.ts'
import { buildPredictor } from '../predictor/predictor.ts'
import { makeSelfTest } from '../predictor/self-test.ts'
import { allocateShared, MAX_FILE, sha256 } from './files.ts'
import { findForeign } from './foreign-directory.ts'
import type { ModelSource } from './model-source.ts'

/** A model and what is made while it is read, in sizes of its file. */
const MEMORY = 4

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
  const { file, columns, usesBestRounds } = await findForeign(source, names)
  if (!names.includes(file))
    throw new ArtifactError('corrupt', `${quotePath(file)} is missing, MLmodel names it`)
  const bytes = await source.read(file, { most: MAX_FILE })
  await reserve(bytes.length * MEMORY)
  try {
    const model = readModelFile(bytes, file, 'auto', usesBestRounds ? { isWrapped: true } : {})
    const named = columns && takesSignature(model, columns) ? columns : undefined
    const draft = draftImport(model, { target: 'target', columns: named }, sha256(bytes))
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
    const path = quotePath(join(source.path, file))
    const hint = error instanceof InputError ? `; import it with shapserve import ${path}` : ''
    throw new ArtifactError('foreign', `${path}: ${error.message}${hint}`, { cause: error })
  }
}

function share(bytes: Uint8Array): Uint8Array {
  const shared = allocateShared(bytes.length)
  shared.set(bytes)
  return shared
}

/** Files that come from elsewhere, changed: models of other libraries, and directories of our own. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  EXPLAIN_FILE,
  MANIFEST_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
} from '../../src/artifact/artifact.ts'
import { createRandom } from '../../src/data/random.ts'
import { ArtifactError, InputError } from '../../src/errors.ts'
import { readModelFile } from '../../src/import/index.ts'
import { mutants } from '../../test/helper.ts'
import type { Files } from '../../test/model-directory/model-files.ts'
import { mutateJson, mutateTensors, pick } from '../../test/model-directory/mutations.ts'
import {
  isAccepted,
  logisticFiles,
  reference,
  treeFiles,
} from '../../test/model-directory/refusals.ts'
import type { Target } from './target.ts'

const imported = [readFileSync('data/xgboost-model')]

/** Models of other libraries with odd bytes: read, or refused in one line. */
export const importTarget: Target<Buffer> = {
  arbitrary: mutants(imported),
  check(bytes) {
    try {
      readModelFile(bytes, 'model', 'auto', {})
    } catch (error) {
      if (!(error instanceof ArtifactError || error instanceof InputError)) throw error
      if (error.message.includes('\n')) throw new Error(`more than one line: ${error.message}`)
    }
  },
  show: (bytes) => bytes.toString('base64').slice(0, 2000),
}

const models: readonly Files[] = [reference, treeFiles, logisticFiles]
const names = [MODEL_FILE, EXPLAIN_FILE, PREPROCESSOR_FILE, MANIFEST_FILE]

/** Files of a model with numbers and members changed, checksums and all: refused, or finite answers. */
export const directoryTarget: Target<number> = {
  arbitrary: fc.nat(),
  check(seed) {
    const random = createRandom(seed)
    const files = pick(models, random)
    const name = pick(names, random)
    const before = files.get(name) as Uint8Array
    const bytes = name.endsWith('.json')
      ? mutateJson(before, random)
      : mutateTensors(before, random)
    isAccepted(new Map([...files, [name, bytes]]))
  },
  show: (seed) => `seed ${seed} of the mutation`,
}

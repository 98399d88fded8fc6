/** Directories in which other programs leave their models: SageMaker's XGBoost container, MLflow and Spark ML. */
import { join } from 'node:path'
import { ArtifactError, listNames, quotePath } from '../errors.ts'
import type { ModelSource } from './model-source.ts'

/** What MLflow leaves. */
const MLFLOW_FILE = 'MLmodel'

/** What SageMaker's XGBoost container leaves; with cross-validation a number follows. */
const SAGEMAKER_FILE = 'xgboost-model'

const MAX_MLFLOW = 2 ** 20

/** A model of another library in a directory. */
export interface ForeignModel {
  /** Name of its file in the directory, or of its folder. */
  readonly file: string
  /** Whether it is a folder that Spark ML saved; `file` then may be empty for the directory itself. */
  readonly isFolder?: true
  /** Names of its columns, where the directory says them. */
  readonly columns?: readonly string[]
  /** Whether what serves it there uses the best rounds of a training that stopped early. */
  readonly usesBestRounds: boolean
}

/** Folders of what Spark ML saved: a pipeline has stages, a model data. */
function isSpark(names: readonly string[]): boolean {
  return names.includes('metadata') && (names.includes('stages') || names.includes('data'))
}

/** Whether a directory without a manifest is one that `findForeign` reads. */
export function mayHoldForeign(names: readonly string[]): boolean {
  return (
    isSpark(names) ||
    names.some((name) => name === MLFLOW_FILE || /^xgboost-model(-\d+)?$/.test(name))
  )
}

/**
 * Returns the model in a directory of another program.
 * @throws ArtifactError `foreign` where there is none, or where several are to be averaged
 */
export async function findForeign(
  source: ModelSource,
  names: readonly string[],
): Promise<ForeignModel> {
  const { path: directory } = source
  if (names.includes(MLFLOW_FILE)) {
    const bytes = await source.read(MLFLOW_FILE, { most: MAX_MLFLOW })
    // With its reader of YAML, which nobody else needs.
    const { readMlflow } = await import('../import/mlflow.ts')
    return readMlflow(new Uint8Array(bytes))
  }
  if (names.includes(SAGEMAKER_FILE)) return { file: SAGEMAKER_FILE, usesBestRounds: true }
  if (isSpark(names)) return { file: '', isFolder: true, usesBestRounds: false }
  const folds = names.filter((name) => /^xgboost-model-\d+$/.test(name))
  if (folds.length > 0)
    throw new ArtifactError(
      'foreign',
      `${quotePath(directory)} holds ${listNames(folds, 3)}, whose probabilities SageMaker averages; import one of them, such as ${quotePath(join(directory, folds[0]!))}`,
    )
  throw new ArtifactError(
    'foreign',
    `${quotePath(directory)} holds neither ${MLFLOW_FILE} nor ${SAGEMAKER_FILE}; name the file of the model`,
  )
}

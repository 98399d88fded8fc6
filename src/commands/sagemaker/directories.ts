/** SageMaker's training contract: the /opt/ml layout, what stands in for it locally. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Env } from '../../config.ts'

/** Where SageMaker puts and expects things. */
export interface SageMakerPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly resourceConfig: string
  /** There when a job asks for checkpoints. */
  readonly checkpointConfig: string
  readonly data: string
  /** Directories of channels that lie elsewhere, by SM_CHANNEL_NAME; names in lower case. */
  readonly channels: ReadonlyMap<string, string>
  readonly model: string
  /** Where a multi-model endpoint's models lie. */
  readonly models: string
  /** What becomes output.tar.gz. */
  readonly outputData: string
  readonly failure: string
}

/** The names of the channels that are read, in order of preference. */
export const channelNames = {
  train: ['train', 'training'],
  validation: ['validation', 'eval'],
  test: ['test'],
} as const

/** Returns the layout below SAGEMAKER_BASE_DIR, which is /opt/ml on SageMaker. */
export function sageMakerPaths(env: Env): SageMakerPaths {
  const base = env.SAGEMAKER_BASE_DIR || '/opt/ml'
  const channels = Object.values(channelNames)
    .flat()
    .flatMap((name) => {
      const directory = env[`SM_CHANNEL_${name.toUpperCase()}`]
      return directory ? [[name, directory] as const] : []
    })
  return {
    hyperparameters: join(base, 'input/config/hyperparameters.json'),
    inputDataConfig: join(base, 'input/config/inputdataconfig.json'),
    resourceConfig: join(base, 'input/config/resourceconfig.json'),
    checkpointConfig: join(base, 'input/config/checkpointconfig.json'),
    data: join(base, 'input/data'),
    channels: new Map<string, string>(channels),
    model: env.SM_MODEL_DIR || join(base, 'model'),
    models: join(base, 'models'),
    outputData: env.SM_OUTPUT_DATA_DIR || join(base, 'output/data'),
    failure: join(base, 'output/failure'),
  }
}

/** Whether this process was started by SageMaker, or by something that laid out the same files. */
export function isSageMakerTraining(paths: SageMakerPaths): boolean {
  return existsSync(paths.hyperparameters) || existsSync(paths.data) || paths.channels.size > 0
}

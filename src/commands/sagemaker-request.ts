/** SageMaker's bare `train`: what its files ask for. */
import type { Env } from '../config.ts'
import { parsePlan, readPlan } from '../preprocess/plan.ts'
import { findTrainingChannel, readHyperparameters, sageMakerPaths } from '../sagemaker.ts'
import { engineNames, estimatorNames } from '../train.ts'
import type { TrainRequest } from './train.ts'
import { readName, readNumber, readSeed } from './values.ts'

/**
 * Returns what SageMaker's files ask for.
 * @throws InputError naming everything wrong in the hyperparameters
 */
export async function readSageMakerRequest(env: Env): Promise<TrainRequest> {
  const paths = sageMakerPaths(env)
  const given = await readHyperparameters(paths.hyperparameters)
  const take = (...names: string[]) => {
    const name = names.find((known) => given.has(known))
    const value = name === undefined ? undefined : given.get(name)
    for (const known of names) given.delete(known)
    return value
  }
  const target = take('target')
  const plan = take('plan')
  const estimator = readName(
    'estimator',
    take('estimator', 'algorithm') ?? 'random_forest',
    estimatorNames,
  )
  const engine = readName('engine', take('engine') ?? 'mljs', engineNames)
  const testSize = readNumber('test_size', take('test_size') ?? 0.2, 0, 0.99)
  const seed = readSeed(take('seed') ?? 0)
  const dropMissingLabel = take('drop_missing_label') === true
  const channel = await findTrainingChannel(paths)
  return {
    files: channel.files,
    headerless: target === undefined && plan === undefined,
    ...(target === undefined ? {} : { target: String(target) }),
    ...(plan === undefined
      ? {}
      : { plan: typeof plan === 'string' ? parsePlan(plan) : readPlan(plan) }),
    roles: new Map(),
    estimator,
    engine,
    params: given,
    modelDir: paths.model,
    testSize,
    seed,
    dropMissingLabel,
    json: false,
    quiet: false,
    metricLines: true,
  }
}

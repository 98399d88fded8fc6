/** Which estimator is trained: found by the names of an engine and of one of its estimators. */
import { InputError, quote } from '../errors.ts'
import type { Estimator } from '../estimators/estimator.ts'
import { type Engine, type EngineName, type EstimatorName, engines } from '../estimators/index.ts'
import { parseParams } from '../estimators/params.ts'
import type { SearchSpace } from '../estimators/search-space.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'

export {
  DEFAULT_ENGINE,
  DEFAULT_ESTIMATOR,
  type EngineName,
  type EstimatorName,
  engineNames,
  engines,
  estimatorNames,
} from '../estimators/index.ts'

export type { SearchSpace } from '../estimators/search-space.ts'

/** An engine and one of its estimators, by name. */
export interface EstimatorChoice {
  readonly engine: EngineName
  readonly estimator: EstimatorName
}

/**
 * Returns an engine's estimator, whose code and packages are loaded at the first use.
 * @param map the engines to choose from
 * @throws InputError `invalid_parameter` for an estimator that only other engines have
 */
export async function loadEstimator(
  { engine, estimator }: EstimatorChoice,
  map: Readonly<Record<EngineName, Engine>> = engines,
): Promise<Estimator> {
  const load = map[engine].estimators[estimator]
  if (load) return load()
  const owners = Object.entries(map).filter(([, { estimators }]) => estimators[estimator])
  throw new InputError(
    'invalid_parameter',
    `the engine ${engine} has no ${estimator}; choose the engine ${owners.map(([name]) => name).join(' or ')}`,
  )
}

/** Throws InputError `invalid_parameter` for parameters that an estimator does not take, and as `loadEstimator` does. */
export async function checkParams(
  choice: EstimatorChoice,
  given: ReadonlyMap<string, unknown>,
): Promise<void> {
  const { params } = await loadEstimator(choice)
  parseParams(params, given)
}

/** Returns what a tuning tries of an estimator; throws as `loadEstimator` does. */
export async function searchSpaceOf(choice: EstimatorChoice): Promise<SearchSpace> {
  return (await loadEstimator(choice)).searchSpace
}

/** Whether an estimator takes missing numbers as they are. */
export function acceptsMissing({ scale, acceptsMissing }: Estimator): boolean {
  return acceptsMissing === true && !scale
}

/** Throws InputError `invalid_parameter` for a plan with weights that the estimator would not heed. */
export function checkHeedsWeights(
  { weight }: ColumnPlan,
  { acceptsWeights }: Estimator,
  { engine, estimator }: EstimatorChoice,
): void {
  if (weight === undefined || acceptsWeights === true) return
  throw new InputError(
    'invalid_parameter',
    `${estimator} of the engine ${engine} does not heed weights; leave out the weight ${quote(weight)}, or choose another engine`,
  )
}

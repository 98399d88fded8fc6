/** The request of a tuning job, made of settings and of an estimator's search space. Pure. */
import { InputError } from '../../../errors.ts'
import type { SearchSpace } from '../../../training/choose-estimator.ts'
import { metricDefinitions } from '../metric-lines.ts'
import type { CreateTuningJobRequest, ParameterRanges } from './aws.ts'
import { jobParts, type TrainingJob } from './training-job.ts'
import type { strategies } from './tune-flags.ts'

/** How parameters are searched. */
export interface Tuning {
  /** Name of the metric in the log, such as `validation:auc`. */
  readonly metric: string
  readonly isLargerBetter: boolean
  readonly maxJobs: number
  readonly parallelJobs: number
  readonly strategy: (typeof strategies)[number]
}

const strategyNames = { bayesian: 'Bayesian', random: 'Random', grid: 'Grid' } as const

/**
 * Returns the request that starts a tuning job.
 * @throws InputError `invalid_parameter` where nothing is left to be searched
 */
export function tuningJobRequest(
  job: TrainingJob,
  tuning: Tuning,
  space: SearchSpace,
): CreateTuningJobRequest {
  const { name, resources, hyperparameters } = job
  return {
    HyperParameterTuningJobName: name,
    HyperParameterTuningJobConfig: {
      Strategy: strategyNames[tuning.strategy],
      HyperParameterTuningJobObjective: {
        Type: tuning.isLargerBetter ? 'Maximize' : 'Minimize',
        MetricName: tuning.metric,
      },
      ResourceLimits: {
        MaxNumberOfTrainingJobs: tuning.maxJobs,
        MaxParallelTrainingJobs: tuning.parallelJobs,
      },
      ParameterRanges: rangesOf(space, hyperparameters),
      // A training says how good it is when it has ended.
      TrainingJobEarlyStoppingType: 'Off',
    },
    TrainingJobDefinition: {
      StaticHyperParameters: { ...hyperparameters },
      ...jobParts(job),
      AlgorithmSpecification: {
        TrainingImage: resources.image,
        TrainingInputMode: 'File',
        MetricDefinitions: metricDefinitions(),
      },
    },
    Tags: [...resources.tags],
  }
}

/**
 * Returns a search space as SageMaker's ranges, without the parameters that are set. SageMaker draws parameters
 * independently: one that is for a single value of another is searched where that is set, otherwise the value is left out.
 * @throws InputError `invalid_parameter` where nothing is left
 */
export function rangesOf(
  space: SearchSpace,
  fixed: Readonly<Record<string, string>>,
): ParameterRanges {
  const free = Object.entries(space).filter(([name]) => !Object.hasOwn(fixed, name))
  const dropped = free.flatMap(([, { when }]) =>
    when && fixed[when.parameter] !== String(when.value) ? [when] : [],
  )
  const ranges = {
    ContinuousParameterRanges: [] as NonNullable<ParameterRanges['ContinuousParameterRanges']>,
    IntegerParameterRanges: [] as NonNullable<ParameterRanges['IntegerParameterRanges']>,
    CategoricalParameterRanges: [] as NonNullable<ParameterRanges['CategoricalParameterRanges']>,
  }
  for (const [name, dimension] of free) {
    if (dimension.when && dropped.includes(dimension.when)) continue
    if (dimension.kind === 'choice') {
      const values = dimension.values.filter(
        (value) => !dropped.some((when) => when.parameter === name && when.value === value),
      )
      const Values = values.map((value) => String(value ?? 'none'))
      ranges.CategoricalParameterRanges.push({ Name: name, Values })
      continue
    }
    const range = {
      Name: name,
      MinValue: String(dimension.low),
      MaxValue: String(dimension.high),
      ScalingType: dimension.kind.startsWith('log_')
        ? ('Logarithmic' as const)
        : ('Linear' as const),
    }
    if (dimension.kind.endsWith('integer')) ranges.IntegerParameterRanges.push(range)
    else ranges.ContinuousParameterRanges.push(range)
  }
  if (Object.values(ranges).every((list) => list.length === 0))
    throw new InputError(
      'invalid_parameter',
      'every parameter that could be searched is set; leave out a --set, or use sagemaker train',
    )
  return ranges
}

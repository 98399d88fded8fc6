/** What the flags of `sagemaker tune` say, as they were typed. */
import type { LaunchTrainFlags } from './train-flags.ts'

/** How SageMaker chooses what to try. */
export const strategies = ['bayesian', 'random', 'grid'] as const

export interface LaunchTuneFlags extends LaunchTrainFlags {
  readonly metric: string
  readonly maxJobs: string
  readonly parallelJobs: string
  readonly strategy: string
}

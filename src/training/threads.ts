/** Threads for a training. */
import { availableParallelism } from 'node:os'
import type { ArtifactParts } from '../artifact/artifact.ts'
import type { FitContext } from '../estimators/estimator.ts'
import { startThreads, type Threads } from '../threads/threads.ts'
import type { MeasuringAnswer, MeasuringTask } from './measuring-jobs.ts'

/** Threads of this machine, for a fit and for what is measured of its model. */
export interface TrainingThreads extends NonNullable<FitContext['threads']> {
  /** Starts threads that measure a model; its parts are plain data. */
  measure(count: number, parts: ArtifactParts): Threads<MeasuringTask, MeasuringAnswer>
}

/** Returns the threads of this machine, as many as it lets a process use. */
export function createTrainingThreads(): TrainingThreads {
  const file = new URL('./training-thread.ts', import.meta.url)
  const measuring = new URL('./measuring-thread.ts', import.meta.url)
  return {
    count: availableParallelism(),
    start(count, setup) {
      return startThreads<number, unknown>(file, { least: count, most: count, setup })
    },
    measure: (count, setup) => startThreads(measuring, { least: count, most: count, setup }),
  }
}

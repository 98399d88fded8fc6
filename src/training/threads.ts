/** Threads for a training. */
import { availableParallelism } from 'node:os'
import type { FitContext } from '../estimators/estimator.ts'
import { startThreads } from '../threads/threads.ts'

type TrainingThreads = NonNullable<FitContext['threads']>

/** Returns the threads of this machine, as many as it lets a process use. */
export function createTrainingThreads(): TrainingThreads {
  const file = new URL('./training-thread.ts', import.meta.url)
  return {
    count: availableParallelism(),
    start(count, setup) {
      return startThreads<number, unknown>(file, { least: count, most: count, setup })
    },
  }
}

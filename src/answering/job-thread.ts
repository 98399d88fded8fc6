/** A thread that answers requests: the same models as the main thread's, built from the same bytes. */
import { loadModelFiles } from '../model-directory/read.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { giveWay } from '../threads/priority.ts'
import { threadTask } from '../threads/threads.ts'
import { sendAnswer } from './answer-port.ts'
import { collectIfLarge, collectWhenIdle, freeMemory } from './collect-garbage.ts'
import type { JobResult } from './job.ts'
import type { WorkerTask } from './pool.ts'
import { runJob } from './run-job.ts'
import { withTally } from './tally.ts'

/** Models kept ready in a worker; the least recently used one goes. */
const MAX_MODELS = 4
const predictors = new Map<string, Predictor>()

/** After a job with a larger body, what it took is given back at once where it is much. */
const LARGE_BYTES = 1 << 20

// What a library leaves behind of a body that it refused may fail during the next job, which must not pay for it.
process.on('unhandledRejection', () => {})

giveWay()
collectWhenIdle()

export default threadTask(async (task: WorkerTask): Promise<JobResult | undefined> => {
  try {
    const predictor = predictorOf(task)
    const began = performance.now()
    const result = (await runJob(predictor, task.job, false)) as JobResult
    if (!result.rest) return { ...result, ms: performance.now() - began }
    await sendAnswer(task.port, result)
    return undefined
  } finally {
    if (task.job.body.length > LARGE_BYTES) setImmediate(() => void collectIfLarge())
    freeMemory(task.job.body)
  }
})

function predictorOf({ modelId, files, tally }: WorkerTask): Predictor {
  const load = () => {
    const { predictor } = loadModelFiles(files, true)
    return tally ? withTally(predictor, tally) : predictor
  }
  const predictor = predictors.get(modelId) ?? load()
  predictors.delete(modelId)
  predictors.set(modelId, predictor)
  const [oldest] = predictors.keys()
  if (predictors.size > MAX_MODELS && oldest !== undefined) predictors.delete(oldest)
  return predictor
}

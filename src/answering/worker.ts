/** A worker thread: the same models as the main thread's, built from the same bytes. */

import { InputError } from '../errors.ts'
import { loadModelFiles } from '../model-directory/read.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { WorkerAnswer, WorkerTask } from './pool.ts'
import type { JobResult } from './row-job.ts'
import { runAnyJob } from './run-job.ts'

/** Models kept ready in a worker; the least recently used one goes. */
const MAX_MODELS = 4
const predictors = new Map<string, Predictor>()

/** Answers one job; an InputError crosses as data, because threads cannot pass classes. */
export default async function answer(task: WorkerTask): Promise<WorkerAnswer> {
  try {
    const result = (await runAnyJob(predictorOf(task), task.job, false)) as JobResult
    return { result }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { error: { code: error.code, text: error.text, places: error.places } }
  }
}

function predictorOf({ modelId, files }: WorkerTask): Predictor {
  const predictor = predictors.get(modelId) ?? loadModelFiles(files).predictor
  predictors.delete(modelId)
  predictors.set(modelId, predictor)
  const [oldest] = predictors.keys()
  if (predictors.size > MAX_MODELS && oldest !== undefined) predictors.delete(oldest)
  return predictor
}

/** A worker thread: the same model as the main thread's, built from the same bytes. */
import { workerData } from 'node:worker_threads'
import { loadModelFiles } from '../artifact/store.ts'
import { InputError } from '../errors.ts'
import { type Job, type JobResult, runJob } from './job.ts'
import type { WorkerAnswer } from './pool.ts'

const { predictor } = loadModelFiles(workerData as ReadonlyMap<string, Uint8Array>)

/** Answers one job; an InputError crosses as data, because threads cannot pass classes. */
export default async function answer(job: Job): Promise<WorkerAnswer> {
  try {
    return { result: (await runJob(predictor, job, false)) as JobResult }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { error: { code: error.code, message: error.message, places: error.places } }
  }
}

/** Every kind of job and what answers it, on the event loop and in the workers. */
import type { Predictor } from '../predictor/predictor.ts'
import { type Job, type JobResult, type MaybePromise, runJob } from './row-job.ts'
import { type InferenceJob, runInference } from './tensor-job.ts'

export type AnyJob = Job | InferenceJob

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body or the options
 */
export function runAnyJob(
  predictor: Predictor,
  job: AnyJob,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  return job.operation === 'infer'
    ? runInference(predictor, job, inline)
    : runJob(predictor, job, inline)
}

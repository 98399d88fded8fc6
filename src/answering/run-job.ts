/** Every kind of job and what answers it, on the event loop and in the threads. */
import type { Predictor } from '../predictor/predictor.ts'
import { runDrawJob } from './draw-job.ts'
import type { Job, JobResult, MaybePromise } from './job.ts'
import { runReportJob } from './report-job.ts'
import { runRowJob } from './row-job.ts'
import { runSampleJob } from './sample-job.ts'
import { runTensorJob } from './tensor-job.ts'

/**
 * Returns the answer to a job, or undefined when it would take longer than the event loop may be held up
 * and `inline` is set.
 * @throws InputError for anything wrong in the body or the options
 */
export function runJob(
  predictor: Predictor,
  job: Job,
  inline: boolean,
): MaybePromise<JobResult | undefined> {
  if (job.operation === 'infer') return runTensorJob(predictor, job, inline)
  if (job.operation === 'draw') return runDrawJob(predictor, job, inline)
  if (job.operation === 'sample') return runSampleJob(predictor, job, inline)
  if (job.operation === 'report') return runReportJob(predictor, job, inline)
  return runRowJob(predictor, job, inline)
}

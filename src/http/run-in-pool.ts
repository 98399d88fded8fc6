/** Jobs in workers, for as long as somebody waits for their answers. */
import type { ServerResponse } from 'node:http'
import type { Job, JobResult } from '../answering/job.ts'
import type { JobPool } from '../answering/pool.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'

/** Who waits for a job's answer, what ends the job, and the memory that goes with it. */
export interface PoolRun {
  readonly response: ServerResponse
  readonly controller: AbortController
  readonly transfer: readonly ArrayBuffer[]
  /** Estimated milliseconds that it takes. */
  readonly ms: number
}

/** Runs a job in a worker until nobody waits for its answer any more: another was given, or the client left. */
export async function runInPool(
  pool: JobPool,
  model: LoadedModel,
  job: Job,
  { response, controller, transfer, ms }: PoolRun,
): Promise<JobResult> {
  if (response.writableEnded || response.destroyed) throw nobodyWaits()
  const onClose = () => controller.abort()
  response.on('close', onClose)
  try {
    return await pool.run(model, job, controller.signal, transfer, ms)
  } catch (error) {
    if (controller.signal.aborted) throw nobodyWaits()
    throw error
  } finally {
    response.off('close', onClose)
  }
}

/** Returns the error of a request that was answered by somebody else, or whose client left; nobody reads it. */
export function nobodyWaits(): InputError {
  return new InputError('request_timeout', 'nobody waits any more')
}

/** Heavy requests in worker threads; the only file that knows the pool library, loaded at the first of them. */
import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'
import type { LoadedModel } from '../artifact/store.ts'
import { InputError, type InputErrorCode, type Place } from '../errors.ts'
import type { Job, JobResult } from './job.ts'

/** What a worker gets: a job, and the model's files as shared memory, so that sending them costs nothing. */
export interface WorkerTask {
  readonly job: Job
  readonly modelId: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What a worker sends back. */
export type WorkerAnswer =
  | { readonly result: JobResult }
  | {
      readonly error: {
        readonly code: InputErrorCode
        readonly message: string
        readonly places: readonly Place[]
      }
    }

export interface JobPool {
  /**
   * Returns a job's answer from a worker; an aborted job's worker stops at once.
   * @throws InputError `overloaded` when the queue is full, and what the job throws
   */
  run(model: LoadedModel, job: Job, signal: AbortSignal): Promise<JobResult>
  close(): Promise<void>
}

/** Returns how many workers suit this machine: one core is left to the event loop where there are several. */
export function defaultWorkers(): number {
  const cores = availableParallelism()
  return Math.max(1, cores - (cores > 1 ? 1 : 0))
}

/** Returns a pool whose workers build the models they are asked for. */
export function createJobPool(workers: number): JobPool {
  let started: Promise<Piscina> | undefined
  const start = async () => {
    const { Piscina } = await import('piscina')
    const name = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const pool = new Piscina({
      filename: new URL(name, import.meta.url).href,
      minThreads: 1,
      maxThreads: workers,
      idleTimeout: 60_000,
      maxQueue: 2 * workers,
    })
    // A worker that dies outside a job is replaced by the pool; without a listener its error would end the process.
    pool.on('error', () => {})
    return pool
  }
  const shared = new WeakMap<LoadedModel, ReadonlyMap<string, Uint8Array>>()
  const share = (model: LoadedModel) => {
    const known = shared.get(model)
    if (known) return known
    const files = new Map([...model.files].map(([name, bytes]) => [name, toShared(bytes)]))
    shared.set(model, files)
    return files
  }
  return {
    async run(model, job, signal) {
      started ??= start()
      const pool = await started
      const task: WorkerTask = { job, modelId: model.artifact.modelId, files: share(model) }
      let answer: WorkerAnswer
      try {
        answer = (await pool.run(task, { signal })) as WorkerAnswer
      } catch (error) {
        if ((error as Error).message === 'Task queue is at limit') {
          throw new InputError(
            'overloaded',
            'all workers are busy and the queue is full; try again',
          )
        }
        throw error
      }
      if ('result' in answer) return answer.result
      throw new InputError(answer.error.code, answer.error.message, answer.error.places)
    },
    async close() {
      const pool = await started
      await pool?.destroy()
    },
  }
}

function toShared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** Heavy requests in worker threads; the only file that knows the pool library, loaded at the first of them. */
import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'
import { InputError, type InputErrorCode, type Place, type PlacedText } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { JobResult } from './row-job.ts'
import type { AnyJob } from './run-job.ts'

/** What a worker gets: a job, and the model's files as shared memory, so that sending them costs nothing. */
export interface WorkerTask {
  readonly job: AnyJob
  readonly modelId: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What a worker sends back. */
export type WorkerAnswer =
  | { readonly result: JobResult }
  | {
      readonly error: {
        readonly code: InputErrorCode
        readonly text: PlacedText
        readonly places: readonly Place[]
      }
    }

export interface JobPool {
  /**
   * Returns a job's answer from a worker; an aborted job's worker stops at once.
   * @throws InputError `overloaded` when the queue is full, and what the job throws
   */
  run(model: LoadedModel, job: AnyJob, signal: AbortSignal): Promise<JobResult>
  /** Ends the workers that may hold this model, once their jobs are done; the next job starts new ones. */
  forget(model: LoadedModel): Promise<void>
  close(): Promise<void>
}

/** Returns how many workers suit this machine: one core is left to the event loop where there are several. */
export function defaultWorkers(): number {
  const cores = availableParallelism()
  return Math.max(1, cores - (cores > 1 ? 1 : 0))
}

/** Workers that were started together, what they are doing, and the models that they may hold. */
interface Crew {
  readonly pool: Promise<Piscina>
  readonly running: Set<Promise<unknown>>
  readonly seen: WeakSet<LoadedModel>
}

/** Returns a pool whose workers build the models they are asked for. */
export function createJobPool(workers: number): JobPool {
  let crew: Crew | undefined
  const start = (): Crew => ({
    pool: startWorkers(workers),
    running: new Set(),
    seen: new WeakSet(),
  })
  return {
    async run(model, job, signal) {
      crew ??= start()
      const { pool, running, seen } = crew
      seen.add(model)
      const task: WorkerTask = { job, modelId: model.artifact.modelId, files: model.files }
      const answering = pool.then((own) => own.run(task, { signal }) as Promise<WorkerAnswer>)
      running.add(answering)
      let answer: WorkerAnswer
      try {
        answer = await answering
      } catch (error) {
        if ((error as Error).message === 'Task queue is at limit') {
          throw new InputError(
            'overloaded',
            'all workers are busy and the queue is full; try again',
          )
        }
        throw error
      } finally {
        running.delete(answering)
      }
      if ('result' in answer) return answer.result
      throw new InputError(answer.error.code, answer.error.text, answer.error.places)
    },
    async forget(model) {
      if (!crew?.seen.has(model)) return
      const { pool, running } = crew
      crew = undefined
      await Promise.allSettled(running)
      await (await pool).destroy()
    },
    async close() {
      const pool = await crew?.pool
      await pool?.destroy()
    },
  }
}

async function startWorkers(workers: number): Promise<Piscina> {
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

/** Heavy requests in worker threads, which build the models they are asked for. */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { LoadedModel } from '../model-directory/read.ts'
import { startThreads, type Threads } from '../threads/threads.ts'
import { receiveAnswer } from './answer-port.ts'
import type { Job, JobResult } from './job.ts'

/** What a worker gets: a job, and the model's files as shared memory, so that sending them costs nothing. */
export interface WorkerTask {
  readonly job: Job
  readonly modelId: string
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Where an answer goes that is too large to be returned at once. */
  readonly port: MessagePort
}

export interface JobPool {
  /**
   * Returns a job's answer from a worker; an aborted job's worker stops at once, also while it makes what follows the
   * answer's beginning.
   * @param transfer memory of the job that is handed over instead of being copied
   * @throws InputError `overloaded` when the queue is full, and what the job throws
   */
  run(
    model: LoadedModel,
    job: Job,
    signal: AbortSignal,
    transfer?: readonly ArrayBuffer[],
  ): Promise<JobResult>
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
  readonly threads: Threads<WorkerTask, JobResult | undefined>
  readonly running: Set<Promise<unknown>>
  readonly seen: WeakSet<LoadedModel>
}

/** How long a worker without jobs is kept. */
const IDLE_MS = 60_000

/** Returns a pool whose workers build the models they are asked for. */
export function createJobPool(workers: number): JobPool {
  let crew: Crew | undefined
  const start = (): Crew => ({
    threads: startThreads(new URL('./job-thread.ts', import.meta.url), {
      least: 1,
      most: workers,
      idleMs: IDLE_MS,
      maxQueue: 2 * workers,
    }),
    running: new Set(),
    seen: new WeakSet(),
  })
  return {
    async run(model, job, signal, transfer = []) {
      crew ??= start()
      const { threads, running, seen } = crew
      seen.add(model)
      const { port1, port2: port } = new MessageChannel()
      const task: WorkerTask = { job, modelId: model.artifact.modelId, files: model.files, port }
      const answering = threads.run(task, { signal, transfer: [port, ...transfer] })
      running.add(answering)
      const done = () => running.delete(answering)
      answering.then(done, done)
      return receiveAnswer(port1, answering)
    },
    async forget(model) {
      if (!crew?.seen.has(model)) return
      const { threads, running } = crew
      crew = undefined
      await Promise.allSettled(running)
      await threads.close()
    },
    close: async () => crew?.threads.close(),
  }
}

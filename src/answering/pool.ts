/** Heavy requests in worker threads, which build the models they are asked for. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { LoadedModel } from '../model-directory/read.ts'
import { cpuLimit } from '../threads/cpu-limit.ts'
import { startThreads, type Threads } from '../threads/threads.ts'
import { receiveAnswer } from './answer-port.ts'
import type { Job, JobResult } from './job.ts'
import { classOf, type JobClass } from './job-class.ts'
import { createJobQueue, type Slots, slotsOf } from './job-queue.ts'
import { type TallyMemory, tallyOf } from './tally.ts'

/** What a worker gets: a job, and the model's files as shared memory, so that sending them costs nothing. */
export interface WorkerTask {
  readonly job: Job
  readonly modelId: string
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Where predictions are counted, if they are. */
  readonly tally: TallyMemory | undefined
  /** Where an answer goes that is too large to be returned at once. */
  readonly port: MessagePort
}

export interface JobPool {
  /**
   * Returns a job's answer from a worker; an aborted job's worker stops at once, also while it makes what follows the
   * answer's beginning.
   * @param transfer memory of the job that is handed over instead of being copied
   * @param ms estimated milliseconds that it takes; unknown without
   * @throws InputError `overloaded` when the queue of its class is full, and what the job throws
   */
  run(
    model: LoadedModel,
    job: Job,
    signal: AbortSignal,
    transfer?: readonly ArrayBuffer[],
    ms?: number,
  ): Promise<JobResult>
  /** Whether a job would begin at once. */
  isFree(kind: JobClass): boolean
  /** Whether a job of so many estimated milliseconds would be refused. */
  isFull(kind: JobClass, ms: number): boolean
  /** Refuses a job; throws InputError `overloaded`. */
  refuse(): never
  readonly load: PoolLoad
  /** Ends the workers that may hold this model, once their jobs are done; the next job starts new ones. */
  forget(model: LoadedModel): Promise<void>
  close(): Promise<void>
}

/** What the workers are doing, in jobs. */
export interface PoolLoad {
  readonly running: Readonly<Record<JobClass, number>>
  readonly waiting: Readonly<Record<JobClass, number>>
  readonly refused: number
  /** Workers that died, and were replaced. */
  readonly restarts: number
}

/** Returns how many workers suit what this process may use: one core is left to the event loop where there are several. */
export function defaultWorkers(): number {
  const cores = cpuLimit()
  return Math.max(1, cores - (cores > 1 ? 1 : 0))
}

/** Returns whether so many event loops leave a core to workers. */
export function hasSpareCore(processes: number): boolean {
  return cpuLimit() > processes
}

/** Workers that were started together, what they are doing, and the models that they may hold. */
interface Crew {
  readonly threads: Threads<WorkerTask, JobResult | undefined>
  readonly running: Set<Promise<unknown>>
  readonly seen: WeakSet<LoadedModel>
}

/** How long a worker without jobs is kept. */
const IDLE_MS = 60_000

/**
 * Returns a pool whose workers build the models they are asked for.
 * @param slots how many jobs of a class run at once; by default explanations leave room for predictions
 */
export function createJobPool(workers: number, slots: Slots = slotsOf(workers)): JobPool {
  const queue = createJobQueue(slots)
  let crew: Crew | undefined
  let restarts = 0
  const start = (): Crew => ({
    threads: startThreads(new URL('./job-thread.ts', import.meta.url), {
      least: 1,
      most: slots.all,
      idleMs: IDLE_MS,
      onDeath: () => {
        restarts++
      },
    }),
    running: new Set(),
    seen: new WeakSet(),
  })
  const runNow = (
    model: LoadedModel,
    job: Job,
    signal: AbortSignal,
    transfer: readonly ArrayBuffer[],
    onEnd: () => void,
  ): Promise<JobResult> => {
    crew ??= start()
    const { threads, running, seen } = crew
    seen.add(model)
    const { port1, port2: port } = new MessageChannel()
    const { artifact, files, predictor } = model
    const tally = tallyOf(predictor)
    const task: WorkerTask = { job, modelId: artifact.modelId, files, tally, port }
    const answering = threads.run(task, { signal, transfer: [port, ...transfer] })
    running.add(answering)
    const done = () => {
      running.delete(answering)
      onEnd()
    }
    answering.then(done, done)
    return receiveAnswer(port1, answering)
  }
  return {
    async run(model, job, signal, transfer = [], ms) {
      const kind = classOf(job)
      await queue.enter(kind, signal, knownMs(kind, ms))
      return runNow(model, job, signal, transfer, () => queue.leave(kind))
    },
    isFree: queue.isFree,
    isFull: (kind, ms) => queue.isFull(kind, knownMs(kind, ms)),
    refuse: queue.refuse,
    load: {
      get running() {
        return queue.running
      },
      get waiting() {
        return queue.waiting
      },
      get refused() {
        return queue.refused
      },
      get restarts() {
        return restarts
      },
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

/** What explanations take depends on their options more than on their bytes. */
function knownMs(kind: JobClass, ms: number | undefined): number | undefined {
  return kind === 'predict' ? ms : undefined
}

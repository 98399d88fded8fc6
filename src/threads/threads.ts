/** Work in threads: the only file that knows the pool library, which is loaded when the first of them are started. */
import { type MessagePort, workerData } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import {
  ArtifactError,
  type ArtifactErrorCode,
  InputError,
  type InputErrorCode,
  type Place,
  type PlacedText,
} from '../errors.ts'

export interface ThreadOptions {
  /** Threads that are started at once and kept. */
  readonly least: number
  readonly most: number
  /** How long threads beyond the least are kept without work. */
  readonly idleMs?: number
  /** Tasks that may wait for a thread; absent = any number. */
  readonly maxQueue?: number
  /** Tasks that one thread may have at a time, where they wait for more than themselves; 1 by default. */
  readonly tasksPerThread?: number
  /** Is told of every thread that ends by itself, whatever it was doing; another takes its place. */
  readonly onDeath?: () => void
  /** What every thread knows from its start, as {@link threadSetup} returns it. */
  readonly setup?: unknown
}

/** What is handed over to a thread instead of being copied. */
export type Transferable = MessagePort | ArrayBuffer

/** Threads that do the same. */
export interface Threads<Task, Answer> {
  /**
   * Returns a thread's answer to a task. A thread whose task is aborted ends at once; another takes its place.
   * @param options.transfer ports and memory that are handed over
   * @throws InputError `overloaded` when the queue is full; what the task throws; Error when its thread dies
   */
  run(
    task: Task,
    options?: { readonly signal?: AbortSignal; readonly transfer?: readonly Transferable[] },
  ): Promise<Answer>
  /** Ends all threads, whatever they are doing. */
  close(): Promise<void>
}

/** Errors as data: threads cannot pass classes. */
type Crossing<Answer> =
  | { readonly answer: Answer }
  | { readonly input: { code: InputErrorCode; text: PlacedText; places: readonly Place[] } }
  | { readonly artifact: { code: ArtifactErrorCode; message: string } }

/**
 * Starts threads.
 * @param file the source file that they begin with, whose default export is a {@link threadTask}; the bundle has it
 *   beside every command, under its own name
 */
export function startThreads<Task, Answer>(
  file: URL,
  options: ThreadOptions,
): Threads<Task, Answer> {
  const pool = startPool(file, options)
  // Whoever runs a task hears of a failure; until then it must not end the process.
  pool.catch(() => {})
  return {
    async run(task, { signal, transfer } = {}) {
      let crossing: Crossing<Answer>
      try {
        const running = (await pool).run(task, { signal, transferList: transfer as Transferable[] })
        crossing = (await running) as Crossing<Answer>
      } catch (error) {
        if (isDeath(error)) options.onDeath?.()
        throw (error as Error).message === QUEUE_IS_FULL ? overloaded() : error
      }
      if ('answer' in crossing) return crossing.answer
      if ('input' in crossing) {
        const { code, text, places } = crossing.input
        throw new InputError(code, text, places)
      }
      throw new ArtifactError(crossing.artifact.code, crossing.artifact.message)
    },
    close: async () => (await pool).destroy(),
  }
}

/** The library has no other name for it. */
const QUEUE_IS_FULL = 'Task queue is at limit'

/** What a thread throws that ended instead of answering. */
function isDeath(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ERR_WORKER_OUT_OF_MEMORY' || /^worker exited with code/.test(message)
}

function overloaded(): InputError {
  return new InputError('overloaded', 'all workers are busy and the queue is full; try again')
}

async function startPool(file: URL, options: ThreadOptions): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  const isBundled = !import.meta.url.endsWith('.ts')
  const pool = new Piscina({
    filename: isBundled ? file.href.replace(/\.ts$/, '.js') : file.href,
    minThreads: options.least,
    maxThreads: options.most,
    idleTimeout: options.idleMs ?? 0,
    maxQueue: options.maxQueue ?? Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: options.tasksPerThread ?? 1,
    workerData: options.setup,
    // Otherwise a thread without a task stands still: its timers do not run, and what it collects later never is.
    atomics: 'disabled',
  })
  // A thread that dies outside a task is replaced; without a listener its error would end the process.
  pool.on('error', () => options.onDeath?.())
  return pool
}

/** Returns what a thread does with a task, so that an InputError or ArtifactError is thrown where the task came from. */
export function threadTask<Task, Answer>(
  work: (task: Task) => Answer | Promise<Answer>,
): (task: Task) => Promise<Crossing<Answer>> {
  return async (task) => {
    try {
      return { answer: await work(task) }
    } catch (error) {
      if (error instanceof InputError) {
        const { code, text, places } = error
        return { input: { code, text, places } }
      }
      if (error instanceof ArtifactError) {
        return { artifact: { code: error.code, message: error.message } }
      }
      throw error
    }
  }
}

/** Returns, in a thread, what it was started with. */
export function threadSetup<Setup>(): Setup {
  return workerData as Setup
}

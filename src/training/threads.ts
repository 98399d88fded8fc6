/** Threads for a training; loads the pool library at the first use. */
import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'
import type { TrainOptions } from './train.ts'

type Threads = NonNullable<TrainOptions['threads']>

/** Returns the threads of this machine, as many as it lets a process use. */
export function createTrainingThreads(): Threads {
  return {
    count: availableParallelism(),
    start(count, setup) {
      const started = startPool(count, setup)
      return {
        run: async (job) => (await started).run(job),
        close: async () => (await started).destroy(),
      }
    },
  }
}

async function startPool(count: number, setup: unknown): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  // The bundle has the worker beside every command.
  const name = import.meta.url.endsWith('.ts') ? './training-worker.ts' : './training-worker.js'
  const pool = new Piscina({
    filename: new URL(name, import.meta.url).href,
    minThreads: count,
    maxThreads: count,
    workerData: setup,
  })
  // A thread that dies fails its job; without a listener its error would end the process as well.
  pool.on('error', () => {})
  return pool
}

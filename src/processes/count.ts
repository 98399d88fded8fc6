/** How many processes serve. */
import type { Config } from '../config.ts'
import { memoryLimit } from '../tables/memory-limit.ts'
import { cpuLimit } from '../threads/cpu-limit.ts'

/** Memory that there must be for each of several processes. */
const PROCESS_BYTES = 256 << 20

/** What a machine has: cores of its CPU quota, bytes of memory. */
export interface Machine {
  readonly cores: number
  readonly memory: number
}

/**
 * Returns how many processes serve, and what is to be said of a number that cannot be. Models that are loaded over HTTP
 * are in the process that was asked, so a multi-model endpoint has one.
 */
export function countProcesses(
  { workers, multiModel }: Pick<Config, 'workers' | 'multiModel'>,
  { cores, memory }: Machine = { cores: cpuLimit(), memory: memoryLimit() },
): { readonly processes: number; readonly warning?: string } {
  if (!multiModel) {
    const fitting = Math.min(cores, Math.floor(memory / PROCESS_BYTES))
    return { processes: workers < 0 ? Math.max(1, fitting) : workers }
  }
  if (workers <= 1) return { processes: 1 }
  return {
    processes: 1,
    warning: `a multi-model endpoint has one process, not ${workers}; more threads answer large requests (--threads)`,
  }
}

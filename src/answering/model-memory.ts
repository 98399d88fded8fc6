/** Whether another model fits into the memory of this process, by what is really used and what loading one takes. */
import { InputError } from '../errors.ts'

/**
 * What loading takes at its height, measured on forests of 8, 40 and 140 MB: the thread itself, and so many bytes per byte
 * of the model's files, of which two stay.
 */
const THREAD_BYTES = 32 << 20
const BYTES_PER_BYTE = 5.5
/** Share of the limit beyond which the system may end the process at any moment. */
const USABLE = 0.9

export interface ModelMemory {
  /** Makes room where there is little; to be called when no model is being loaded. */
  prepare(): Promise<void>
  /**
   * Returns once there is memory to load a model.
   * @param bytes of its files
   * @param coming bytes of the files of models that are being loaded already
   * @throws InputError `insufficient_storage`
   */
  admit(bytes: number, coming: number): Promise<void>
}

export interface MemoryFacts {
  /** Bytes that the process may have. */
  readonly limit: number
  /** Bytes of it that are kept for requests. */
  readonly kept: number
  /** Bytes that the process has. */
  readonly used: () => number
  /** Gives back what nobody needs any more. */
  readonly collect: () => Promise<void>
}

/** Returns what decides whether models may be loaded. */
export function createModelMemory({ limit, kept, used, collect }: MemoryFacts): ModelMemory {
  const room = limit * USABLE - kept
  return {
    async prepare() {
      // What the thread that loads has kept of models before would count as used.
      if (used() > room / 2) await collect()
    },
    async admit(bytes, coming) {
      const needed = THREAD_BYTES + (bytes + coming) * BYTES_PER_BYTE
      if (used() + needed <= room) return
      const megabytes = (count: number) => Math.max(0, Math.floor(count / 1e6))
      throw new InputError(
        'insufficient_storage',
        `loading the model takes about ${megabytes(needed)} MB of memory, ${megabytes(room - used())} MB of ${megabytes(limit)} MB are left`,
      )
    },
  }
}

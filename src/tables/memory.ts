/** How much memory a training may take: it says so before it starts instead of being killed. */
import { InputError } from '../errors.ts'
import type { MemoryBudget } from './formats/growing-cells.ts'
import { memoryLimit } from './memory-limit.ts'

const MEGABYTE = 1e6

export interface ProcessBudget extends MemoryBudget {
  /** @throws InputError `too_large` when that is more than there is; nothing is reserved */
  check(bytes: number): void
}

/**
 * Returns a budget of what is left to this process.
 * @param limit bytes that the process may take
 * @param used bytes that it has taken already
 */
export function createMemoryBudget(
  limit: number = memoryLimit(),
  used: number = process.memoryUsage.rss(),
): ProcessBudget {
  let reserved = used
  const check = (bytes: number) => {
    if (reserved + bytes > limit) throw tooMuch(reserved + bytes, limit)
  }
  return {
    check,
    reserve(bytes) {
      check(bytes)
      reserved += bytes
    },
    release(bytes) {
      reserved -= bytes
    },
  }
}

function tooMuch(needed: number, limit: number): InputError {
  return new InputError(
    'too_large',
    `this training needs about ${Math.ceil(needed / MEGABYTE)} MB of memory, ${Math.floor(limit / MEGABYTE)} MB are there; leave out rows or columns, or give the process more memory`,
  )
}

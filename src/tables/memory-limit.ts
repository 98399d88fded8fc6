/** How much memory this process may take: what its control group allows, or what the machine has. */
import { totalmem } from 'node:os'
import { type CgroupFiles, linux, type ReadGroupFile, readUp } from '../threads/cgroup.ts'

/** Returns the bytes that this process may take. */
export function memoryLimit(files: CgroupFiles = linux): number {
  const constrained = process.constrainedMemory()
  const limits = [totalmem(), readCgroupLimit(files), constrained > 0 ? constrained : Infinity]
  return Math.min(...limits)
}

/**
 * Returns the least limit of this process's control group and of those around it, for either version; infinite without
 * one. `memory.high` counts as `memory.max`: beyond it a process is slowed down until it stands still.
 */
export function readCgroupLimit(files: CgroupFiles = linux): number {
  const bytesIn =
    (...names: readonly string[]) =>
    (read: ReadGroupFile) =>
      names
        .map(read)
        .filter((text) => /^[0-9]+$/.test(text))
        .map(Number)
  const unified = readUp(files, undefined, bytesIn('memory.max', 'memory.high'))
  const own = readUp(files, 'memory', bytesIn('memory.limit_in_bytes'))
  return Math.min(Number.POSITIVE_INFINITY, ...unified, ...own)
}

/** How many processors this process may use: what its control group grants, or what the machine has. */
import { availableParallelism } from 'node:os'
import { type CgroupFiles, linux, readUp } from './cgroup.ts'

/** Returns how many threads may compute at once: whole processors, at least 1. */
export function cpuLimit(files: CgroupFiles = linux): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), readCpuQuota(files))))
}

/**
 * Returns the processors that the least quota of this process's control group and of those around it grants, a fraction
 * perhaps, for either version; infinite without one.
 */
export function readCpuQuota(files: CgroupFiles = linux): number {
  const unified = readUp(files, undefined, (read) => quotaOf(read('cpu.max').split(' ')))
  const own = readUp(files, 'cpu', (read) =>
    quotaOf([read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')]),
  )
  return Math.min(Number.POSITIVE_INFINITY, ...unified, ...own)
}

/** "max" and -1 stand for no quota. */
function quotaOf([quota = '', period = '']: readonly string[]): number[] {
  return /^[0-9]+$/.test(quota) && /^[1-9][0-9]*$/.test(period)
    ? [Number(quota) / Number(period)]
    : []
}

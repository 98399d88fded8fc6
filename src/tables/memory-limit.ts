/** How much memory this process may take: what its control group allows, or what the machine has. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'

/** Where Linux tells of control groups. */
export interface CgroupFiles {
  /** The groups of this process. */
  readonly membership: string
  readonly root: string
}

const linux: CgroupFiles = { membership: '/proc/self/cgroup', root: '/sys/fs/cgroup' }

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
export function readCgroupLimit({ membership, root }: CgroupFiles = linux): number {
  const limits = lines(membership).flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '')
      return ['', 'unified'].flatMap((mount) =>
        limitsUp(join(root, mount), path, ['memory.max', 'memory.high']),
      )
    if (!controllers.split(',').includes('memory')) return []
    return limitsUp(join(root, 'memory'), path, ['memory.limit_in_bytes'])
  })
  return Math.min(Number.POSITIVE_INFINITY, ...limits)
}

/** The limits in a group and in all groups around it; in a container the path may lie outside what is seen. */
function limitsUp(mount: string, path: string, names: readonly string[]): number[] {
  const limits: number[] = []
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  for (let depth = parts.length; depth >= 0; depth--) {
    for (const name of names) {
      const [text = ''] = lines(join(mount, ...parts.slice(0, depth), name))
      if (/^[0-9]+$/.test(text)) limits.push(Number(text))
    }
  }
  return limits
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

/** What Linux says of the control groups of this process, for either version of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Linux tells of control groups. */
export interface CgroupFiles {
  /** The groups of this process. */
  readonly membership: string
  readonly root: string
}

export const linux: CgroupFiles = { membership: '/proc/self/cgroup', root: '/sys/fs/cgroup' }

/** Returns the first line of a group's file, empty where there is none. */
export type ReadGroupFile = (name: string) => string

/**
 * Returns what is found in the group of this process and in all around it; in a container its path may lie outside what
 * is seen.
 * @param controller of version 1; undefined = version 2
 */
export function readUp<T>(
  { membership, root }: CgroupFiles,
  controller: string | undefined,
  find: (read: ReadGroupFile) => readonly T[],
): T[] {
  return linesOf(membership).flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const isAsked =
      controller === undefined ? controllers === '' : controllers.split(',').includes(controller)
    if (!isAsked) return []
    const mounts =
      controller === undefined ? ['', 'unified'] : [...new Set([controller, controllers])]
    return mounts.flatMap((mount) => findUp(join(root, mount), path, find))
  })
}

function findUp<T>(mount: string, path: string, find: (read: ReadGroupFile) => readonly T[]): T[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  return Array.from({ length: parts.length + 1 }, (_, up) => {
    const directory = join(mount, ...parts.slice(0, parts.length - up))
    return find((name) => linesOf(join(directory, name))[0] ?? '')
  }).flat()
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

/** The files that paths of captures mean. */
import { readdir, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { InputError, quotePath } from '../../errors.ts'

/** Deeper directories are none of a capture's, which have one for each hour. */
const MOST_DEPTH = 32

/** A file that a path means. */
export interface FoundFile {
  readonly path: string
  /** Whether nobody named it: whoever captures removes the oldest of a directory, also while it is read. */
  readonly mayVanish: boolean
}

/**
 * Returns the files themselves and, in the order of their names, those in directories, however deep; hidden ones, and those
 * that somebody is still writing (`.part`), are left out. A file that is meant twice is there once.
 * @throws InputError `invalid_file` for a path that is not there, and a directory without a file
 */
export async function findFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  const add = (path: string, mayVanish: boolean) => {
    const place = path === '-' ? path : resolve(path)
    if (!found.has(place)) found.set(place, { path, mayVanish })
  }
  for (const path of paths) {
    if (path === '-') {
      add(path, false)
      continue
    }
    const isDirectory = await stat(path).then(
      (one) => one.isDirectory(),
      (error: NodeJS.ErrnoException) => {
        const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.code}`
        throw new InputError('invalid_file', `${quotePath(path)} ${why}`)
      },
    )
    const files = isDirectory ? await filesBelow(path, 0) : [path]
    if (files.length === 0)
      throw new InputError('invalid_file', `the directory ${quotePath(path)} has no finished file`)
    for (const file of files) add(file, isDirectory)
  }
  return [...found.values()]
}

/**
 * Refuses results among what is read: the next run would take them for rows.
 * @throws InputError `invalid_option`
 */
export function checkResultsAreElsewhere(
  captures: readonly string[],
  results: Readonly<Record<string, string | undefined>>,
): void {
  for (const [flag, path] of Object.entries(results)) {
    if (path === undefined || path === '-') continue
    const capture = captures.find((capture) => capture !== '-' && isWithin(path, capture))
    if (capture !== undefined)
      throw new InputError(
        'invalid_option',
        `${flag} ${quotePath(path)} is in ${quotePath(capture)}, which is read; name another place`,
      )
  }
}

function isWithin(path: string, place: string): boolean {
  const way = relative(resolve(place), resolve(path))
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`))
}

/** Whether there is a file still. */
export async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/** Links may lead nowhere. */
async function leadsToFile(link: string): Promise<boolean> {
  return await stat(link).then(
    (one) => one.isFile(),
    () => false,
  )
}

async function filesBelow(directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const visible = entries.filter(({ name }) => !name.startsWith('.') && !name.endsWith('.part'))
  const files: string[] = []
  for (const entry of visible.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    // Links to directories may lead back.
    if (entry.isDirectory() && depth < MOST_DEPTH)
      for (const file of await filesBelow(path, depth + 1)) files.push(file)
    else if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(path))))
      files.push(path)
  }
  return files
}

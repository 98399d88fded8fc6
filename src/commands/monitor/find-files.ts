/** The files that paths of captures mean. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, quotePath } from '../../errors.ts'

/** Deeper directories are none of a capture's, which have one for each hour. */
const MOST_DEPTH = 32

/**
 * Returns the files themselves and, in the order of their names, those in directories, however deep; hidden ones, and those
 * that somebody is still writing (`.part`), are left out.
 * @throws InputError `invalid_file` for a path that is not there, and a directory without a file
 */
export async function findFiles(paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    if (path === '-') {
      found.push(path)
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
    // One by one: there may be more than a call may have arguments.
    for (const file of files) found.push(file)
  }
  return found
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
    else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile()))
      files.push(path)
  }
  return files
}

/** Directories, made level by level: Node's recursive way never ends where the system refuses with ENOENT, as /proc does. */
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes a directory and those above it, readable by everyone whatever the umask is; throws what the system says. */
export async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = []
  for (let path = resolve(directory); !(await exists(path)); path = dirname(path))
    missing.push(path)
  for (const path of missing.reverse()) {
    try {
      await mkdir(path, { mode: 0o755 })
      await chmod(path, 0o755)
    } catch (error) {
      // Another training may have made it just now.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isDirectory(path)))
        throw error
    }
  }
  if (!(await isDirectory(resolve(directory))))
    throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory()
}

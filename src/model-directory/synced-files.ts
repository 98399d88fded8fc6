/** Writing so that a loss of power loses nothing: bytes, then the directory that names them. */
import { open } from 'node:fs/promises'

/** Writes a file that everybody may read, and waits until the disk has it. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w', 0o644)
  try {
    await handle.writeFile(bytes)
    // The mode above is cut by the umask; a model must be readable by whoever serves it.
    await handle.chmod(0o644)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Waits until the disk has the names in a directory. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

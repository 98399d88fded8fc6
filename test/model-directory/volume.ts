/** Volumes of Kubernetes, laid out as a kubelet does. */
import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Writes files into a folder that is named after a moment, lets `..data` lead to it by one renaming, and links to that
 * from the volume itself.
 */
export function mountVolume(
  path: string,
  moment: string,
  files: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [name, bytes] of files) {
    const file = join(path, moment, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  symlinkSync(moment, join(path, '..data_tmp'))
  renameSync(join(path, '..data_tmp'), join(path, '..data'))
  for (const top of new Set([...files.keys()].map((name) => name.split('/', 1)[0]!)))
    if (!existsSync(join(path, top))) symlinkSync(`..data/${top}`, join(path, top))
}

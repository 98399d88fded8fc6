/** Whether two names, or what the shell has opened, are one file: through links of both kinds too. */
import type { BigIntStats } from 'node:fs'
import { fstat } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { InputError, quote } from '../../errors.ts'

const statOpen = promisify(fstat)

/** Tells whether two states are of one file: the same node of the same device. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino
}

/** Returns what a descriptor stands for; undefined where it is closed. */
export async function statDescriptor(descriptor: number): Promise<BigIntStats | undefined> {
  try {
    return (await statOpen(descriptor, { bigint: true })) as BigIntStats
  } catch {
    return undefined
  }
}

/** Returns what a name stands for, `-` being that descriptor; undefined where there is nothing yet. */
async function statName(path: string, descriptor: number): Promise<BigIntStats | undefined> {
  if (path === '-') return statDescriptor(descriptor)
  return stat(path, { bigint: true }).catch(() => undefined)
}

/**
 * Refuses an output that would replace, or grow, what is still to be read.
 * @param input the file that is read; `-` is standard input
 * @param modelDir the directory whose files are read too; absent = none
 * @throws InputError `invalid_option`
 */
export async function checkOutputIsNoInput(
  out: string,
  input: string,
  modelDir?: string,
): Promise<void> {
  const target = await statName(out, 1)
  // A terminal, a pipe or a device may be both.
  if (!target?.isFile()) return
  const shown = out === '-' ? 'standard output' : `--out ${quote(out, 256)}`
  const source = await statName(input, 0)
  if (source && isSameFile(source, target))
    throw new InputError(
      'invalid_option',
      `${shown} is the file that is read; name another file to write`,
    )
  if (modelDir === undefined) return
  for (const name of await readdir(modelDir).catch(() => [])) {
    const file = await statName(join(modelDir, name), 0)
    if (file && isSameFile(file, target))
      throw new InputError(
        'invalid_option',
        `${shown} is a file of the model in ${quote(modelDir, 256)}; name another file to write`,
      )
  }
}

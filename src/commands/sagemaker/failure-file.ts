/** The file in which SageMaker looks for why a training failed. */
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '../../model-directory/make-directory.ts'
import { writeOutputFile } from '../output/output-file.ts'

/** Longest reason that SageMaker shows. */
const MAX_REASON = 1024

/** Removes the reason of an earlier training: one that ends well has none. */
export async function removeFailure(path: string): Promise<void> {
  // What stays will be replaced, or cannot be: the exit status tells in any case.
  await rm(path, { force: true }).catch(() => {})
}

/** Writes why a training failed, in the place of an earlier reason. */
export async function writeFailure(path: string, reason: string): Promise<void> {
  try {
    await makeDirectory(dirname(path))
    await writeOutputFile(path, reason.slice(0, MAX_REASON))
  } catch {
    // The exit status still tells; there is nowhere else to write to.
  }
}

/** The thread behind `createThreadLoader`: reads model directories, and sends what it has checked. */
import { parentPort } from 'node:worker_threads'
import { ArtifactError } from '../errors.ts'
import { readModelDirectory } from '../model-directory/read.ts'
import type { LoaderOrder, LoaderReport } from './loader.ts'

/** Not the model's fault: the answer is known where the order came from. */
class Refused extends Error {}

/** What loads wait for: whether they may read on. */
const waiting = new Map<number, (granted: boolean) => void>()

function report(message: LoaderReport): void {
  parentPort?.postMessage(message)
}

async function load(id: number, directory: string): Promise<void> {
  try {
    const { artifact, files, extraFiles } = await readModelDirectory(directory, async (bytes) => {
      const granted = new Promise<boolean>((resolve) => waiting.set(id, resolve))
      report({ id, bytes })
      if (!(await granted)) throw new Refused()
    })
    report({ id, artifact, files, extraFiles })
  } catch (error) {
    if (error instanceof Refused) return
    if (error instanceof ArtifactError) {
      report({ id, error: { code: error.code, message: error.message } })
    } else if (error instanceof RangeError && /allocation failed/.test(error.message)) {
      report({ id, error: 'memory' })
    } else throw error
  }
}

parentPort?.on('message', (order: LoaderOrder) => {
  if ('directory' in order) {
    void load(order.id, order.directory)
    return
  }
  waiting.get(order.id)?.(order.granted)
  waiting.delete(order.id)
})

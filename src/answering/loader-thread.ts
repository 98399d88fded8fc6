/** A thread that reads model directories, and sends what it has checked. */
import type { KeyObject } from 'node:crypto'
import type { MessagePort } from 'node:worker_threads'
import type { LoadedModel } from '../model-directory/read.ts'
import { readModelDirectory } from '../model-directory/read.ts'
import { giveWay } from '../threads/priority.ts'
import { threadTask } from '../threads/threads.ts'

/** A directory to read, and where to ask for the memory that its files need. */
export interface LoadTask {
  readonly directory: string
  /** Takes a number of bytes and answers whether they may be read. */
  readonly memory: MessagePort
  /** Key that the model must be signed for. */
  readonly publicKey: KeyObject | undefined
}

/** A model without what cannot cross threads. */
export type LoadAnswer = Omit<LoadedModel, 'predictor'>

giveWay()

export default threadTask(async (task: LoadTask): Promise<LoadAnswer> => {
  const { directory, memory, publicKey } = task
  const reserve = async (bytes: number) => {
    const answer = new Promise<boolean>((resolve) => memory.once('message', resolve))
    memory.postMessage(bytes)
    // Why they may not is known where the answer comes from.
    if (!(await answer)) throw new Error('the memory is refused')
  }
  const { artifact, files, extraFiles } = await readModelDirectory(directory, reserve, publicKey)
  return { artifact, files, extraFiles }
})

/** Models read in a thread of their own: reading, checking and testing one never holds up requests to others. */
import type { KeyObject } from 'node:crypto'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { ArtifactError, InputError } from '../errors.ts'
import {
  adoptModel,
  type LoadedModel,
  type Reserve,
  readModelDirectory,
} from '../model-directory/read.ts'
import { startThreads, type Threads } from '../threads/threads.ts'
import { collectGarbage } from './collect-garbage.ts'
import type { LoadAnswer, LoadTask } from './loader-thread.ts'

export interface ModelLoader {
  /**
   * Returns a directory's model, as `readModelDirectory` does; its explainer may not be made yet.
   * @throws ArtifactError, what `reserve` throws, InputError `insufficient_storage` where memory ends
   */
  load(directory: string, reserve: Reserve): Promise<LoadedModel>
  /** Gives back the memory of models that nobody holds any more. */
  collect(): Promise<void>
  close(): Promise<void>
}

/** How long a thread without work is kept: starting one takes a twentieth of a second. */
const IDLE_MS = 1000

/**
 * Returns a loader that reads on the event loop itself.
 * @param publicKey models must be signed for it; absent = they need not be signed
 */
export function createInlineLoader(publicKey?: KeyObject): ModelLoader {
  const load: ModelLoader['load'] = (directory, reserve) =>
    readModelDirectory(directory, reserve, publicKey)
  return { load, collect: collectGarbage, close: async () => {} }
}

/**
 * Returns a loader whose thread is started when it is needed, and ended when it is not.
 * @param publicKey models must be signed for it; absent = they need not be signed
 */
export function createThreadLoader(publicKey?: KeyObject): ModelLoader {
  let thread: Threads<LoadTask, LoadAnswer> | undefined
  let idle: NodeJS.Timeout | undefined
  let loads = 0

  const start = () =>
    startThreads<LoadTask, LoadAnswer>(new URL('./loader-thread.ts', import.meta.url), {
      least: 1,
      most: 1,
      // A load that waits for memory holds up no other.
      tasksPerThread: Number.MAX_SAFE_INTEGER,
    })
  const stop = async () => {
    clearTimeout(idle)
    const ended = thread
    thread = undefined
    await ended?.close()
  }
  const read = async (directory: string, reserve: Reserve): Promise<LoadAnswer> => {
    thread ??= start()
    const { port1: requests, port2: memory } = new MessageChannel()
    const refused = answerReserves(requests, reserve)
    const own = thread
    try {
      return await own.run({ directory, memory, publicKey }, { transfer: [memory] })
    } catch (error) {
      if (refused.length > 0) throw refused[0]
      if (isOutOfMemory(error)) {
        throw new InputError('insufficient_storage', 'there is not enough memory for this model')
      }
      // What is wrong with a model is said; anything else may have left nothing that answers.
      if (!(error instanceof ArtifactError) && own === thread) await stop()
      throw error
    } finally {
      requests.close()
    }
  }
  return {
    async load(directory, reserve) {
      clearTimeout(idle)
      loads++
      try {
        const { artifact, files, extraFiles } = await read(directory, reserve)
        return adoptModel(artifact, files, extraFiles)
      } finally {
        loads--
        if (loads === 0) idle = setTimeout(() => void stop(), IDLE_MS).unref()
      }
    },
    async collect() {
      // A thread keeps what it has read until it ends.
      if (loads === 0) await stop()
      await collectGarbage()
    },
    close: stop,
  }
}

/** Answers how many bytes may be read; what `reserve` threw is in the list returned, and then nothing more may be. */
function answerReserves(requests: MessagePort, reserve: Reserve): unknown[] {
  const refused: unknown[] = []
  requests.on('message', async (bytes: number) => {
    try {
      if (refused.length === 0) await reserve(bytes)
    } catch (error) {
      refused.push(error)
    }
    requests.postMessage(refused.length === 0)
  })
  return refused
}

/** A heap that is full ends its thread; an array that is too large does not. */
function isOutOfMemory(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return true
  return error instanceof RangeError && /allocation failed/.test(message)
}

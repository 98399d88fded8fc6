/** Models read in a thread of their own: reading, checking and testing one never holds up requests to others. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import type { Artifact } from '../artifact/artifact.ts'
import { ArtifactError, type ArtifactErrorCode, InputError } from '../errors.ts'
import {
  adoptModel,
  type LoadedModel,
  type Reserve,
  readModelDirectory,
} from '../model-directory/read.ts'

/** What the thread is told: to read a directory, or whether it may go on with it. */
export type LoaderOrder =
  | { readonly id: number; readonly directory: string }
  | { readonly id: number; readonly granted: boolean }

/** What the thread tells: how many bytes it is about to read, and at last the model or why there is none. */
export type LoaderReport =
  | { readonly id: number; readonly bytes: number }
  | {
      readonly id: number
      readonly artifact: Artifact
      readonly files: LoadedModel['files']
      readonly extraFiles: readonly string[]
    }
  | { readonly id: number; readonly error: { code: ArtifactErrorCode; message: string } | 'memory' }

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

interface Pending {
  readonly reserve: Reserve
  readonly resolve: (model: LoadedModel) => void
  readonly reject: (error: unknown) => void
}

/** Returns a loader that reads on the event loop itself. */
export function createInlineLoader(): ModelLoader {
  return { load: readModelDirectory, collect: collectGarbage, close: async () => {} }
}

/** Returns a loader whose thread is started when it is needed, and ended when it is not. */
export function createThreadLoader(): ModelLoader {
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let nextId = 0
  const pending = new Map<number, Pending>()

  const stop = async () => {
    clearTimeout(idle)
    const ended = thread
    thread = undefined
    await ended?.terminate()
  }
  const settle = (id: number): Pending | undefined => {
    const load = pending.get(id)
    pending.delete(id)
    if (pending.size === 0) {
      thread?.unref()
      idle = setTimeout(() => void stop(), IDLE_MS).unref()
    }
    return load
  }
  const start = (): Worker => {
    const name = import.meta.url.endsWith('.ts') ? './loader-thread.ts' : './loader-thread.js'
    const worker = new Worker(new URL(name, import.meta.url))
    worker.on('message', (report: LoaderReport) => receive(worker, report))
    worker.on('error', (error) => {
      if (thread === worker) thread = undefined
      const { code } = error as NodeJS.ErrnoException
      const lost = code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory() : error
      for (const id of [...pending.keys()]) settle(id)?.reject(lost)
    })
    return worker
  }
  const receive = (worker: Worker, report: LoaderReport) => {
    const { id } = report
    if ('bytes' in report) {
      void askReserve(worker, id, report.bytes)
    } else if ('error' in report) {
      const { error } = report
      const known =
        error === 'memory' ? outOfMemory() : new ArtifactError(error.code, error.message)
      settle(id)?.reject(known)
    } else {
      settle(id)?.resolve(adoptModel(report.artifact, report.files, report.extraFiles))
    }
  }
  const askReserve = async (worker: Worker, id: number, bytes: number) => {
    const order = (granted: boolean) => worker.postMessage({ id, granted } satisfies LoaderOrder)
    try {
      await pending.get(id)?.reserve(bytes)
      order(true)
    } catch (error) {
      order(false)
      settle(id)?.reject(error)
    }
  }
  return {
    load(directory, reserve) {
      clearTimeout(idle)
      thread ??= start()
      thread.ref()
      const id = nextId++
      thread.postMessage({ id, directory } satisfies LoaderOrder)
      return new Promise((resolve, reject) => {
        pending.set(id, { reserve, resolve, reject })
      })
    },
    async collect() {
      // A thread keeps what it has read until it ends.
      if (pending.size === 0) await stop()
      await collectGarbage()
    },
    close: stop,
  }
}

function outOfMemory(): InputError {
  return new InputError('insufficient_storage', 'there is not enough memory for this model')
}

let collector: (() => void) | undefined

/**
 * Collects garbage once the callers have returned. Shared memory does not count as pressure on the collector: without
 * this, what a model had would stay until something else fills the heap.
 */
async function collectGarbage(): Promise<void> {
  if (!collector) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as () => void
  }
  await setImmediate()
  collector()
}

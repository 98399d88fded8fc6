/** The models of a multi-model endpoint: loaded, found, listed and unloaded by name, in bounded memory. */
import { realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { ArtifactError, InputError, quote } from '../errors.ts'
import type { LoadedModel, Reserve } from '../model-directory/read.ts'
import type { ModelLoader } from './loader.ts'
import type { ModelMemory } from './model-memory.ts'
import type { JobPool } from './pool.ts'

export interface RegistryOptions {
  /** Directory that all models lie in. */
  readonly root: string
  /** Bytes of model files that may be loaded at once. */
  readonly memoryBudget: number
  /** Whether there is memory for another. */
  readonly memory?: ModelMemory
  readonly loader: ModelLoader
  /** Threads that may hold models too. */
  readonly pool?: JobPool
}

export interface RegisteredModel {
  readonly name: string
  /** The directory that it was loaded from, as it was asked for. */
  readonly url: string
  readonly model: LoadedModel
}

export interface ModelRegistry {
  /**
   * Loads the model of a directory under a name.
   * @throws InputError `conflict`, `insufficient_storage`, or `invalid_option` for a directory that is no model
   */
  load(name: string, url: string): Promise<void>
  /** @throws InputError `unknown_model` */
  find(name: string): RegisteredModel
  /** Returns all models, by name in ascending order. */
  list(): readonly RegisteredModel[]
  /**
   * Ends the threads that may hold a model and gives its memory back.
   * @throws InputError `unknown_model`
   */
  unload(name: string): Promise<void>
}

/** Returns a registry without a model. */
export function createModelRegistry(options: RegistryOptions): ModelRegistry {
  const { memoryBudget, memory, loader, pool } = options
  const models = new Map<string, RegisteredModel & { readonly bytes: number }>()
  /** Models on their way, with the bytes reserved for them. */
  const loading = new Map<string, number>()
  const find = (name: string) => {
    const entry = models.get(name)
    if (entry) return entry
    throw new InputError('unknown_model', `there is no model ${quote(name)}`)
  }
  const reserve = async (name: string, bytes: number) => {
    const held = [...models.values()].reduce((sum, entry) => sum + entry.bytes, 0)
    const coming = [...loading.values()].reduce((sum, other) => sum + other, 0)
    const others = coming - (loading.get(name) ?? 0)
    const left = memoryBudget - held - others
    if (bytes > left) {
      throw new InputError(
        'insufficient_storage',
        `the model ${quote(name)} needs ${bytes} bytes, ${left} are left`,
      )
    }
    loading.set(name, bytes)
    await memory?.admit(bytes, others)
  }
  // Not async: a function that waits for the collector would itself hold on to the model.
  const drop = (name: string): Promise<void> | undefined => {
    const { model } = find(name)
    models.delete(name)
    return pool?.forget(model)
  }
  return {
    find,
    async load(name, url) {
      if (models.has(name) || loading.has(name)) {
        throw new InputError('conflict', `the model ${quote(name)} is loaded already`)
      }
      const isAlone = loading.size === 0
      loading.set(name, 0)
      try {
        if (isAlone) await memory?.prepare()
        const model = await readUrl(url, options, (bytes) => reserve(name, bytes))
        models.set(name, { name, url, model, bytes: loading.get(name) as number })
      } finally {
        loading.delete(name)
      }
    },
    list: () => [...models.keys()].sort().map(find),
    async unload(name) {
      await drop(name)
      await loader.collect()
    },
  }
}

/** A model is read only from below the root: a path out of it would let a caller open any directory. */
async function readUrl(
  url: string,
  { root, loader }: RegistryOptions,
  reserve: Reserve,
): Promise<LoadedModel> {
  const path = resolve(url)
  const outside = () =>
    new InputError('invalid_option', `the url ${quote(url)} does not lie below ${quote(root)}`)
  if (path.includes('\0') || !isBelow(path, resolve(root))) throw outside()
  const real = await realpath(path).catch(() => path)
  if (real !== path && !isBelow(real, await realpath(root))) throw outside()
  try {
    return await loader.load(path, reserve)
  } catch (error) {
    if (error instanceof ArtifactError)
      throw new InputError('invalid_option', `the model cannot be loaded: ${error.message}`)
    throw error
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep)
}

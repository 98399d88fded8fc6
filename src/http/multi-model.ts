/** SageMaker's multi-model endpoints: models loaded, listed, asked and unloaded by name. */

import { realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ModelLoader } from '../answering/loader.ts'
import { ArtifactError, InputError, quote } from '../errors.ts'
import type { LoadedModel, Reserve } from '../model-directory/read.ts'
import { describeGlobally } from './explain.ts'
import { negotiateAnswer } from './negotiation.ts'
import { globalSchema, managementSchema, modelRowsSchema } from './openapi/schemas.ts'
import type { Route } from './route.ts'
import { executionParametersRoute, invoke, pingRoute } from './sagemaker.ts'
import { type Service, sendJson } from './service.ts'

export interface MultiModelOptions {
  /** Directory that all models lie in. */
  readonly root: string
  /** Bytes of model files that may be loaded at once. */
  readonly memoryBudget: number
  readonly loader: ModelLoader
}

interface Entry {
  readonly url: string
  readonly model: LoadedModel
  readonly bytes: number
}

/** Largest and default page of a listing. */
const PAGE = 100

/** Returns the routes of a multi-model endpoint, which begins without a model. */
export function multiModelRoutes(service: Service, options: MultiModelOptions): Route[] {
  const models = new Map<string, Entry>()
  /** Models on their way, with the bytes reserved for them. */
  const loading = new Map<string, number>()
  const find = (request: FastifyRequest): Entry => {
    const { name } = request.params as { name: string }
    const entry = models.get(name)
    if (entry) return entry
    throw new InputError('unknown_model', `there is no model ${quote(name)}`)
  }
  const load = async (name: string, url: string): Promise<void> => {
    if (models.has(name) || loading.has(name)) {
      throw new InputError('conflict', `the model ${quote(name)} is loaded already`)
    }
    const reserve = (bytes: number) => {
      const held = [...models.values()].reduce((sum, entry) => sum + entry.bytes, 0)
      const coming = [...loading.values()].reduce((sum, other) => sum + other, 0)
      const left = options.memoryBudget - held - coming + (loading.get(name) ?? 0)
      if (bytes > left) {
        throw new InputError(
          'insufficient_storage',
          `the model ${quote(name)} needs ${bytes} bytes, ${left} are left`,
        )
      }
      loading.set(name, bytes)
    }
    loading.set(name, 0)
    try {
      const model = await readUrl(url, options, reserve)
      models.set(name, { url, model, bytes: loading.get(name) as number })
    } finally {
      loading.delete(name)
    }
  }
  // Not async: a function that waits for the collector would itself hold on to the model.
  const drop = (name: string, model: LoadedModel): Promise<void> | undefined => {
    models.delete(name)
    return service.options.pool?.forget(model)
  }
  const route = (
    method: Route['method'],
    url: string,
    id: string,
    summary: string,
    handler: Route['handler'],
  ): Route => ({
    method,
    url,
    schema: managementSchema(id, summary),
    handler,
  })
  return [
    pingRoute(service),
    executionParametersRoute(service),
    route('POST', '/models', 'loadModel', 'Load a model', async (request, reply) => {
      const { name, url } = readLoad(await service.readJson(request))
      await load(name, url)
      return sendJson(reply, { status: `Model ${JSON.stringify(name)} loaded` })
    }),
    route('GET', '/models', 'listModels', 'List the models', (request, reply) => {
      return sendJson(reply, listModels(models, request.query as Record<string, unknown>))
    }),
    route('GET', '/models/:name', 'getModel', 'Describe a model', (request, reply) => {
      const { url, model } = find(request)
      const { name } = request.params as { name: string }
      return sendJson(reply, { modelName: name, modelUrl: url, modelId: model.artifact.modelId })
    }),
    route('DELETE', '/models/:name', 'unloadModel', 'Unload a model', async (request, reply) => {
      const { name } = request.params as { name: string }
      await drop(name, find(request).model)
      await options.loader.collect()
      return sendJson(reply, { status: `Model ${JSON.stringify(name)} unregistered` })
    }),
    {
      method: 'POST',
      url: '/models/:name/invoke',
      schema: modelRowsSchema('predict', 'invokeModel', 'Predict by a model'),
      handler: (request, reply) => invoke(find(request).model, service, request, reply),
    },
    {
      method: 'POST',
      url: '/models/:name/explain',
      schema: modelRowsSchema('explain', 'explainModel', 'Explain by a model'),
      handler: (request, reply) => explain(find(request).model, service, request, reply),
    },
    {
      method: 'GET',
      url: '/models/:name/explain/global',
      schema: globalSchema('explainModelGlobal', true),
      handler: (request, reply) => sendJson(reply, describeGlobally(find(request).model)),
    },
  ]
}

function explain(
  model: LoadedModel,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  return service.answer(model, request, reply, {
    operation: 'explain',
    answer: negotiateAnswer(request.headers.accept, 'explain', 'application/json'),
    options: Object.entries(request.query as Record<string, unknown>),
  })
}

function readLoad(value: unknown): { name: string; url: string } {
  const { model_name: name, url } = (value ?? {}) as { model_name?: unknown; url?: unknown }
  if (typeof name !== 'string' || name === '' || name.length > 1024) {
    throw new InputError('invalid_option', '"model_name" must be a text')
  }
  if (typeof url !== 'string' || url === '')
    throw new InputError('invalid_option', '"url" must be the path of a directory')
  return { name, url }
}

/** A model is read only from below the root: a path out of it would let a caller open any directory. */
async function readUrl(
  url: string,
  { root, loader }: MultiModelOptions,
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

/** Names ascending, a page of at most 100 from the decimal offset in the token. */
function listModels(models: ReadonlyMap<string, Entry>, query: Readonly<Record<string, unknown>>) {
  const asked = Number(query.limit ?? PAGE)
  const limit = Number.isInteger(asked) && asked > 0 && asked <= PAGE ? asked : PAGE
  const token = Number(query.next_page_token ?? 0)
  const start = Number.isSafeInteger(token) && token >= 0 ? token : 0
  const names = [...models.keys()].sort()
  const page = names.slice(start, start + limit)
  const end = start + page.length
  return {
    models: page.map((modelName) => ({ modelName, modelUrl: models.get(modelName)?.url })),
    ...(end < names.length ? { nextPageToken: String(end) } : {}),
  }
}

/** SageMaker's multi-model endpoints: models loaded, listed, asked and unloaded by name. */
import type { FastifyRequest } from 'fastify'
import {
  createModelRegistry,
  type ModelRegistry,
  type RegisteredModel,
  type RegistryOptions,
} from '../answering/model-registry.ts'
import { InputError } from '../errors.ts'
import { extendDeadline } from './deadlines.ts'
import { explain, explainGlobally } from './explain.ts'
import { globalSchema } from './openapi/global-summary.ts'
import { loadBody, managementSchema } from './openapi/management.ts'
import { modelRowsSchema } from './openapi/rows.ts'
import { pathParameters } from './openapi/schema.ts'
import { sendJson } from './replies.ts'
import type { Route } from './route.ts'
import { executionParametersRoute, invoke, pingRoute } from './sagemaker.ts'
import type { Service } from './service.ts'

export type MultiModelOptions = Omit<RegistryOptions, 'pool'>

/** How long SageMaker goes on waiting for a model to be loaded. */
const LOAD_MS = 360_000
/** Largest and default page of a listing. */
const PAGE = 100

/** Returns the routes of a multi-model endpoint, which begins without a model. */
export function multiModelRoutes(service: Service, options: MultiModelOptions): Route[] {
  const models = createModelRegistry({ ...options, pool: service.options.pool })
  const find = (request: FastifyRequest): RegisteredModel => models.find(nameIn(request))
  return [
    pingRoute(service),
    executionParametersRoute(service),
    {
      method: 'POST',
      url: '/models',
      schema: managementSchema('loadModel', 'Load a model', loadBody),
      async handler(request, reply) {
        extendDeadline(request, Math.max(LOAD_MS, service.options.deadlineMs))
        const { name, url } = readLoad(await service.readJson(request, reply))
        await models.load(name, url)
        return sendJson(reply, { status: `Model ${JSON.stringify(name)} loaded` })
      },
    },
    {
      method: 'GET',
      url: '/models',
      schema: managementSchema('listModels', 'List the models'),
      handler: (request, reply) =>
        sendJson(reply, listModels(models, request.query as Record<string, unknown>)),
    },
    {
      method: 'GET',
      url: '/models/:name',
      schema: managementSchema('getModel', 'Describe a model'),
      handler(request, reply) {
        const { name, url, model } = find(request)
        return sendJson(reply, { modelName: name, modelUrl: url, modelId: model.artifact.modelId })
      },
    },
    {
      method: 'DELETE',
      url: '/models/:name',
      schema: managementSchema('unloadModel', 'Unload a model'),
      async handler(request, reply) {
        const name = nameIn(request)
        await models.unload(name)
        return sendJson(reply, { status: `Model ${JSON.stringify(name)} unregistered` })
      },
    },
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
      schema: globalSchema('explainModelGlobal', 'models', pathParameters()),
      handler: (request, reply) => explainGlobally(find(request).model, service, request, reply),
    },
  ]
}

function nameIn(request: FastifyRequest): string {
  return (request.params as { name: string }).name
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

/** Names ascending, a page of at most 100 from the decimal offset in the token. */
function listModels(models: ModelRegistry, query: Readonly<Record<string, unknown>>) {
  const asked = Number(query.limit ?? PAGE)
  const limit = Number.isInteger(asked) && asked > 0 && asked <= PAGE ? asked : PAGE
  const token = Number(query.next_page_token ?? 0)
  const start = Number.isSafeInteger(token) && token >= 0 ? token : 0
  const all = models.list()
  const page = all.slice(start, start + limit)
  const end = start + page.length
  return {
    models: page.map(({ name, url }) => ({ modelName: name, modelUrl: url })),
    nextPageToken: end < all.length ? String(end) : undefined,
  }
}

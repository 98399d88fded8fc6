/** MLflow's scoring server: its health and version routes; its bodies are forms of /invocations. */
import type { LoadedModel } from '../model-directory/read.ts'
import { VERSION } from '../version.ts'
import { healthSchema, versionSchema } from './openapi/health.ts'
import type { Route } from './route.ts'
import { pingRoute } from './sagemaker.ts'
import type { Service } from './service.ts'

/** Returns the routes that MLflow's clients ask besides /ping and /invocations. */
export function mlflowRoutes(_model: LoadedModel, service: Service): Route[] {
  return [
    { ...pingRoute(service), url: '/health', schema: healthSchema },
    {
      method: 'GET',
      url: '/version',
      schema: versionSchema,
      handler: (_request, reply) =>
        reply.header('content-type', 'text/plain').send(Buffer.from(VERSION)),
    },
  ]
}

/** /explain, /explain/global and /model: what no other server has. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { writeSummary } from '../artifact/stored-summary.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { negotiateAnswer } from './negotiation.ts'
import { globalSchema } from './openapi/global-summary.ts'
import { cardSchema } from './openapi/model-card.ts'
import { rowsSchema } from './openapi/rows.ts'
import type { Route } from './route.ts'
import { type Service, sendJson } from './service.ts'

/** Returns the routes that explain one model and describe it. */
export function explainRoutes(model: LoadedModel, service: Service): Route[] {
  const card = Buffer.from(JSON.stringify(buildCard(model.artifact, model.predictor)))
  return [
    {
      method: 'POST',
      url: '/explain',
      schema: rowsSchema('explain', model.artifact),
      oneRow: {
        predictor: model.predictor,
        operation: 'explain',
        preferred: 'application/json',
        limits: service.options.limits,
      },
      handler: (request, reply) => explain(model, service, request, reply),
    },
    {
      method: 'GET',
      url: '/explain/global',
      schema: globalSchema('explainGlobal', 'model'),
      handler: (_request, reply) => sendJson(reply, describeGlobally(model)),
    },
    {
      method: 'GET',
      url: '/model',
      schema: cardSchema,
      handler: (_request, reply) => reply.header('content-type', 'application/json').send(card),
    },
  ]
}

/** Answers explanations of the rows in a request, with the options of its query string. */
export function explain(
  model: LoadedModel,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return service.answer(model, request, reply, {
    operation: 'explain',
    answer: negotiateAnswer(request.headers.accept, 'explain', 'application/json'),
    options: Object.entries(request.query as Record<string, unknown>),
  })
}

/**
 * Returns what the model does over a sample of its training rows.
 * @throws InputError `not_found` for a model that came without one
 */
export function describeGlobally({ artifact }: LoadedModel): Record<string, unknown> {
  if (!artifact.summary) {
    throw new InputError(
      'not_found',
      'this model has no global explanation; shapserve explain --summary makes one of any rows',
    )
  }
  return { model_id: artifact.modelId, ...writeSummary(artifact.summary) }
}

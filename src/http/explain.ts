/** /explain and /model: what no other server has. */
import type { LoadedModel } from '../artifact/store.ts'
import { buildCard } from './card.ts'
import { negotiateAnswer } from './negotiation.ts'
import type { Route } from './route.ts'
import { cardSchema, rowsSchema } from './schemas.ts'
import type { Service } from './service.ts'

/** Returns the routes that explain one model and describe it. */
export function explainRoutes(model: LoadedModel, service: Service): Route[] {
  const card = Buffer.from(JSON.stringify(buildCard(model.artifact, model.predictor)))
  return [
    {
      method: 'POST',
      url: '/explain',
      schema: rowsSchema('explain', model.artifact),
      handler: (request, reply) =>
        service.answer(model, request, reply, {
          operation: 'explain',
          answer: negotiateAnswer(request.headers.accept, 'explain', 'application/json'),
          options: Object.entries(request.query as Record<string, unknown>),
        }),
    },
    {
      method: 'GET',
      url: '/model',
      schema: cardSchema,
      handler: (_request, reply) => reply.header('content-type', 'application/json').send(card),
    },
  ]
}

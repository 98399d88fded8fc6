/** /explain, /explain/global and /model: what no other server has. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DrawJob } from '../answering/job.ts'
import { classesOf } from '../answering/job-class.ts'
import { writeSummary } from '../artifact/stored-summary.ts'
import { findCodec } from '../codecs/index.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { negotiateAnswer, negotiatePlot, PLOT_TYPE } from './negotiation.ts'
import { globalSchema } from './openapi/global-summary.ts'
import { cardSchema } from './openapi/model-card.ts'
import { rowsSchema } from './openapi/rows.ts'
import { sendJson } from './replies.ts'
import type { Route } from './route.ts'
import type { Service } from './service.ts'

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
      handler: (request, reply) => explainGlobally(model, service, request, reply),
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
  const query = request.query as Record<string, unknown>
  const asksPlot = query.plot !== undefined
  const preferred = asksPlot ? PLOT_TYPE : 'application/json'
  const answer = negotiateAnswer(request.headers.accept, 'explain', preferred)
  if (!asksPlot && findCodec(answer.essence)?.picture === undefined) {
    const options = Object.entries(query)
    return service.answer(model, request, reply, { operation: 'explain', answer, options })
  }
  return import('./plot-query.ts').then(({ readPlotQuery }) =>
    service.answer(model, request, reply, {
      operation: 'explain',
      ...readPlotQuery(query, answer),
    }),
  )
}

/** Answers what the model does over a sample of its training rows: as JSON, or as a plot where one is asked for. */
export async function explainGlobally(
  model: LoadedModel,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = request.query as Record<string, unknown>
  const type = negotiatePlot(request.headers.accept, query.plot !== undefined)
  if (!type) return sendJson(reply, describeGlobally(model))
  const { readModelPlotQuery } = await import('./plot-query.ts')
  const asked = readModelPlotQuery(query, type)
  const { limits } = service.options
  const job: DrawJob = { operation: 'draw', body: new Uint8Array(), limits, ...asked }
  const expected = { operation: 'draw', isIsolated: false, classes: classesOf(job) } as const
  return service.answerJob(model, request, reply, expected, () => job)
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

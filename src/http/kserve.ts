/** KServe's protocol version 1: `:predict` and `:explain` over `instances`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Operation } from '../answering/media-type.ts'
import { InputError, quote } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { packAsEvent } from './cloud-events.ts'
import { EVENT_TYPE } from './event-type.ts'
import { answerSchema, kserveSchema } from './openapi/protocols.ts'
import { pathParameters } from './openapi/schema.ts'
import { sendJson } from './replies.ts'
import type { Route } from './route.ts'
import type { Service } from './service.ts'

const JSON_TYPE = { essence: 'application/json', parameters: new Map<string, string>() }

/** What KServe reads as JSON besides JSON and events. */
const bytesTypes = ['application/octet-stream', 'application/ld+json']
/** The same, and what has no type. */
const readAs = Object.fromEntries(
  ['', EVENT_TYPE, ...bytesTypes].map((type) => [type, JSON_TYPE.essence]),
)

/** Returns the routes of one model under its name. */
export function kserveRoutes(model: LoadedModel, service: Service): Route[] {
  const name = service.options.modelName
  const check = (request: FastifyRequest) => checkName(request, name)
  const ask = (operation: Operation) => (request: FastifyRequest, reply: FastifyReply) => {
    check(request)
    const dialect = service.options.predictProbabilities ? 'probabilities' : 'values'
    const options = Object.entries(request.query as Record<string, unknown>)
    return service.answer(model, request, reply, {
      operation,
      answer: JSON_TYPE,
      dialect,
      options,
      readAs,
      pack: packAsEvent(request, name),
    })
  }
  return [
    {
      method: 'GET',
      url: '/v1/models',
      schema: answerSchema('listModelsV1', 'The models served'),
      handler: (_request, reply) => sendJson(reply, { models: [name] }),
    },
    {
      method: 'GET',
      url: '/v1/models/:name',
      nameEndsAtColon: true,
      schema: answerSchema('modelReadyV1', 'Whether a model is ready', pathParameters()),
      handler(request, reply) {
        check(request)
        if (service.options.isDraining?.())
          throw new InputError('shutting_down', 'the service is stopping')
        return sendJson(reply, { name, ready: true })
      },
    },
    {
      method: 'POST',
      // The expression keeps the name from swallowing the verb behind the colon.
      url: '/v1/models/:name(^[^:]+)::predict',
      schema: kserveSchema('predictV1', 'Predict instances', model.artifact, bytesTypes),
      handler: ask('predict'),
    },
    {
      method: 'POST',
      url: '/v1/models/:name(^[^:]+)::explain',
      schema: kserveSchema(
        'explainV1',
        'Explain and predict instances',
        model.artifact,
        bytesTypes,
      ),
      handler: ask('explain'),
    },
  ]
}

/** @throws InputError `unknown_model` unless the path names the model served */
export function checkName(request: FastifyRequest, name: string): void {
  const asked = (request.params as { name: string }).name
  if (asked !== name) {
    throw new InputError(
      'unknown_model',
      `there is no model ${quote(asked)}; there is ${quote(name)}`,
    )
  }
}

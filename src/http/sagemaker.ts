/** SageMaker hosting: /ping, /invocations with explanations on request, /execution-parameters. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { asksExplanation } from '../answering/explain-options.ts'
import { pickAttributes, pickOptions } from '../answering/foreign-options.ts'
import type { Operation } from '../answering/media-type.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { hasLines, LINES, lineType, negotiateAnswer } from './negotiation.ts'
import { note } from './notes.ts'
import type { OneRowRoute } from './one-row.ts'
import { executionParametersSchema, pingSchema } from './openapi/health.ts'
import { rowsSchema } from './openapi/rows.ts'
import { sendJson } from './replies.ts'
import type { Route } from './route.ts'
import type { Service } from './service.ts'

const CUSTOM_ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'
const ENABLE_EXPLANATIONS = 'x-amzn-sagemaker-enable-explanations'
const INFERENCE_ID = 'x-amzn-sagemaker-inference-id'

/** Returns SageMaker's routes of one model. */
export function sageMakerRoutes(model: LoadedModel, service: Service): Route[] {
  return [
    pingRoute(service),
    {
      method: 'POST',
      url: '/invocations',
      schema: rowsSchema('predict', model.artifact),
      oneRow: oneRowOf(model, service),
      handler: (request, reply) => invoke(model, service, request, reply),
    },
    executionParametersRoute(service),
  ]
}

/** What the operator sets for all answers is for the general way. */
function oneRowOf(
  { predictor }: LoadedModel,
  { options: { defaultAccept, selection, enableExplanations, limits } }: Service,
): OneRowRoute | undefined {
  if (selection || enableExplanations !== undefined || defaultAccept === LINES) return undefined
  return { predictor, operation: 'predict', preferred: defaultAccept, limits }
}

/** 200 while the service takes requests; SageMaker asks every five seconds. */
export function pingRoute({ options }: Service): Route {
  return {
    method: 'GET',
    url: '/ping',
    isOpen: true,
    isHealth: true,
    schema: pingSchema,
    handler(_request, reply) {
      if (options.isDraining?.()) throw new InputError('shutting_down', 'the service is stopping')
      return reply.code(200).send()
    },
  }
}

/** What batch transform asks before its first request. */
export function executionParametersRoute({ options }: Service): Route {
  return {
    method: 'GET',
    url: '/execution-parameters',
    schema: executionParametersSchema,
    handler(_request, reply) {
      const payload = Math.max(1, Math.min(100, Math.floor(options.maxBodyBytes / (1 << 20))))
      // SageMaker refuses more than 100 MB on the way at once.
      const concurrent = Math.max(1, Math.min(options.maxConcurrent, Math.floor(100 / payload)))
      return sendJson(reply, {
        MaxConcurrentTransforms: concurrent,
        BatchStrategy: 'MULTI_RECORD',
        MaxPayloadInMB: payload,
      })
    },
  }
}

/** Answers an invocation: predictions, or explanations where the request's headers or the operator ask for them. */
export function invoke(
  model: LoadedModel,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const attributes = readAttributes(request, reply)
  const query = Object.entries(request.query as Record<string, unknown>)
  const { defaultAccept, selection, enableExplanations } = service.options
  const asks =
    asksExplanation(find(query, 'explain'), 'the query') ||
    asksExplanation(find(attributes, 'explain'), 'the custom attributes')
  const ours = pickAttributes(attributes)
  const linePerRecord = service.options.isBatch === true && hasLines(request.raw)
  const preferred = (operation: Operation, usual: string) =>
    defaultAccept === LINES ? lineType(request.raw, operation) : usual
  if (asks) {
    const usual = preferred('explain', 'application/json')
    const answer = negotiateAnswer(request.headers.accept, 'explain', usual)
    const options = [...pickOptions(query), ...ours]
    const ask = { operation: 'explain', answer, options, linePerRecord } as const
    return service.answer(model, request, reply, ask)
  }
  const condition = request.headers[ENABLE_EXPLANATIONS] ?? enableExplanations
  return service.answer(model, request, reply, {
    operation: 'predict',
    answer: negotiateAnswer(request.headers.accept, 'predict', preferred('predict', defaultAccept)),
    options: [...query, ...ours],
    selection,
    enableExplanations: typeof condition === 'string' ? condition : undefined,
    explainByBody: true,
    linePerRecord,
  })
}

/**
 * Returns the custom attributes, which are `name=value` pairs separated by commas or semicolons. They are echoed,
 * because SageMaker hands on what the container answers.
 */
function readAttributes(request: FastifyRequest, reply: FastifyReply): [string, string][] {
  const id = headerOf(request, INFERENCE_ID)
  if (id !== undefined && /^[\x21-\x7e]{1,64}$/.test(id)) note(request, { inference_id: id })
  const sent = headerOf(request, CUSTOM_ATTRIBUTES) ?? ''
  if (sent === '' || sent.length > 1024 || !/^[\x20-\x7e]*$/.test(sent) || /%0[ad]/i.test(sent))
    return []
  reply.header(CUSTOM_ATTRIBUTES, sent)
  return sent.split(/[,;]/).map((pair): [string, string] => {
    const at = pair.indexOf('=')
    return at < 0 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  })
}

function find(pairs: readonly (readonly [string, unknown])[], name: string): unknown {
  return pairs.find(([key]) => key === name)?.[1]
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** The Open Inference Protocol, version 2, over REST: KServe, Triton and MLServer clients. */
import type { FastifyRequest } from 'fastify'
import type { LoadedModel } from '../artifact/store.ts'
import { InputError, quote } from '../errors.ts'
import { VERSION } from '../version.ts'
import { checkName } from './kserve.ts'
import { checkEncoding } from './negotiation.ts'
import type { Route } from './route.ts'
import { inferSchema, namedModelSchema } from './schemas.ts'
import { type Service, sendJson } from './service.ts'

/** Returns the routes of one model under its name. */
export function inferenceProtocolRoutes(
  model: LoadedModel,
  name: string,
  service: Service,
): Route[] {
  const live = { live: true, ready: true }
  const get = (
    url: string,
    id: string,
    summary: string,
    answer: unknown,
    named = false,
  ): Route => ({
    method: 'GET',
    url,
    schema: namedModelSchema(id, summary),
    handler(request, reply) {
      if (named) checkName(request, name)
      if (url.endsWith('ready') && service.options.isDraining?.())
        throw new InputError('shutting_down', 'the service is stopping')
      return sendJson(reply, answer)
    },
  })
  return [
    get('/v2', 'serverMetadata', 'The server', {
      name: 'shapserve',
      version: VERSION,
      extensions: ['binary_tensor_data'],
    }),
    get('/v2/health/live', 'serverLive', 'Whether the server runs', live),
    get('/v2/health/ready', 'serverReady', 'Whether the server takes requests', live),
    get(
      '/v2/models/:name',
      'modelMetadata',
      "The model's inputs and outputs",
      describeModel(model, name),
      true,
    ),
    get(
      '/v2/models/:name/ready',
      'modelReadyV2',
      'Whether a model is ready',
      { name, ready: true },
      true,
    ),
    {
      method: 'POST',
      url: '/v2/models/:name/infer',
      schema: inferSchema(model.artifact),
      handler(request, reply) {
        checkName(request, name)
        checkEncoding(request.raw)
        const headerLength = readHeaderLength(request)
        const { limits } = service.options
        return service.answerJob(model, request, reply, (body) => {
          return { operation: 'infer', body, headerLength, modelName: name, limits }
        })
      },
    },
  ]
}

function describeModel({ artifact }: LoadedModel, name: string) {
  const { classes, numericClasses, preprocessor, modelId } = artifact
  return {
    name,
    versions: [modelId],
    platform: 'shapserve',
    inputs: preprocessor.inputs.map((input) => ({
      name: input.name,
      datatype: input.type === 'number' ? 'FP64' : 'BYTES',
      shape: [-1, 1],
    })),
    outputs: [
      { name: 'predict', datatype: numericClasses ? 'FP64' : 'BYTES', shape: [-1] },
      { name: 'predict_proba', datatype: 'FP64', shape: [-1, classes.length] },
      { name: 'explain', datatype: 'BYTES', shape: [-1] },
    ],
  }
}

/** Returns where the JSON of a body ends, or undefined where all of it is JSON. */
function readHeaderLength({ headers }: FastifyRequest): number | undefined {
  const sent = headers['inference-header-content-length']
  if (sent === undefined) return undefined
  if (typeof sent === 'string' && /^[0-9]{1,15}$/.test(sent)) return Number(sent)
  throw new InputError(
    'invalid_shape',
    `Inference-Header-Content-Length is ${quote(String(sent))}, expected a number of bytes`,
  )
}

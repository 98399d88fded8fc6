/** The Open Inference Protocol, version 2, over REST: KServe, Triton and MLServer clients. */
import type { FastifyRequest } from 'fastify'
import { classesOf } from '../answering/job-class.ts'
import { type OutputName, outputNames } from '../answering/tensor-outputs.ts'
import { InputError, quote } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { VERSION } from '../version.ts'
import { checkName } from './kserve.ts'
import { answerSchema } from './openapi/protocols.ts'
import { pathParameters, type Schema } from './openapi/schema.ts'
import { inferSchema } from './openapi/tensors.ts'
import { sendJson } from './replies.ts'
import type { Route } from './route.ts'
import type { Service } from './service.ts'

/** Returns the routes of one model under its name. */
export function openInferenceRoutes(model: LoadedModel, service: Service): Route[] {
  const name = service.options.modelName
  const live = { live: true, ready: true }
  const check = (request: FastifyRequest) => {
    checkName(request, name)
    checkVersion(request, model.artifact.modelId)
  }
  const refuseWhileDraining = () => {
    if (service.options.isDraining?.())
      throw new InputError('shutting_down', 'the service is stopping')
  }
  const about = (
    url: string,
    schema: Schema,
    answer: unknown,
    ...checks: readonly ((request: FastifyRequest) => void)[]
  ): Route => ({
    method: 'GET',
    url,
    schema,
    handler(request, reply) {
      for (const check of checks) check(request)
      return sendJson(reply, answer)
    },
  })
  const outputs = service.options.inferOutputs ?? outputNames
  const description = describeModel(model, name, outputs)
  /** A model's routes below its path, which may name a version: `suffix` keeps the operations apart. */
  const ofModel = (base: string, suffix: string, params: Schema): Route[] => [
    about(
      base,
      answerSchema(`modelMetadata${suffix}`, "The model's inputs and outputs", params),
      description,
      check,
    ),
    about(
      `${base}/ready`,
      answerSchema(`modelReadyV2${suffix}`, 'Whether a model is ready', params),
      { name, ready: true },
      check,
      refuseWhileDraining,
    ),
    {
      method: 'POST',
      url: `${base}/infer`,
      schema: inferSchema(`infer${suffix}`, model.artifact, params),
      handler(request, reply) {
        check(request)
        const headerLength = readHeaderLength(request)
        const { limits } = service.options
        return service.answerJob(model, request, reply, expectedInfer, (body) => {
          return {
            operation: 'infer',
            body,
            headerLength,
            modelName: name,
            outputs,
            options: Object.entries(request.query as Record<string, unknown>),
            limits,
          }
        })
      },
    },
  ]
  return [
    about('/v2', answerSchema('serverMetadata', 'The server'), {
      name: 'shapserve',
      version: VERSION,
      extensions: ['binary_tensor_data'],
    }),
    probe(about('/v2/health/live', answerSchema('serverLive', 'Whether the server runs'), live)),
    probe(
      about(
        '/v2/health/ready',
        answerSchema('serverReady', 'Whether the server takes requests'),
        live,
        refuseWhileDraining,
      ),
    ),
    about('/v2/models', answerSchema('listModelsV2', 'The models served'), { models: [name] }),
    ...ofModel('/v2/models/:name', '', pathParameters()),
    ...ofModel(
      '/v2/models/:name/versions/:version',
      'OfVersion',
      pathParameters(model.artifact.modelId),
    ),
  ]
}

const expectedInfer = {
  operation: 'infer',
  isIsolated: false,
  classes: classesOf({ operation: 'infer' }),
} as const

/** The one version of a model is its identity. */
function checkVersion(request: FastifyRequest, modelId: string): void {
  const { version } = request.params as { version?: string }
  if (version === undefined || version === modelId) return
  throw new InputError(
    'unknown_model',
    `the model has no version ${quote(version)}; it has ${quote(modelId)}`,
  )
}

function describeModel({ artifact }: LoadedModel, name: string, outputs: readonly OutputName[]) {
  const { classes, numericClasses, preprocessor, modelId } = artifact
  const described = {
    predict: { datatype: numericClasses ? 'FP64' : 'BYTES', shape: [-1] },
    predict_proba: { datatype: 'FP64', shape: [-1, classes.length] },
    explain: { datatype: 'BYTES', shape: [-1] },
  }
  return {
    name,
    versions: [modelId],
    platform: 'shapserve',
    inputs: preprocessor.inputs.map((input) => ({
      name: input.name,
      datatype: input.type === 'number' ? 'FP64' : 'BYTES',
      shape: [-1, 1],
    })),
    outputs: outputs.map((name) => ({ name, ...described[name] })),
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

/** Kubernetes asks without a token. */
function probe(route: Route): Route {
  return { ...route, isOpen: true }
}

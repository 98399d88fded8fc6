/** The Open Inference Protocol, version 2, over REST: KServe, Triton and MLServer clients. */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { LoadedModel } from '../artifact/store.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { VERSION } from '../version.ts'
import type { JobResult } from './job.ts'
import { checkName } from './kserve.ts'
import type { Route } from './route.ts'
import { inferSchema, namedModelSchema } from './schemas.ts'
import { type Service, sendJson } from './service.ts'
import { readTensorRows } from './tensor-rows.ts'

const JSON_TYPE = { essence: 'application/json', parameters: new Map<string, string>() }
const JSON_LINES = { essence: 'application/jsonlines', parameters: new Map<string, string>() }

/** What may be asked for; a request that names none gets the first. */
const outputNames = ['predict', 'predict_proba', 'explain'] as const
type OutputName = (typeof outputNames)[number]

interface Prediction {
  readonly predicted_label: string | number
  readonly probabilities: Readonly<Record<string, number>>
}

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
      extensions: [],
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
      async handler(request, reply) {
        checkName(request, name)
        const { id, rows, outputs } = await readInference(request, service, model)
        const ask = async (operation: 'predict' | 'explain', answer: typeof JSON_TYPE) => {
          const body = new TextEncoder().encode(JSON.stringify({ instances: rows }))
          const job = {
            operation,
            body,
            media: JSON_TYPE,
            answer,
            options: [],
            dialect: 'predictions' as const,
            limits: service.options.limits,
          }
          return textOf(await service.run(model, job, request, reply))
        }
        const needsPredictions = outputs.some((output) => output !== 'explain')
        const { predictions } = needsPredictions
          ? (JSON.parse(await ask('predict', JSON_TYPE)) as { predictions: Prediction[] })
          : { predictions: [] }
        const explained = outputs.includes('explain')
          ? (await ask('explain', JSON_LINES)).split('\n').filter(Boolean)
          : []
        return sendJson(reply, {
          model_name: name,
          model_version: model.artifact.modelId,
          id: id ?? randomUUID(),
          outputs: outputs.map((output) => writeOutput(output, model, predictions, explained)),
        })
      },
    },
  ]
}

function textOf({ body }: JobResult): string {
  return new TextDecoder().decode(body)
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

async function readInference(request: FastifyRequest, service: Service, model: LoadedModel) {
  if (request.headers['inference-header-content-length'] !== undefined) {
    throw new InputError('not_implemented', 'binary tensors are not read; send their data as JSON')
  }
  const value = await service.readJson(request)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', 'the body must be an object with "inputs"')
  }
  const { id, inputs, outputs } = value as { id?: unknown; inputs?: unknown; outputs?: unknown }
  if (id !== undefined && id !== null && typeof id !== 'string')
    throw new InputError('invalid_shape', '"id" must be a text')
  const { spec } = model.predictor.preprocessor
  return {
    id,
    rows: readTensorRows(inputs, spec.inputs, service.options.limits.maxRows),
    outputs: readOutputs(outputs),
  }
}

function readOutputs(value: unknown): OutputName[] {
  if (value === undefined || value === null) return ['predict']
  if (!Array.isArray(value)) throw new InputError('invalid_shape', '"outputs" must be a list')
  if (value.length === 0) return ['predict']
  const asked = value.map((item: unknown) => {
    const name = (item as { name?: unknown } | null)?.name
    const found = outputNames.find((known) => known === name)
    if (found !== undefined) return found
    throw new InputError(
      'invalid_option',
      `the output ${quote(name)} does not exist; there are ${listNames(outputNames)}`,
    )
  })
  const twice = asked.find((name, i) => asked.indexOf(name) !== i)
  if (twice) throw new InputError('invalid_option', `the output ${quote(twice)} is asked for twice`)
  return asked
}

function writeOutput(
  output: OutputName,
  { artifact }: LoadedModel,
  predictions: readonly Prediction[],
  explained: readonly string[],
) {
  if (output === 'explain') {
    return { name: output, shape: [explained.length], datatype: 'BYTES', data: explained }
  }
  if (output === 'predict_proba') {
    const data = predictions.flatMap(({ probabilities }) =>
      artifact.classes.map((name) => probabilities[name]),
    )
    return {
      name: output,
      shape: [predictions.length, artifact.classes.length],
      datatype: 'FP64',
      data,
    }
  }
  const datatype = artifact.numericClasses ? 'FP64' : 'BYTES'
  return {
    name: output,
    shape: [predictions.length],
    datatype,
    data: predictions.map(({ predicted_label }) => predicted_label),
  }
}

/** What the routes take and give, for the OpenAPI document; requests themselves are checked by the codecs. */

import type { Operation } from '../../answering/media-type.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import { writeField } from '../../codecs/csv.ts'
import { answerTypes, findCodec, requestTypes } from '../../codecs/index.ts'
import { inputErrorCodes } from '../../errors.ts'
import { exampleRow } from '../../predictor/describe-model.ts'
import { PROBLEM_TYPE } from '../errors.ts'

type Schema = Readonly<Record<string, unknown>>

const label = {
  type: ['string', 'number'],
  description: 'a class; a number where every class is one',
}
const score = {
  description: 'probability of the positive class of two, otherwise of every class',
  oneOf: [{ type: 'number' }, { type: 'array', items: { type: 'number' } }],
}
const cell = { type: ['number', 'string', 'null'] }
const anyObject = { type: 'object', additionalProperties: true }
const numbers = { type: 'array', items: { type: 'number' } }
const texts = { type: 'array', items: { type: 'string' } }

const prediction = {
  type: 'object',
  required: ['predicted_label', 'score', 'probabilities'],
  properties: {
    predicted_label: label,
    score,
    probabilities: { type: 'object', additionalProperties: { type: 'number' } },
  },
}

const orNull = { type: ['number', 'null'] }

const counterfactual = {
  type: 'object',
  description: 'the smallest change after which the class asked for is predicted',
  required: ['class', 'found', 'optimal', 'distance', 'bound', 'changes'],
  properties: {
    class: label,
    found: { type: 'boolean' },
    optimal: {
      type: 'boolean',
      description: 'whether the search was complete: no smaller change, or none at all',
    },
    distance: {
      ...orNull,
      description: 'sum of |change| / standard deviation of numbers and 1 per changed category',
    },
    bound: { ...orNull, description: 'smaller changes were ruled out' },
    changes: {
      type: 'array',
      items: {
        type: 'object',
        properties: { column: { type: 'string' }, from: cell, to: cell },
      },
    },
    predicted_label: label,
    score,
  },
}

const explanation = {
  type: 'object',
  required: ['predicted_label', 'score', 'additivity_error'],
  properties: {
    predicted_label: label,
    score,
    output_names: texts,
    base_values: numbers,
    outputs: { ...numbers, description: "the model's output per class explained" },
    feature_names: texts,
    data: { type: 'array', items: cell, description: 'the values sent; null = missing' },
    imputed: {
      type: 'object',
      additionalProperties: cell,
      description: 'what the model takes for the missing values, by column; absent where none is',
    },
    shap_values: { type: 'array', items: numbers, description: '[output][feature]' },
    interaction_values: {
      type: 'array',
      items: { type: 'array', items: numbers },
      description: '[output][feature][feature], where asked for; rows sum to the SHAP values',
    },
    counterfactual,
    others: {
      anyOf: [numbers, { type: 'number' }],
      description: 'sum of the values left out by `top`, per output',
    },
    additivity_error: { type: 'number' },
    row: { type: 'integer' },
    output_name: { type: 'string' },
    base_value: { type: 'number' },
    output: { type: 'number' },
    contributions: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          feature: { type: 'string' },
          value: cell,
          imputed: cell,
          shap_value: { type: 'number' },
        },
      },
    },
  },
}

const explanations = {
  type: 'object',
  required: ['model_id', 'space', 'method', 'explanations'],
  properties: {
    model_id: { type: 'string' },
    space: { enum: ['probability', 'log_odds'] },
    method: { type: 'string' },
    output_names: texts,
    base_values: numbers,
    feature_names: texts,
    explanations: { type: 'array', items: explanation },
  },
}

const clarify = {
  type: 'object',
  description: "Clarify's online response",
  required: ['version', 'predictions', 'explanations'],
  properties: {
    version: { type: 'string' },
    predictions: {
      type: 'object',
      properties: { content_type: { type: 'string' }, data: { type: 'string' } },
    },
    label_headers: texts,
    explanations: { type: 'object', additionalProperties: true },
    expected_value: numbers,
    space: { type: 'string' },
    method: { type: 'string' },
    model_id: { type: 'string' },
  },
}

const problem = {
  type: 'object',
  required: [
    'type',
    'title',
    'status',
    'detail',
    'code',
    'instance',
    'error',
    'error_code',
    'message',
  ],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { enum: Object.keys(inputErrorCodes) },
    instance: { type: 'string' },
    error: { type: 'string', description: 'the detail, where KServe and Triton clients look' },
    error_code: { type: 'string', description: 'the title, where MLflow clients look' },
    message: { type: 'string', description: 'the detail, where MLflow clients look' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { row: { type: 'integer' }, column: { type: 'string' } },
      },
    },
  },
}

/** Errors that every route has. */
const common = () => ({
  400: problemAnswer('The request is not valid; `detail` says where'),
  431: problemAnswer('There are too many or too large headers'),
})

/** Errors of routes that read a body. */
const bodyProblems = () => ({
  ...common(),
  406: problemAnswer('No answer fits the Accept header'),
  413: problemAnswer('The body, its rows, the answer or its cost are over a limit'),
  415: problemAnswer('The Content-Type or Content-Encoding is not read'),
  503: problemAnswer('The service is overloaded, stopping, or ran out of time; try again'),
})

/** Returns one error answer. */
function problemAnswer(description: string): Schema {
  return { description, content: { [PROBLEM_TYPE]: { schema: problem } } }
}

const textAnswer = { schema: { type: 'string' } }

/** Every type that rows are answered in. */
function rowAnswers(operation: Operation): Schema {
  const answers = answerTypes[operation].map((type) => {
    const isJson = findCodec(type)?.name === 'json'
    const schema = operation === 'predict' ? predictionAnswer : { anyOf: [explanations, clarify] }
    return [type, isJson ? { schema } : textAnswer] as const
  })
  return Object.fromEntries(answers)
}

/** Returns the schema of a route that takes rows. */
export function rowsSchema(operation: Operation, artifact: Artifact): Schema {
  return {
    operationId: operation,
    tags: ['model'],
    summary: operation === 'predict' ? 'Predict rows' : 'Explain rows by exact SHAP values',
    ...(operation === 'explain' ? { querystring: explainQuery(artifact) } : {}),
    body: {
      content: Object.fromEntries(requestTypes.map((type) => [type, requestBody(type, artifact)])),
    },
    response: {
      200: {
        description: 'One entry per row, in their order',
        content: rowAnswers(operation),
      },
      ...bodyProblems(),
    },
  }
}

/** Whatever was selected of a prediction, or asked for by another dialect. */
const predictionAnswer = {
  anyOf: [
    {
      type: 'object',
      required: ['predictions'],
      properties: {
        predictions: {
          type: 'array',
          items: {
            anyOf: [
              prediction,
              label,
              numbers,
              {
                type: 'object',
                additionalProperties: true,
                description: 'the members selected by SAGEMAKER_INFERENCE_OUTPUT',
              },
            ],
          },
        },
      },
    },
    { type: 'array', items: label, description: 'to a bare list of lists: the labels' },
    explanations,
    clarify,
  ],
}

function requestBody(type: string, artifact: Artifact): Schema {
  const row = exampleRow(artifact)
  switch (findCodec(type)?.name) {
    case 'json':
      return { schema: { ...jsonForms(rowSchema(artifact)), examples: [row] } }
    case 'csv': {
      const cells = Object.values(row).map((value) =>
        value === null ? '' : writeField(String(value)),
      )
      return { schema: { type: 'string', examples: [`${cells.join(',')}\n`] } }
    }
    case 'json-lines':
      return { schema: { type: 'string', examples: [`${JSON.stringify(row)}\n`] } }
    case 'libsvm':
      return { schema: { type: 'string', description: 'lines of index:value' } }
    default:
      return { schema: { type: 'string', format: 'binary' } }
  }
}

/** Every form in which JSON clients send rows. */
function jsonForms(row: Schema): Schema {
  const list = { type: 'array', items: cell }
  const rows = { type: 'array', items: { anyOf: [row, list, anyObject] } }
  const parameters = { type: 'object', description: 'options of /explain' }
  const form = (name: string, schema: Schema) => ({
    type: 'object',
    required: [name],
    properties: { [name]: schema, parameters },
  })
  return {
    anyOf: [
      row,
      rows,
      form('instances', rows),
      form('dataframe_records', { type: 'array', items: row }),
      form('dataframe_split', {
        type: 'object',
        properties: { columns: texts, data: { type: 'array', items: list } },
      }),
      form('inputs', { anyOf: [rows, anyObject] }),
    ],
  }
}

/** The model's own columns: types, categories, ranges. */
function rowSchema({ preprocessor }: Artifact): Schema {
  const properties = preprocessor.inputs.map(({ name, type, nullable, categories, range }) => {
    const base = type === 'number' ? 'number' : 'string'
    const notes = [
      range && !categories
        ? `in training ${range.minimum} to ${range.maximum}, median ${range.median}`
        : '',
      categories
        ? `in training ${categories.slice(0, 20).join(', ')}${categories.length > 20 ? ', …' : ''}`
        : '',
    ]
    return [
      name,
      {
        type: nullable ? [base, 'null'] : base,
        description: notes.filter(Boolean).join('; ') || 'text',
      },
    ] as const
  })
  return {
    type: 'object',
    required: preprocessor.inputs.filter(({ nullable }) => !nullable).map(({ name }) => name),
    properties: Object.fromEntries(properties),
  }
}

function explainQuery({ classes }: Artifact): Schema {
  return {
    type: 'object',
    properties: {
      output: {
        type: 'string',
        enum: [...new Set([...classes, 'predicted', 'all'])],
        description:
          'the class to explain; default: the positive one of two, otherwise the predicted one',
      },
      space: {
        type: 'string',
        enum: ['probability', 'log_odds'],
        description: "scale of the SHAP values; default: the model's own, see /model",
      },
      method: {
        type: 'string',
        enum: ['tree_path_dependent', 'tree_interventional', 'linear_interventional'],
        description: "how they are computed; default: the model's own, see /model",
      },
      level: {
        type: 'string',
        enum: ['columns', 'features'],
        description: 'per input column (default) or per model feature',
      },
      top: {
        type: 'integer',
        minimum: 1,
        description: 'only the k largest values; the rest is summed up in `others`',
      },
      interactions: {
        type: 'boolean',
        description: 'values of pairs of columns too; JSON, JSON Lines or CSV',
      },
      counterfactual: {
        type: 'string',
        enum: [...classes],
        description: 'the class for which to find the smallest change of every row',
      },
      max_changes: {
        type: 'integer',
        minimum: 1,
        maximum: 5,
        description: 'most columns that a counterfactual changes, default 3',
      },
      freeze: {
        type: 'string',
        description: 'columns that a counterfactual leaves as they are, between commas or bars',
      },
      format: {
        type: 'string',
        enum: ['json', 'contributions', 'clarify'],
        description: 'arrays (default) or sorted lists for people',
      },
    },
  }
}

export const pingSchema: Schema = {
  operationId: 'ping',
  tags: ['service'],
  summary: 'Whether the model is loaded and passed its self-test',
  response: {
    200: {
      description: 'Ready; empty body',
      content: { 'text/plain': { schema: { type: 'string', maxLength: 0 } } },
    },
    503: problemAnswer('Stopping'),
    ...common(),
  },
}

const column = {
  type: 'object',
  required: ['name', 'type', 'nullable', 'example'],
  properties: {
    name: { type: 'string' },
    type: { enum: ['number', 'text'] },
    nullable: { type: 'boolean' },
    categories: { type: 'array', items: cell },
    range: {
      type: 'object',
      properties: {
        minimum: { type: 'number' },
        median: { type: 'number' },
        maximum: { type: 'number' },
      },
    },
    example: cell,
  },
}

const card = {
  type: 'object',
  required: [
    'model_id',
    'estimator',
    'engine',
    'target',
    'classes',
    'columns',
    'metrics',
    'example',
  ],
  properties: {
    model_id: { type: 'string' },
    estimator: { type: 'string' },
    engine: { type: 'string' },
    kind: { enum: ['linear', 'trees'] },
    params: anyObject,
    target: { type: 'string' },
    classes: { type: 'array', items: label },
    positive_class: label,
    score: { type: 'string' },
    columns: { type: 'array', items: column },
    ignored_columns: texts,
    derived_columns: { type: 'array', items: anyObject },
    dropped_columns: { type: 'array', items: anyObject },
    feature_names_out: texts,
    explanations: anyObject,
    metrics: anyObject,
    training: anyObject,
    versions: anyObject,
    example: { ...anyObject, description: 'a row that /invocations and /explain take' },
  },
}

export const cardSchema: Schema = {
  operationId: 'model',
  tags: ['model'],
  summary:
    'The model card: columns, categories, classes, metrics, global importance, an example row',
  response: {
    200: { description: 'The card', content: { 'application/json': { schema: card } } },
    ...common(),
  },
}

const globalSummary = {
  type: 'object',
  required: ['model_id', 'space', 'method', 'rows', 'output_names', 'base_values', 'columns'],
  properties: {
    model_id: { type: 'string' },
    space: { enum: ['probability', 'log_odds'] },
    method: { type: 'string' },
    rows: { type: 'integer', description: 'training rows summed up' },
    output_names: texts,
    base_values: numbers,
    columns: {
      type: 'array',
      description: 'the columns that push most come first',
      items: {
        type: 'object',
        required: ['column', 'mean_abs_shap', 'mean_shap', 'groups'],
        properties: {
          column: { type: 'string' },
          by: { type: 'string', description: 'the derived column that makes the groups' },
          mean_abs_shap: numbers,
          mean_shap: numbers,
          groups: {
            type: 'array',
            description: 'rows by value (null = missing), by range of numbers, and all others',
            items: {
              type: 'object',
              required: ['rows', 'mean_shap'],
              properties: {
                value: cell,
                from: { type: 'number' },
                to: { type: 'number' },
                others: { const: true },
                rows: { type: 'integer' },
                mean_shap: numbers,
              },
            },
          },
        },
      },
    },
  },
}

/** Returns the schema of the route that explains a model on the whole. */
export function globalSchema(operationId: string, named = false): Schema {
  return {
    operationId,
    tags: [named ? 'models' : 'model'],
    summary: 'SHAP values over a sample of the training rows, per column and by its values',
    ...parameters(named),
    response: {
      200: {
        description: 'The summary',
        content: { 'application/json': { schema: globalSummary } },
      },
      ...common(),
      404: problemAnswer('The model has no summary, or there is no such model'),
    },
  }
}

export const executionParametersSchema: Schema = {
  operationId: 'executionParameters',
  tags: ['service'],
  summary: "What SageMaker's batch transform asks before its first request",
  response: {
    200: {
      description: 'Limits',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['MaxConcurrentTransforms', 'BatchStrategy', 'MaxPayloadInMB'],
            properties: {
              MaxConcurrentTransforms: { type: 'integer' },
              BatchStrategy: { enum: ['MULTI_RECORD'] },
              MaxPayloadInMB: { type: 'integer' },
            },
          },
        },
      },
    },
    ...common(),
  },
}

export const healthSchema: Schema = {
  ...pingSchema,
  operationId: 'health',
  summary: 'The same as /ping, where MLflow clients look',
}

export const versionSchema: Schema = {
  operationId: 'version',
  tags: ['service'],
  summary: "This program's version",
  response: {
    200: { description: 'The version', content: { 'text/plain': { schema: { type: 'string' } } } },
    ...common(),
  },
}

/** The parameters of a path that names a model, and perhaps a version of it. */
const parameters = (url: boolean, version?: string): Schema => {
  if (!url) return {}
  const name = { type: 'string', description: 'name of the model' }
  const ofVersion = { type: 'string', description: 'identity of the model', examples: [version] }
  return {
    params: {
      type: 'object',
      properties: { name, ...(version === undefined ? {} : { version: ofVersion }) },
    },
  }
}

/** Returns the schema of a route that says something of a model by its name. */
export function namedModelSchema(operationId: string, summary: string, version?: string): Schema {
  return {
    operationId,
    tags: ['protocols'],
    summary,
    ...parameters(
      operationId.startsWith('model'),
      operationId.endsWith('OfVersion') ? version : undefined,
    ),
    response: {
      200: { description: 'The answer', content: { 'application/json': { schema: anyObject } } },
      ...common(),
      404: problemAnswer('There is no such model'),
      503: problemAnswer('The service is stopping'),
    },
  }
}

/** Returns the schema of KServe's verbs. */
export function kserveSchema(operationId: string, summary: string, artifact: Artifact): Schema {
  return {
    operationId,
    tags: ['protocols'],
    summary,
    ...parameters(true),
    body: { content: { 'application/json': requestBody('application/json', artifact) } },
    response: {
      200: {
        description: 'One entry per instance',
        content: { 'application/json': { schema: anyObject } },
      },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
    },
  }
}

/** Returns the schema of the Open Inference Protocol's infer. */
export function inferSchema(artifact: Artifact, operationId: string): Schema {
  const inputs = artifact.preprocessor.inputs.map(({ name, type, example }) => ({
    name,
    shape: [1],
    datatype: type === 'number' ? 'FP64' : 'BYTES',
    data: [example],
  }))
  return {
    operationId,
    tags: ['protocols'],
    summary: 'Predict or explain tensors',
    ...parameters(true, operationId.endsWith('OfVersion') ? artifact.modelId : undefined),
    body: {
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['inputs'],
            properties: {
              id: { type: 'string' },
              inputs: { type: 'array', items: anyObject },
              outputs: { type: 'array', items: anyObject },
            },
            examples: [{ inputs, outputs: [{ name: 'predict_proba' }] }],
          },
        },
        'application/octet-stream': {
          schema: {
            type: 'string',
            format: 'binary',
            description:
              'JSON of Inference-Header-Content-Length bytes, then the data of the inputs with binary_data_size',
          },
        },
      },
    },
    response: {
      200: {
        description: 'Output tensors',
        content: {
          'application/json': { schema: anyObject },
          'application/octet-stream': {
            schema: {
              type: 'string',
              format: 'binary',
              description:
                'JSON of Inference-Header-Content-Length bytes, then the data of the outputs asked for as binary_data',
            },
          },
        },
      },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
    },
  }
}

/** Returns the schema of a route that manages the models of a multi-model endpoint. */
export function managementSchema(operationId: string, summary: string): Schema {
  const load = {
    body: {
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['model_name', 'url'],
            properties: { model_name: { type: 'string' }, url: { type: 'string' } },
            examples: [{ model_name: 'm1', url: '/opt/ml/models/m1/model' }],
          },
        },
      },
    },
  }
  return {
    operationId,
    tags: ['models'],
    summary,
    ...(operationId === 'loadModel' ? load : {}),
    response: {
      200: { description: 'Done', content: { 'application/json': { schema: anyObject } } },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
      409: problemAnswer('The model is loaded already'),
      507: problemAnswer('The model does not fit into the memory set aside'),
    },
  }
}

/** Returns the schema of a route that asks one model of a multi-model endpoint; which columns it has is not known. */
export function modelRowsSchema(
  operation: Operation,
  operationId: string,
  summary: string,
): Schema {
  const types = requestTypes.map((type) => {
    const isJson = findCodec(type)?.name === 'json'
    return [type, { schema: isJson ? jsonForms(anyObject) : { type: 'string' } }]
  })
  return {
    operationId,
    tags: ['models'],
    summary,
    ...parameters(true),
    body: { content: Object.fromEntries(types) },
    response: {
      200: { description: 'One entry per row, in their order', content: rowAnswers(operation) },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
    },
  }
}

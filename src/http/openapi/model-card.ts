/** The model card. */
import { commonProblems } from './problems.ts'
import { anyObject, cell, label, type Schema, texts } from './schema.ts'

const column = {
  type: 'object',
  required: ['name', 'type', 'nullable', 'example'],
  properties: {
    name: { type: 'string' },
    type: { enum: ['number', 'text'] },
    nullable: { type: 'boolean' },
    written: {
      ...anyObject,
      description:
        'how its texts mean missing, numbers, times or dates, where that is not the usual way',
    },
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
    labels: {
      ...anyObject,
      description: 'readable names of columns and values, where the model was given some',
    },
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
    ...commonProblems(),
  },
}

/** The explanation of a model on the whole. */
import { spaces } from '../../shap/explanation.ts'
import { plotOption } from './explanations.ts'
import { commonProblems, problemAnswer } from './problems.ts'
import { binaryAnswer, cell, numbers, type Schema, textAnswer, texts } from './schema.ts'

const globalSummary = {
  type: 'object',
  required: ['model_id', 'space', 'method', 'rows', 'output_names', 'base_values', 'columns'],
  properties: {
    model_id: { type: 'string' },
    space: { enum: spaces },
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

/**
 * Returns the schema of a route that explains a model on the whole.
 * @param params parameters of a path that names the model
 */
export function globalSchema(operationId: string, tag: string, params?: Schema): Schema {
  return {
    operationId,
    tags: [tag],
    summary: 'SHAP values over a sample of the training rows, per column and by its values',
    params,
    querystring: { type: 'object', properties: { plot: plotOption } },
    response: {
      200: {
        description: 'The summary, or a plot',
        content: {
          'application/json': { schema: globalSummary },
          'image/svg+xml': textAnswer,
          'image/png': binaryAnswer,
        },
      },
      ...commonProblems(),
      404: problemAnswer('The model has no summary, or there is no such model'),
      406: problemAnswer('A plot is drawn in no type that Accept allows'),
    },
  }
}

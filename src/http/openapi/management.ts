/** Routes that load, list and unload the models of a multi-model endpoint. */
import { bodyProblems, commonProblems, problemAnswer } from './problems.ts'
import { anyObject, type Schema } from './schema.ts'

/** The body that names a model to load. */
export const loadBody: Schema = {
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
}

const loadProblems = () => ({
  ...bodyProblems(),
  409: problemAnswer('The model is loaded already'),
  507: problemAnswer('The model does not fit into the memory set aside'),
})

/** Returns the schema of a route that manages the models of a multi-model endpoint. */
export function managementSchema(operationId: string, summary: string, body?: Schema): Schema {
  return {
    operationId,
    tags: ['models'],
    summary,
    body,
    response: {
      200: { description: 'Done', content: { 'application/json': { schema: anyObject } } },
      ...(body
        ? loadProblems()
        : { ...commonProblems(), 404: problemAnswer('There is no such model') }),
    },
  }
}

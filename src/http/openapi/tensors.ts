/** Tensors of the Open Inference Protocol. */
import type { Artifact } from '../../artifact/artifact.ts'
import { bodyProblems, problemAnswer } from './problems.ts'
import { anyObject, type Schema, warningsHeader } from './schema.ts'

/**
 * Returns the schema of a route that answers tensors by tensors.
 * @param params parameters of its path, which names a model
 */
export function inferSchema(operationId: string, artifact: Artifact, params: Schema): Schema {
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
    params,
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
        headers: warningsHeader,
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

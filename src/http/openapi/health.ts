/** What SageMaker and MLflow ask of the service itself. */
import { commonProblems, problemAnswer } from './problems.ts'
import { type Schema, textAnswer } from './schema.ts'

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
    ...commonProblems(),
  },
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
    ...commonProblems(),
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
    200: { description: 'The version', content: { 'text/plain': textAnswer } },
    ...commonProblems(),
  },
}

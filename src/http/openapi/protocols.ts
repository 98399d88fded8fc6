/** Routes of protocols that other servers have too: small answers, and KServe's verbs. */
import type { Artifact } from '../../artifact/artifact.ts'
import { exampleRow } from '../../predictor/describe-model.ts'
import { EVENT_TYPE } from '../event-type.ts'
import { bodyProblems, commonProblems, problemAnswer } from './problems.ts'
import { requestBody } from './rows.ts'
import { anyObject, pathParameters, type Schema, warningsHeader, warningsQuery } from './schema.ts'

/**
 * Returns the schema of a route that says something of the server or of a model.
 * @param params parameters of a path that names a model
 */
export function answerSchema(operationId: string, summary: string, params?: Schema): Schema {
  return {
    operationId,
    tags: ['protocols'],
    summary,
    params,
    response: {
      200: { description: 'The answer', content: { 'application/json': { schema: anyObject } } },
      ...commonProblems(),
      404: problemAnswer('There is no such model'),
      503: problemAnswer('The service is stopping'),
    },
  }
}

const jsonBytes = { type: 'string', format: 'binary', description: 'the bytes of application/json' }

const event = {
  type: 'object',
  description: 'a CloudEvent: data are rows, or their answer',
  required: ['specversion', 'id', 'source', 'type'],
  properties: {
    specversion: { type: 'string' },
    id: { type: 'string' },
    source: { type: 'string' },
    type: { type: 'string' },
    data: anyObject,
    data_base64: { type: 'string' },
  },
}

/**
 * Returns the schema of KServe's verbs.
 * @param bytesTypes types that are read as JSON, besides it and events
 */
export function kserveSchema(
  operationId: string,
  summary: string,
  artifact: Artifact,
  bytesTypes: readonly string[],
): Schema {
  return {
    operationId,
    tags: ['protocols'],
    summary,
    params: pathParameters(),
    querystring: warningsQuery,
    body: {
      content: {
        'application/json': requestBody('application/json', artifact),
        ...Object.fromEntries(bytesTypes.map((type) => [type, { schema: jsonBytes }])),
        [EVENT_TYPE]: {
          schema: {
            ...event,
            examples: [
              {
                specversion: '1.0',
                id: '1',
                source: '/rows',
                type: 'rows',
                data: { instances: [exampleRow(artifact)] },
              },
            ],
          },
        },
      },
    },
    response: {
      200: {
        description: 'One entry per instance',
        headers: warningsHeader,
        content: { 'application/json': { schema: anyObject }, [EVENT_TYPE]: { schema: event } },
      },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
    },
  }
}

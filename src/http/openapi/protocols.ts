/** Routes of protocols that other servers have too: small answers, and KServe's verbs. */
import type { Artifact } from '../../artifact/artifact.ts'
import { bodyProblems, commonProblems, problemAnswer } from './problems.ts'
import { requestBody } from './rows.ts'
import { anyObject, pathParameters, type Schema } from './schema.ts'

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

/** Returns the schema of KServe's verbs. */
export function kserveSchema(operationId: string, summary: string, artifact: Artifact): Schema {
  return {
    operationId,
    tags: ['protocols'],
    summary,
    params: pathParameters(),
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

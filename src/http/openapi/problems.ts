/** Errors, as every route answers them. */
import { inputErrorCodes } from '../../errors.ts'
import { PROBLEM_TYPE } from '../errors.ts'
import type { Schema } from './schema.ts'

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

/** Returns one error answer. */
export function problemAnswer(description: string): Schema {
  return { description, content: { [PROBLEM_TYPE]: { schema: problem } } }
}

/** Errors that every route has. */
export const commonProblems = () => ({
  400: problemAnswer('The request is not valid; `detail` says where'),
  431: problemAnswer('There are too many or too large headers'),
})

/** Errors of routes that read a body. */
export const bodyProblems = () => ({
  ...commonProblems(),
  406: problemAnswer('No answer fits the Accept header'),
  408: problemAnswer('The request took too long to arrive'),
  413: problemAnswer('The body, its rows, the answer or its cost are over a limit'),
  415: problemAnswer('The Content-Type or Content-Encoding is not read'),
  503: problemAnswer('The service is overloaded, stopping, or ran out of time; try again'),
})

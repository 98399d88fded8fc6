/** What many schemas are made of. */
import { warningCodes } from '../../preprocess/row-warnings.ts'

/** A JSON schema, or what OpenAPI says around one. */
export type Schema = Readonly<Record<string, unknown>>

/** A predicted class. */
export const label = {
  type: ['string', 'number'],
  description: 'a class; a number where every class is one',
}
export const score = {
  description: 'probability of the positive class of two, otherwise of every class',
  oneOf: [{ type: 'number' }, { type: 'array', items: { type: 'number' } }],
}
export const cell = { type: ['number', 'string', 'null'] }
export const anyObject = { type: 'object', additionalProperties: true }
export const numbers = { type: 'array', items: { type: 'number' } }
export const texts = { type: 'array', items: { type: 'string' } }

/** What was not understood of a row. */
export const warnings = {
  type: 'array',
  description: 'what was not understood of the row, where it is asked for',
  items: {
    type: 'object',
    required: ['code', 'column', 'message'],
    properties: {
      code: { enum: Object.keys(warningCodes) },
      column: { type: 'string' },
      value: cell,
      imputed: cell,
      nearest: { type: 'string' },
      message: { type: 'string' },
    },
  },
}

/** Answers of rows with how much was not understood of all of them. */
export const warningsHeader = {
  'X-Shapserve-Warnings': {
    type: 'integer',
    minimum: 0,
    description: 'how many warnings there are in all rows; `warnings=true` lists them',
  },
}

/** Whether warnings are listed. */
export const warningsQuery = {
  type: 'object',
  properties: { warnings: { type: 'boolean', description: 'lists warnings; default false' } },
}

/** The answer of a type that is described in words only. */
export const textAnswer = { schema: { type: 'string' } }
/** The answer of a type of bytes. */
export const binaryAnswer = { schema: { type: 'string', format: 'binary' } }

/** Returns the parameters of a path that names a model, and perhaps a version of it: the one given. */
export function pathParameters(version?: string): Schema {
  const name = { type: 'string', description: 'name of the model' }
  const ofVersion = { type: 'string', description: 'identity of the model', examples: [version] }
  return {
    type: 'object',
    properties: version === undefined ? { name } : { name, version: ofVersion },
  }
}

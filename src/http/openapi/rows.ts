/** Routes that take rows in any content type. */
import type { Operation } from '../../answering/media-type.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { Codec } from '../../codecs/codec.ts'
import { csv } from '../../codecs/csv.ts'
import { answerTypes, findCodec, requestTypes } from '../../codecs/index.ts'
import type { Cell } from '../../data/frame.ts'
import { textOfCell } from '../../data/written.ts'
import { exampleRow } from '../../predictor/describe-model.ts'
import { describeWritten } from '../../preprocess/written/describe-written.ts'
import { clarify, explainQuery, explanations } from './explanations.ts'
import { predictionAnswer } from './predictions.ts'
import { bodyProblems, problemAnswer } from './problems.ts'
import {
  anyObject,
  binaryAnswer,
  cell,
  pathParameters,
  type Schema,
  textAnswer,
  texts,
  warningsHeader,
  warningsQuery,
} from './schema.ts'

/** Returns the schema of a route that takes rows. */
export function rowsSchema(operation: Operation, artifact: Artifact): Schema {
  return {
    operationId: operation,
    tags: ['model'],
    summary: operation === 'predict' ? 'Predict rows' : 'Explain rows by exact SHAP values',
    querystring: operation === 'explain' ? explainQuery(artifact) : warningsQuery,
    body: {
      content: Object.fromEntries(requestTypes.map((type) => [type, requestBody(type, artifact)])),
    },
    response: {
      200: {
        description: 'One entry per row, in their order',
        headers: warningsHeader,
        content: rowAnswers(operation),
      },
      ...bodyProblems(),
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
    const isJson = codecOf(type).form === 'json'
    return [type, { schema: isJson ? jsonForms(anyObject) : { type: 'string' } }]
  })
  return {
    operationId,
    tags: ['models'],
    summary,
    params: pathParameters(),
    body: { content: Object.fromEntries(types) },
    response: {
      200: {
        description: 'One entry per row, in their order',
        headers: warningsHeader,
        content: rowAnswers(operation),
      },
      ...bodyProblems(),
      404: problemAnswer('There is no such model'),
    },
  }
}

/** Every type that rows are answered in. */
function rowAnswers(operation: Operation): Schema {
  const answers = answerTypes[operation].map((type) => {
    const isJson = codecOf(type).form === 'json'
    const schema = operation === 'predict' ? predictionAnswer : { anyOf: [explanations, clarify] }
    const isPixels = codecOf(type).picture === 'pixels'
    return [type, isJson ? { schema } : isPixels ? binaryAnswer : textAnswer] as const
  })
  return Object.fromEntries(answers)
}

/** Returns a body of one type. */
export function requestBody(type: string, artifact: Artifact): Schema {
  const { form, writeExample, bodyDescription } = codecOf(type)
  const row = exampleRow(artifact)
  if (form === 'json') return { schema: { ...jsonForms(rowSchema(artifact)), examples: [row] } }
  if (form === 'binary') return { schema: { type: 'string', format: 'binary' } }
  if (writeExample) {
    const { inputs } = artifact.preprocessor
    const written = inputs.map(({ name, written: rules }) => [
      name,
      rules ? textOfCell(rules, row[name] as Cell) : row[name],
    ])
    const example = writeExample(type === csv.mediaTypes[0] ? Object.fromEntries(written) : row)
    return { schema: { type: 'string', examples: [example] } }
  }
  return { schema: { type: 'string', description: bodyDescription } }
}

function codecOf(type: string): Codec {
  return findCodec(type) as Codec
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
  const split = {
    type: 'object',
    properties: { columns: texts, data: { type: 'array', items: list } },
  }
  return {
    anyOf: [
      row,
      rows,
      form('instances', rows),
      form('dataframe_records', { type: 'array', items: row }),
      form('dataframe_split', split),
      form('inputs', { anyOf: [rows, anyObject] }),
      { ...split, required: ['columns', 'data'] },
    ],
  }
}

/** The model's own columns: types, categories, ranges. */
function rowSchema({ preprocessor }: Artifact): Schema {
  const properties = preprocessor.inputs.map((input) => {
    const { name, type, nullable, categories, range, written } = input
    // By the column's own rules, texts are numbers, too.
    const base = type === 'text' ? ['string'] : written ? ['number', 'string'] : ['number']
    const notes = [
      written ? describeWritten(written) : '',
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
        type: nullable || base.length > 1 ? [...base, ...(nullable ? ['null'] : [])] : base[0],
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

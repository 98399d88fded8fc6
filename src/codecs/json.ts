import type { Cell } from '../data/frame.ts'
import { scanJson } from '../data/json-scan.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, quote } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Codec, DecodeContext, Decoded } from './codec.ts'
import { cellsOfList, cellsOfObject, checkRowCount } from './rows.ts'
import {
  writeContributions,
  writeExplanation,
  writeExplanationHead,
  writePrediction,
} from './wire.ts'

const SHAPES = 'send one object, a list of objects, a list of lists, or {"instances": [...]}'

/** JSON: one row as an object, or several as a list, bare or under `instances`. */
export const json: Codec = {
  name: 'json',
  mediaTypes: ['application/json'],

  decode(body, context) {
    const text = decodeUtf8(body)
    const value = parseJson(text)
    if (Array.isArray(value))
      return decodeRows(value, context, isListOfLists(value) ? 'labels' : 'predictions', new Map())
    if (value === null || typeof value !== 'object') {
      throw new InputError('invalid_shape', `${quote(value)} holds no rows; ${SHAPES}`)
    }
    const { instances, parameters, ...rest } = value as Record<string, unknown>
    if (instances === undefined) return decodeRows([value], context, 'predictions', new Map())
    if (!Array.isArray(instances))
      throw new InputError('invalid_shape', `"instances" must be a list; ${SHAPES}`)
    const [stranger] = Object.keys(rest)
    if (stranger !== undefined) {
      throw new InputError(
        'invalid_shape',
        `beside "instances" only "parameters" may stand, not ${quote(stranger)}`,
      )
    }
    return decodeRows(instances, context, 'predictions', readParameters(parameters))
  },

  encodePredictions(predictions, { dialect }) {
    const rows = Array.from({ length: predictions.rows }, (_, row) =>
      writePrediction(predictions, row),
    )
    return JSON.stringify(
      dialect === 'labels' ? rows.map((row) => row.predicted_label) : { predictions: rows },
    )
  },

  encodeExplanations(explanations, { format }) {
    const head = writeExplanationHead(explanations)
    if (format === 'contributions') {
      const { model_id, space, method } = head
      const rows = explanations.rows.flatMap((row) => writeContributions(explanations, row))
      return JSON.stringify({ model_id, space, method, explanations: rows })
    }
    const rows = explanations.rows.map((row) => writeExplanation(explanations, row, false))
    return JSON.stringify({ ...head, feature_names: explanations.featureNames, explanations: rows })
  },
}

/**
 * Returns the value of a JSON text, after a cheap look at its depth and keys.
 * @throws InputError `invalid_json`, `json_too_deep` or `too_many_keys`
 */
export function parseJson(text: string): unknown {
  checkJsonLimits(text)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new InputError(
      'invalid_json',
      `the body is not JSON: ${describeSyntaxError(error as Error)}`,
    )
  }
}

/** @throws InputError `json_too_deep` or `too_many_keys` */
export function checkJsonLimits(text: string): void {
  const limit = scanJson(text)
  if (limit === 'depth')
    throw new InputError('json_too_deep', 'the JSON is nested deeper than 32 levels')
  if (limit === 'keys')
    throw new InputError('too_many_keys', 'a JSON object has more than 10000 keys')
}

/** The engine's message with what it quotes of the body escaped and cut. */
function describeSyntaxError(error: Error): string {
  return quote(error.message, 160).slice(1, -1).replaceAll('\\"', "'")
}

function isListOfLists(value: readonly unknown[]): boolean {
  return value.length === 0 || Array.isArray(value[0])
}

function decodeRows(
  values: readonly unknown[],
  context: DecodeContext,
  dialect: Decoded['dialect'],
  parameters: ReadonlyMap<string, unknown>,
): Decoded {
  checkRowCount(values.length, context)
  let ignoredColumns = 0
  const asLists = Array.isArray(values[0])
  const rows = values.map((value, index): Cell[] => {
    const { cells, ignored } = decodeRow(value, context, index + 1, asLists)
    ignoredColumns += ignored
    return cells
  })
  return { frame: frameOfCells(context.inputs, rows), dialect, parameters, ignoredColumns }
}

/** Returns one row's cells; `asList` says what the first row was, which all must be. */
export function decodeRow(
  value: unknown,
  context: DecodeContext,
  row: number,
  asList?: boolean,
): { cells: Cell[]; ignored: number } {
  const isList = Array.isArray(value)
  if (value === null || typeof value !== 'object') {
    const hint = row === 1 ? `; ${SHAPES}` : ''
    throw new InputError(
      'invalid_shape',
      `row ${row} is ${quote(value)}, neither a list nor an object${hint}`,
      [{ row }],
    )
  }
  if (asList !== undefined && isList !== asList) {
    const [kind, other] = asList ? ['an object', 'lists'] : ['a list', 'objects']
    throw new InputError(
      'invalid_shape',
      `row ${row} is ${kind}, the rows before it are ${other}`,
      [{ row }],
    )
  }
  if (isList) return { cells: cellsOfList(context.inputs, value, row), ignored: 0 }
  return cellsOfObject(context, value as Record<string, unknown>, row)
}

function readParameters(value: unknown): ReadonlyMap<string, unknown> {
  if (value === undefined || value === null) return new Map()
  if (typeof value !== 'object' || Array.isArray(value))
    throw new InputError('invalid_shape', '"parameters" must be an object')
  return new Map(Object.entries(value))
}

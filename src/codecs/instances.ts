/** One row as JSON clients write it: an object by names, a list by position, or SageMaker's `features` forms. */
import type { Cell } from '../data/frame.ts'
import { InputError, placed, quote } from '../errors.ts'
import type { DecodeContext } from './codec.ts'
import { holdsColumns } from './nested-members.ts'
import { cellsOfList, cellsOfObject } from './rows.ts'

export const SHAPES = 'send one object, a list of objects, a list of lists, or {"instances": [...]}'

/** A row's cells in the order of the inputs, and the names of its other values. */
export interface DecodedRow {
  readonly cells: Cell[]
  readonly ignored: readonly string[]
}

/** A row before its cells are read. */
type RawRow = readonly unknown[] | Readonly<Record<string, unknown>>

/**
 * Returns the cells of one row.
 * @param asList what the row before was: all rows of a body must be of one kind
 * @throws InputError naming row, column and value
 */
export function decodeRow(
  value: unknown,
  context: DecodeContext,
  row: number,
  asList?: boolean,
): DecodedRow {
  const raw = unwrap(value, context, row)
  const isList = Array.isArray(raw)
  if (asList !== undefined && isList !== asList) {
    const [kind, other] = asList ? ['an object', 'lists'] : ['a list', 'objects']
    throw new InputError(
      'invalid_shape',
      placed`${{ row }} is ${kind}, the rows before it are ${other}`,
    )
  }
  if (isList) return { cells: cellsOfList(context.inputs, raw, row), ignored: [] }
  return cellsOfObject(context, raw as Record<string, unknown>, row)
}

/** Whether a row is a list, also inside SageMaker's forms. */
export function isListRow(value: unknown, context: DecodeContext): boolean {
  return Array.isArray(unwrap(value, context, 1))
}

/**
 * Takes a row out of `{"features": …}` and `{"data": …}`. A model with a column of that name is asked by names, so
 * there the key is a column.
 */
function unwrap(value: unknown, context: DecodeContext, row: number): RawRow {
  if (Array.isArray(value)) return value
  if (value === null || typeof value !== 'object') {
    // A model of one column may get its values bare.
    if (context.inputs.length === 1) return [value]
    const hint = row === 1 ? `; ${SHAPES}` : ''
    throw new InputError(
      'invalid_shape',
      placed`${{ row }} is ${quote(value)}, neither a list nor an object${hint}`,
    )
  }
  const object = value as Readonly<Record<string, unknown>>
  const isForm = (key: string) =>
    Object.hasOwn(object, key) &&
    !context.inputs.some(({ name }) => name === key) &&
    !holdsColumns(context, key, object[key])
  if (isForm('features')) return features(object.features, row)
  if (isForm('data')) {
    const data = object.data
    if (data === null || typeof data !== 'object') throw noFeatures(row)
    if (Array.isArray(data)) return data
    const inner = data as Readonly<Record<string, unknown>>
    return Object.hasOwn(inner, 'features') ? features(inner.features, row) : inner
  }
  return object
}

/** `[…]`, `{"values": […]}`, or sparse `{"keys": […], "shape": [n], "values": […]}` where absent is 0. */
function features(value: unknown, row: number): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value === null || typeof value !== 'object') throw noFeatures(row)
  const { values, keys, shape } = value as { values?: unknown; keys?: unknown; shape?: unknown }
  if (!Array.isArray(values)) throw noFeatures(row)
  if (keys === undefined) return values
  const [width] = Array.isArray(shape) ? (shape as unknown[]) : []
  if (!Array.isArray(keys) || keys.length !== values.length || !isIndex(width, 100_001)) {
    throw new InputError(
      'invalid_shape',
      placed`${{ row }}: sparse features need as many "keys" as "values", and a "shape" with the width`,
    )
  }
  const dense: unknown[] = new Array(width).fill(0)
  const seen = new Set<number>()
  keys.forEach((key: unknown, i) => {
    if (!isIndex(key, width) || seen.has(key)) {
      throw new InputError(
        'invalid_shape',
        placed`${{ row }}: sparse key ${quote(key)} is not one of the ${width} positions, each once`,
      )
    }
    seen.add(key)
    dense[key] = values[i]
  })
  return dense
}

function isIndex(value: unknown, bound: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < bound
}

function noFeatures(row: number): InputError {
  return new InputError(
    'invalid_shape',
    placed`${{ row }}: "features" must be a list, or an object with a list of "values"`,
  )
}

/** Cells of requests checked against the model's inputs, for every decoder alike. */
import { cellOfField, cellOfValue } from '../data/cell.ts'
import type { Cell } from '../data/frame.ts'
import { isAscii, normalText } from '../data/text.ts'
import { InputError, listNames, placed } from '../errors.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { DecodeContext } from './codec.ts'
import { checkStrangers, missingColumns, strangersAmong } from './column-names.ts'
import { flattenMembers } from './nested-members.ts'

const NONE: readonly string[] = []

/** Returns the cell of a text field, as CSV has it. */
export function cellOfText(input: InputColumn, text: string, row: number): Cell {
  return cellOfField(input, text, row) ?? missing(input, row)
}

/** Returns the cell of a typed value. */
export function cellOfJson(input: InputColumn, value: unknown, row: number): Cell {
  return cellOfValue(input, value, row) ?? missing(input, row)
}

/** A missing value is allowed where training has seen one. */
export function missing(input: InputColumn, row: number): null {
  if (input.nullable) return null
  const place = { row, column: input.name }
  throw new InputError('missing_value', placed`${place} is empty; it never was in training`)
}

/** Returns a list's cells in the order of the inputs. */
export function cellsOfList(
  inputs: readonly InputColumn[],
  values: readonly unknown[],
  row: number,
): Cell[] {
  if (values.length !== inputs.length) throw wrongWidth(inputs, values.length, row)
  return inputs.map((input, j) => cellOfJson(input, values[j], row))
}

/** Returns an object's cells in the order of the inputs, and its other keys. */
export function cellsOfObject(
  context: DecodeContext,
  sentObject: Readonly<Record<string, unknown>>,
  row: number,
): { cells: Cell[]; ignored: readonly string[] } {
  const object = flattenMembers(context, sentObject, row)
  const { inputs } = context
  let found = 0
  const absent: string[] = []
  let others: ReadonlyMap<string, string> | undefined
  // Columns that stand under a name of another form.
  let keys: Map<string, string> | undefined
  const cells = inputs.map((input) => {
    let key: string | undefined = input.name
    if (!Object.hasOwn(object, key)) {
      others ??= namesByForm(Object.keys(object))
      key = others.get(normalText(input.name))
      if (key !== undefined) {
        keys ??= new Map()
        keys.set(input.name, key)
      }
    }
    if (key !== undefined) {
      found++
      return cellOfJson(input, object[key], row)
    }
    if (!input.nullable) absent.push(input.name)
    return null
  })
  const sent = Object.keys(object)
  if (absent.length > 0) throw missingColumns(context, absent, sent, row)
  if (sent.length === found) return { cells, ignored: NONE }
  const taken = new Set(keys?.values())
  const ignored = strangersAmong(context, sent).filter((name) => !taken.has(name))
  if (found < inputs.length) {
    const isAbsent = (column: string) => !(Object.hasOwn(object, column) || keys?.has(column))
    checkStrangers(context, ignored, isAbsent, row)
  }
  return { cells, ignored }
}

/** Returns names by their normal form, those only that another name may have, too. */
function namesByForm(names: readonly string[]): ReadonlyMap<string, string> {
  const byForm = new Map<string, string>()
  for (const name of names) {
    const trimmed = name.trim()
    if (trimmed !== name || !isAscii(name)) byForm.set(normalText(trimmed), name)
  }
  return byForm
}

/** Where the inputs stand in a table. */
export interface HeaderPositions {
  /** Of every input among the names, -1 where it does not stand there. */
  readonly positions: readonly number[]
  /** The other names. */
  readonly ignored: readonly string[]
}

/**
 * Returns where every input stands among the names of a header.
 * @throws InputError `missing_column` for an input that must be there, or that another name resembles
 */
export function findPositions(context: DecodeContext, names: readonly string[]): HeaderPositions {
  const positionOf = new Map(names.map((name, at) => [name, at]))
  let others: ReadonlyMap<string, string> | undefined
  const positions = context.inputs.map(({ name }) => {
    const position = positionOf.get(name)
    if (position !== undefined) return position
    others ??= namesByForm(names)
    return positionOf.get(others.get(normalText(name)) ?? '') ?? -1
  })
  const absent = context.inputs.filter((_, j) => positions[j]! < 0)
  const needed = absent.filter(({ nullable }) => !nullable).map(({ name }) => name)
  if (needed.length > 0) throw missingColumns(context, needed, names)
  const taken = new Set(positions)
  const ignored = names.filter((_, at) => !taken.has(at))
  if (absent.length > 0) {
    const lacking = new Set(absent.map(({ name }) => name))
    checkStrangers(context, ignored, (column) => lacking.has(column))
  }
  return { positions, ignored }
}

/** Returns the error for a row of another width than the model's. */
export function wrongWidth(inputs: readonly InputColumn[], width: number, row: number): InputError {
  const names = inputs.map(({ name }) => name)
  const hint = width === inputs.length + 1 ? '; is the label still in it?' : ''
  return new InputError(
    'wrong_width',
    placed`${{ row }} has ${width} ${width === 1 ? 'value' : 'values'}, the model has ${inputs.length} columns: ${listNames(names)}${hint}`,
  )
}

/** Throws when there are more rows than one request may hold. */
export function checkRowCount(rows: number, { maxRows }: DecodeContext): void {
  if (rows > maxRows) {
    throw new InputError(
      'too_many_rows',
      `one request may hold ${maxRows} rows${Number.isFinite(rows) ? `, this one has ${rows}` : ''}`,
    )
  }
}

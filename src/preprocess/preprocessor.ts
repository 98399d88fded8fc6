/** From input columns to the model's matrix: fitted on training rows, stored as data, repeated at every request. */

import type { Cell } from '../data/frame.ts'
import {
  type Column,
  cellAt,
  type DataFrame,
  findColumn,
  lengthOf,
  type NumberColumn,
  numberColumn,
  textColumn,
} from '../data/frame.ts'
import { type Matrix, zeros } from '../data/matrix.ts'
import { runSteps, type Steps } from '../data/steps.ts'
import type { Written } from '../data/written.ts'
import { InputError, listNames, placed, quote } from '../errors.ts'
import { BLOCK, putNumbers, takeBlock } from './blocks.ts'
import { buildDerivation } from './derive.ts'
import type { DerivedColumn } from './derived-column.ts'
import { type AnyTransformer, firstForMissing, keepsMissing, transformerKind } from './index.ts'
import { compileRow, type RowTransform } from './row-transform.ts'
import type { Transform } from './transformer.ts'

/** What training saw of a number column. */
export interface ColumnRange {
  readonly minimum: number
  readonly median: number
  readonly maximum: number
  /** Standard deviation, over all values (population). */
  readonly deviation: number
  /** Whether every value was a whole number. */
  readonly integer: boolean
}

/** A column that requests carry, with what training saw in it. */
export interface InputColumn {
  readonly name: string
  readonly type: 'number' | 'text'
  /**
   * What all texts of a text column are: `true` and `false` however they are spelled, or whole numbers of which some
   * are beyond what a double holds; absent = any texts.
   */
  readonly texts?: 'boolean' | 'integer'
  /** Says that its texts are in their normal form; absent where all of them are ASCII. */
  readonly unicode?: 'NFC'
  /** Whether texts are taken as they were sent: in models that were trained on texts that are not in normal form. */
  readonly raw?: boolean
  /** How its cells are written, where that is not the usual way. */
  readonly written?: Written
  /** Whether a request may leave it empty. */
  readonly nullable: boolean
  /** The categories of a column used as one; absent for plain numbers and for text that is only a source. */
  readonly categories?: readonly (string | number)[]
  /** Whether a category that is not listed is refused; absent = it counts as none of them. */
  readonly closed?: true
  /** Values of a number column in training. */
  readonly range?: ColumnRange
  /** A usual value: the most frequent category, the median, or a first text. */
  readonly example: string | number
}

/**
 * Makes one input or derived column into features, transformer by transformer. Without a transformer a number column
 * is a feature as it is, missing values included.
 */
export interface ColumnStep {
  readonly column: string
  readonly chain: readonly AnyTransformer[]
}

/** A fitted preprocessor: plain data. */
export interface PreprocessorSpec {
  readonly inputs: readonly InputColumn[]
  /** Other columns of the training table, which requests may carry and which are ignored. */
  readonly otherColumns: readonly string[]
  readonly derived: readonly DerivedColumn[]
  readonly steps: readonly ColumnStep[]
}

export interface Preprocessor {
  readonly spec: PreprocessorSpec
  readonly featureNamesIn: readonly string[]
  readonly featureNamesOut: readonly string[]
  /** For every feature the number of the input column it was made from; length = featureNamesOut. */
  readonly inputOf: Int32Array
  /** Whether a feature can be missing (NaN), because nothing fills its gaps; length = featureNamesOut. */
  readonly canBeMissing: readonly boolean[]
  /** What a missing value of an input column is taken for, by the column's name; a level of its own is no value. */
  readonly imputed: ReadonlyMap<string, string | number>
  /** Returns the derived columns of a frame whose columns are the inputs, by name. */
  derive(frame: DataFrame): ReadonlyMap<string, Column>
  /**
   * Returns one row of features per row of a frame whose columns are the inputs, by name; [row][feature].
   * @param rows numbers of the rows to take, all by default; of a large table nothing but the result is a copy
   */
  transform(frame: DataFrame, rows?: Int32Array): Matrix
  /** The same, column by column of every block of rows. */
  transformSteps(frame: DataFrame, rows?: Int32Array): Steps<Matrix>
  /** The same for one row; undefined where only the general way knows this plan. */
  readonly rowTransform: RowTransform | undefined
}

const built = new WeakMap<PreprocessorSpec, Preprocessor>()

/** Returns the behaviour of a fitted preprocessor, which all who ask for it share. */
export function buildPreprocessor(spec: PreprocessorSpec): Preprocessor {
  const found = built.get(spec) ?? build(spec)
  built.set(spec, found)
  return found
}

function build(spec: PreprocessorSpec): Preprocessor {
  const featureNamesIn = spec.inputs.map(({ name }) => name)
  const inputAt = new Map(featureNamesIn.map((name, at) => [name, at]))
  const sourceOf = new Map(featureNamesIn.map((name) => [name, name]))
  for (const { column, from } of spec.derived) sourceOf.set(column, from)
  const derivedAt = new Map(spec.derived.map(({ column }, at) => [column, at]))
  const derive = spec.derived.map((derived) => ({ derived, derivation: buildDerivation(derived) }))
  const featureNamesOut: string[] = []
  const inputOf: number[] = []
  const canBeMissing: boolean[] = []
  const steps = spec.steps.map(({ column, chain }) => {
    const transforms = chain.map((transformer) =>
      transformerKind(transformer.kind).build(transformer),
    )
    const names = transforms.reduce(
      (made, transform) => made.flatMap((name) => transform.names(name)),
      [column],
    )
    const input = inputAt.get(sourceOf.get(column) as string) ?? -1
    // One by one: a column may have more categories than a call may have arguments.
    for (const name of names) {
      featureNamesOut.push(name)
      inputOf.push(input)
    }
    const isPlain = featureNamesIn[input] === column
    const canMiss = keepsMissing(chain, !isPlain || spec.inputs[input]?.nullable !== false)
    for (const _ of names) canBeMissing.push(canMiss)
    return { column, input, transforms }
  })
  const seen = new Set<string>()
  const twice = featureNamesOut.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined)
    throw new InputError(
      'duplicate_column',
      `two columns would make the same feature ${quote(twice)}`,
    )

  const closed = spec.inputs.filter((input) => input.closed)
  // Prediction, explanation and warnings of the same rows ask for the same columns.
  const derivedOf = new WeakMap<DataFrame, Map<string, Column>>()
  // Weak maps with a new key per request cost the collector more than a few rows that are held until the next.
  let latest: { readonly frame: DataFrame; readonly made: Map<string, Column> } | undefined
  const deriveColumns = (frame: DataFrame): Map<string, Column> => {
    if (latest?.frame === frame) return latest.made
    const isSmall = frame.length <= SMALL_FRAME
    const known = isSmall ? undefined : derivedOf.get(frame)
    if (known) return known
    const made = new Map(
      derive.map(({ derived, derivation }) => [
        derived.column,
        derivation.column(findColumn(frame, derived.from) as Column),
      ]),
    )
    if (isSmall) latest = { frame, made }
    else derivedOf.set(frame, made)
    return made
  }

  function* transformSteps(frame: DataFrame, rows?: Int32Array): Steps<Matrix> {
    for (const input of closed) refuseUnknown(input, findColumn(frame, input.name) as Column)
    const made = deriveColumns(frame)
    const isAsInputs = frame.names.length === featureNamesIn.length
    const columnOf = (name: string, input: number): Column =>
      made.get(name) ??
      // A frame of the inputs in their order, which is usual, is not searched.
      ((isAsInputs && frame.names[input] === name
        ? frame.columns[input]
        : findColumn(frame, name)) as Column)
    const length = rows?.length ?? frame.length
    const matrix = zeros(length, featureNamesOut.length)
    for (let from = 0; from < length; from += BLOCK) {
      const block = { rows, from, to: Math.min(from + BLOCK, length) }
      let at = from * matrix.columns
      for (const { column, input, transforms } of steps) {
        if (length > SMALL_FRAME) yield
        const values = columnOf(column, input)
        if (transforms.length === 0) putNumbers(values as NumberColumn, block, matrix, at++)
        else
          for (const one of applyTransforms(transforms, takeBlock(values, block)))
            putNumbers(
              one as NumberColumn,
              { from: 0, to: block.to - from, rows: undefined },
              matrix,
              at++,
            )
      }
    }
    return matrix
  }

  return {
    spec,
    featureNamesIn,
    featureNamesOut,
    inputOf: Int32Array.from(inputOf),
    canBeMissing,
    imputed: new Map(
      spec.steps.flatMap(({ column, chain }) => {
        const first = firstForMissing(chain)
        return inputAt.has(column) &&
          (first?.kind === 'impute_number' || first?.kind === 'impute_category')
          ? [[column, first.value] as const]
          : []
      }),
    ),
    derive: deriveColumns,
    rowTransform: compileRow(
      spec.inputs,
      derive.map(({ derived: { from }, derivation }) => ({
        input: inputAt.get(from) ?? -1,
        derivation,
      })),
      steps.map(({ column, input, transforms }) => ({
        input,
        derived: derivedAt.get(column) ?? -1,
        transforms,
      })),
    ),
    transform: (frame, rows) => runSteps(transformSteps(frame, rows)),
    transformSteps,
  }
}

/** Rows of a frame whose derived columns are held until the next. */
const SMALL_FRAME = 64

/** Throws InputError `invalid_text` or `invalid_number` for the first cell that is none of a closed column's categories. */
function refuseUnknown({ name, type, categories }: InputColumn, column: Column): void {
  const known = new Set<Cell>([null, ...(categories ?? [])])
  const length = lengthOf(column)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(column, row)
    if (known.has(cell)) continue
    throw new InputError(
      type === 'text' ? 'invalid_text' : 'invalid_number',
      placed`${{ row: row + 1, column: name }}: ${quote(cell)} is none of the categories ${listNames(categories ?? [])}`,
    )
  }
}

/** Returns the features that the transforms of one column make of its values, one after the other. */
export function applyTransforms(transforms: readonly Transform[], values: Column): Column[] {
  return transforms.reduce(
    (columns, transform) => columns.flatMap((column) => transform.apply(column)),
    [values],
  )
}

/** Returns a frame of rows given as cells in the order of the inputs; null = missing. */
export function frameOfCells(
  inputs: readonly InputColumn[],
  rows: readonly (readonly Cell[])[],
): DataFrame {
  return {
    names: inputs.map(({ name }) => name),
    columns: inputs.map((input, j) =>
      columnOfCells(input, rows.length, (row) => rows[row]![j] as Cell),
    ),
    length: rows.length,
  }
}

/** Returns a column of so many of an input's cells, rows from 0; null = missing. */
export function columnOfCells(
  { type }: InputColumn,
  rows: number,
  cellAt: (row: number) => Cell,
): Column {
  if (type === 'text')
    return textColumn(Array.from({ length: rows }, (_, row) => cellAt(row) as string | null))
  const values = new Float64Array(rows)
  for (let row = 0; row < rows; row++) values[row] = (cellAt(row) as number | null) ?? Number.NaN
  return numberColumn(values)
}

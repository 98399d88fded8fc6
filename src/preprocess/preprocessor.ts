/** From input columns to the model's matrix: fitted on training rows, stored as data, repeated at every request. */
import {
  type Column,
  cellAt,
  countMissing,
  countValues,
  type DataFrame,
  findColumn,
  type NumberColumn,
  takeRows,
} from '../data/frame.ts'
import type { JsonObject, JsonReader } from '../data/json-reader.ts'
import { type Matrix, zeros } from '../data/matrix.ts'
import { InputError, quote } from '../errors.ts'
import { fitImputeCategory } from './impute-category.ts'
import { fitImputeNumber, median, mostFrequent } from './impute-number.ts'
import { type AnyTransformer, transformerKind, transformerKinds } from './index.ts'
import { fitOneHotEncoder } from './one-hot-encoder.ts'
import { fitOrdinalEncoder, sortedCategories } from './ordinal-encoder.ts'
import { buildPattern } from './pattern.ts'
import type { CategoryImputation, ColumnPlan, DerivedColumn, DroppedColumn } from './plan.ts'
import { fitStandardScaler } from './standard-scaler.ts'
import type { Transform } from './transformer.ts'

/** A column that requests carry, with what training saw in it. */
export interface InputColumn {
  readonly name: string
  readonly type: 'number' | 'text'
  /** Whether a request may leave it empty. */
  readonly nullable: boolean
  /** The categories of a column used as one; absent for plain numbers and for text that is only a source. */
  readonly categories?: readonly (string | number)[]
  /** Range of a number column in training. */
  readonly range?: { readonly minimum: number; readonly median: number; readonly maximum: number }
  /** A usual value: the most frequent category, the median, or a first text. */
  readonly example: string | number
}

/** Makes one input or derived column into features, transformer by transformer. */
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
  /** Returns the derived columns of a frame whose columns are the inputs, by name. */
  derive(frame: DataFrame): Map<string, Column>
  /** Returns one row of features per row of a frame whose columns are the inputs, by name; [row][feature]. */
  transform(frame: DataFrame): Matrix
}

/**
 * Fits a preprocessor on the training rows of a table.
 * @param rows numbers of the training rows
 * @param scale whether numbers are scaled to mean 0 and deviation 1, as linear models need it
 * @param keep columns that stay inputs even if nothing is learned from them, because rows come by position
 * @returns the fitted spec, and columns that had nothing to learn from in the training rows
 */
export function fitPreprocessor(
  frame: DataFrame,
  rows: Int32Array,
  plan: ColumnPlan,
  scale: boolean,
  keep: readonly string[] = [],
): { spec: PreprocessorSpec; dropped: DroppedColumn[] } {
  const part = withDerived(takeRows(frame, rows), plan.derived)
  const dropped: DroppedColumn[] = []
  const steps: ColumnStep[] = []
  const add = (column: string, fit: (values: Column) => AnyTransformer[]) => {
    const values = findColumn(part, column) as Column
    const distinct = countValues(values).size
    if (distinct === 0) dropped.push({ column, reason: 'no values in the training rows' })
    else if (distinct === 1 && countMissing(values) === 0) {
      dropped.push({ column, reason: 'one value only in the training rows' })
    } else steps.push({ column, chain: fit(values) })
  }
  const scaled = (chain: AnyTransformer[], values: Column) =>
    scale ? [...chain, fitStandardScaler(applyChain(chain, values)[0] as NumberColumn)] : chain

  for (const { column, impute } of plan.numeric) {
    add(column, (values) => {
      if (values.kind === 'text') throw notNumeric(column, values.levels[0] ?? '')
      return scaled([fitImputeNumber(values, impute)], values)
    })
  }
  for (const { column, categories, impute } of plan.ordinal) {
    add(column, (values) => {
      const order = categories ? matchCategories(column, values, categories) : undefined
      const filled = fillCategories(values, impute)
      return scaled([...filled, fitOrdinalEncoder(values, order)], values)
    })
  }
  for (const { column, impute, minFrequency } of plan.nominal) {
    add(column, (values) => {
      const filled = fillCategories(values, impute)
      return [...filled, fitOneHotEncoder(applyChain(filled, values)[0] as Column, minFrequency)]
    })
  }
  if (steps.length === 0) {
    throw new InputError(
      'invalid_plan',
      'no column is left to learn from: every one has a single value in the training rows',
    )
  }
  const derived = plan.derived.filter(({ column }) => steps.some((step) => step.column === column))
  const used = new Set([
    ...keep,
    ...steps.map(({ column }) => derived.find((made) => made.column === column)?.from ?? column),
  ])
  const inputNames = frame.names.filter((name) => used.has(name))
  const isCategory = new Set([...plan.ordinal, ...plan.nominal].map(({ column }) => column))
  const spec: PreprocessorSpec = {
    inputs: inputNames.map((name) => describeInput(frame, name, isCategory.has(name), plan)),
    otherColumns: frame.names.filter((name) => !used.has(name)),
    derived,
    steps,
  }
  buildPreprocessor(spec)
  return { spec, dropped }
}

/** Returns the behaviour of a fitted preprocessor. */
export function buildPreprocessor(spec: PreprocessorSpec): Preprocessor {
  const featureNamesIn = spec.inputs.map(({ name }) => name)
  const sourceOf = new Map(featureNamesIn.map((name) => [name, name]))
  for (const { column, from } of spec.derived) sourceOf.set(column, from)
  const derive = spec.derived.map((derived) => ({ derived, apply: buildPattern(derived) }))
  const featureNamesOut: string[] = []
  const inputOf: number[] = []
  const steps = spec.steps.map(({ column, chain }) => {
    const transforms = chain.map((transformer) =>
      transformerKind(transformer.kind).build(transformer),
    )
    const names = transforms.reduce(
      (made, transform) => made.flatMap((name) => transform.names(name)),
      [column],
    )
    featureNamesOut.push(...names)
    const input = featureNamesIn.indexOf(sourceOf.get(column) as string)
    inputOf.push(...names.map(() => input))
    return { column, transforms }
  })
  const seen = new Set<string>()
  const twice = featureNamesOut.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined)
    throw new InputError(
      'duplicate_column',
      `two columns would make the same feature ${quote(twice)}`,
    )

  const deriveColumns = (frame: DataFrame) =>
    new Map(
      derive.map(({ derived, apply }) => [
        derived.column,
        apply(findColumn(frame, derived.from) as Column),
      ]),
    )

  return {
    spec,
    featureNamesIn,
    featureNamesOut,
    inputOf: Int32Array.from(inputOf),
    derive: deriveColumns,
    transform(frame) {
      const columns = new Map(
        frame.names.map((name, index) => [name, frame.columns[index] as Column]),
      )
      for (const [name, column] of deriveColumns(frame)) columns.set(name, column)
      const matrix = zeros(frame.length, featureNamesOut.length)
      let at = 0
      for (const { column, transforms } of steps) {
        for (const made of applyTransforms(transforms, columns.get(column) as Column)) {
          const { values } = made as NumberColumn
          for (let row = 0; row < values.length; row++)
            matrix.data[row * matrix.columns + at] = values[row] as number
          at++
        }
      }
      return matrix
    },
  }
}

/**
 * Returns a preprocessor spec read from parsed JSON.
 * @throws what the reader throws: the value is not one, or its parts do not fit each other
 */
export function readPreprocessor(
  value: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
): PreprocessorSpec {
  const inputs = reader
    .list(value.get('inputs'), 'inputs')
    .map((item, i) => readInput(reader.object(item, `inputs[${i}]`), reader, `inputs[${i}]`))
  const names = new Set(inputs.map(({ name }) => name))
  if (names.size !== inputs.length) throw fail('inputs name a column twice')
  const derived = reader.list(value.get('derived'), 'derived').map((item, i) => {
    const where = `derived[${i}]`
    const entry = reader.object(item, where)
    const made = {
      column: reader.text(entry.get('column'), `${where}.column`),
      from: reader.text(entry.get('from'), `${where}.from`),
      pattern: reader.text(entry.get('pattern'), `${where}.pattern`),
      group: reader.whole(entry.get('group'), `${where}.group`, 0, 99),
      map: reader.textMap(entry.get('map'), `${where}.map`),
    }
    if (!names.has(made.from))
      throw fail(`${where} is made from ${quote(made.from)}, which is not an input`)
    if (names.has(made.column)) throw fail(`${where} has the name of another column`)
    names.add(made.column)
    return made
  })
  const typeOf = new Map<string, 'number' | 'text'>(inputs.map(({ name, type }) => [name, type]))
  for (const { column } of derived) typeOf.set(column, 'text')
  const steps = reader.list(value.get('steps'), 'steps').map((item, i) => {
    const where = `steps[${i}]`
    const entry = reader.object(item, where)
    const column = reader.text(entry.get('column'), `${where}.column`)
    if (!typeOf.has(column))
      throw fail(`${where} transforms ${quote(column)}, which is neither an input nor derived`)
    const chain = reader
      .list(entry.get('chain'), `${where}.chain`)
      .map((link, j) => readTransformer(link, reader, `${where}.chain[${j}]`))
    if (!endsInNumbers(chain, typeOf.get(column) as 'number' | 'text'))
      throw fail(`${where}.chain does not turn ${quote(column)} into numbers`)
    return { column, chain }
  })
  return {
    inputs,
    otherColumns: reader.list(value.get('otherColumns'), 'otherColumns').map(String),
    derived,
    steps,
  }
}

/** Whether every transformer of a chain gets the type it works on, and the last makes numbers without gaps. */
function endsInNumbers(chain: readonly AnyTransformer[], type: 'number' | 'text'): boolean {
  let current = type
  let complete = false
  for (const { kind } of chain) {
    if ((kind === 'impute_number' || kind === 'standard_scaler') && current !== 'number')
      return false
    if (kind === 'standard_scaler' && !complete) return false
    if (kind === 'ordinal_encoder' || kind === 'one_hot_encoder') current = 'number'
    complete = true
  }
  return current === 'number' && complete
}

function readTransformer(value: unknown, reader: JsonReader, where: string): AnyTransformer {
  const entry = reader.object(value, where)
  const names = Object.keys(transformerKinds) as AnyTransformer['kind'][]
  const kind = reader.choice(entry.get('kind'), `${where}.kind`, names)
  return transformerKind(kind).read(entry, reader, where)
}

function readInput(entry: JsonObject, reader: JsonReader, where: string): InputColumn {
  const type = reader.choice(entry.get('type'), `${where}.type`, ['number', 'text'])
  const range = entry.has('range') ? reader.object(entry.get('range'), `${where}.range`) : undefined
  const example = entry.get('example')
  return {
    name: reader.text(entry.get('name'), `${where}.name`),
    type,
    nullable: reader.boolean(entry.get('nullable'), `${where}.nullable`),
    ...(entry.has('categories')
      ? { categories: reader.categories(entry.get('categories'), `${where}.categories`) }
      : {}),
    ...(range
      ? {
          range: {
            minimum: reader.number(range.get('minimum'), `${where}.range.minimum`),
            median: reader.number(range.get('median'), `${where}.range.median`),
            maximum: reader.number(range.get('maximum'), `${where}.range.maximum`),
          },
        }
      : {}),
    example: type === 'number' ? reader.number(example, `${where}.example`) : String(example),
  }
}

/** Returns the frame with derived columns behind its own. */
function withDerived(frame: DataFrame, derived: readonly DerivedColumn[]): DataFrame {
  const made = derived.map((entry) => buildPattern(entry)(findColumn(frame, entry.from) as Column))
  return {
    names: [...frame.names, ...derived.map(({ column }) => column)],
    columns: [...frame.columns, ...made],
    length: frame.length,
  }
}

function fillCategories(values: Column, impute: CategoryImputation): AnyTransformer[] {
  return impute === 'most_frequent' ? [fitImputeCategory(values)] : []
}

function applyChain(chain: readonly AnyTransformer[], values: Column): Column[] {
  return applyTransforms(
    chain.map((transformer) => transformerKind(transformer.kind).build(transformer)),
    values,
  )
}

function applyTransforms(transforms: readonly Transform[], values: Column): Column[] {
  return transforms.reduce(
    (columns, transform) => columns.flatMap((column) => transform.apply(column)),
    [values],
  )
}

/** An order written in a plan must name every category that training has, in the column's own type. */
function matchCategories(
  column: string,
  values: Column,
  order: readonly (string | number)[],
): (string | number)[] {
  const typed = order.map((category) =>
    values.kind === 'number' ? Number(category) : String(category),
  )
  for (const category of sortedCategories(values)) {
    if (!typed.includes(category)) {
      throw new InputError(
        'invalid_plan',
        `column ${quote(column)} holds ${quote(category)}, which its categories do not name`,
        [{ column }],
      )
    }
  }
  return typed
}

function describeInput(
  frame: DataFrame,
  name: string,
  isCategory: boolean,
  plan: ColumnPlan,
): InputColumn {
  const column = findColumn(frame, name) as Column
  const nullable = countMissing(column) > 0 || plan.nullable.includes(name)
  const isEmpty = countMissing(column) === frame.length
  if (column.kind === 'text') {
    const example = isEmpty
      ? ''
      : isCategory
        ? mostFrequent(column)
        : cellAt(
            column,
            Math.max(
              0,
              column.codes.findIndex((code) => code >= 0),
            ),
          )
    const categories = isCategory ? { categories: sortedCategories(column) } : {}
    return { name, type: 'text', nullable, ...categories, example: example ?? '' }
  }
  const present = column.values.filter((value) => !Number.isNaN(value))
  const middle = median(present)
  const range = {
    minimum: present.reduce((least, value) => Math.min(least, value)),
    median: middle,
    maximum: present.reduce((most, value) => Math.max(most, value)),
  }
  const categories = isCategory ? { categories: sortedCategories(column) } : {}
  return {
    name,
    type: 'number',
    nullable,
    ...categories,
    range,
    example: isCategory ? (mostFrequent(column) as number) : middle,
  }
}

function notNumeric(column: string, example: string): InputError {
  return new InputError(
    'invalid_number',
    `column ${quote(column)} cannot be numeric: it holds ${quote(example)}`,
    [{ column }],
  )
}

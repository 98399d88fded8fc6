/** Learns a preprocessor from the training rows of a table. */
import {
  type Column,
  countMissing,
  type DataFrame,
  findColumn,
  type NumberColumn,
  presentNumbers,
  takeColumnRows,
  varies,
} from '../data/frame.ts'
import { momentText } from '../data/moment.ts'
import { isAscii } from '../data/text.ts'
import type { Written } from '../data/written.ts'
import { InputError, quote } from '../errors.ts'
import { booleanColumns } from './booleans.ts'
import { buildDerivation } from './derive.ts'
import { fitImputeCategory } from './impute-category.ts'
import { fitImputeNumber, median, mostFrequent } from './impute-number.ts'
import { type AnyTransformer, transformerKind } from './index.ts'
import { holdsLongIntegers, notNumeric } from './long-integers.ts'
import { fitOneHotEncoder } from './one-hot-encoder.ts'
import { fitOrdinalEncoder, sortedCategories } from './ordinal-encoder.ts'
import type { CategoryImputation, ColumnPlan, DroppedColumn, NumberImputation } from './plan.ts'
import {
  applyTransforms,
  buildPreprocessor,
  type ColumnRange,
  type ColumnStep,
  type InputColumn,
  type PreprocessorSpec,
} from './preprocessor.ts'
import { fitStandardScaler } from './standard-scaler.ts'

/** What an estimator asks of its features. */
export interface FeatureNeeds {
  /** Whether numbers are scaled to mean 0 and deviation 1, as linear models need it. */
  readonly scale: boolean
  /** Whether numbers may be missing; otherwise they are imputed. */
  readonly acceptsMissing?: boolean
}

/**
 * Fits a preprocessor on the training rows of a table.
 * @param rows numbers of the training rows
 * @param needs of the estimator that gets the features
 * @param keep columns that stay inputs even if nothing is learned from them, because rows come by position
 * @returns the fitted spec, and columns that had nothing to learn from in the training rows
 */
export function fitPreprocessor(
  frame: DataFrame,
  rows: Int32Array,
  plan: ColumnPlan,
  needs: FeatureNeeds,
  keep: readonly string[] = [],
): { spec: PreprocessorSpec; dropped: DroppedColumn[] } {
  // Column by column: the training rows of a large table are not copied at once.
  const derivedBy = new Map(plan.derived.map((entry) => [entry.column, entry]))
  const nullable = new Set(plan.nullable)
  const columnOf = (name: string): Column => {
    const derived = derivedBy.get(name)
    const values = takeColumnRows(findColumn(frame, derived?.from ?? name) as Column, rows)
    return derived ? buildDerivation(derived).column(values) : values
  }
  const dropped: DroppedColumn[] = []
  const steps: ColumnStep[] = []
  const add = (column: string, fit: (values: Column) => AnyTransformer[]) => {
    const values = columnOf(column)
    const missing = countMissing(values)
    if (missing === rows.length) dropped.push({ column, reason: 'no values in the training rows' })
    else if (missing === 0 && !varies(values)) {
      dropped.push({ column, reason: 'one value only in the training rows' })
    } else {
      const chain = fit(values)
      checkFitted(column, chain)
      steps.push({ column, chain })
    }
  }
  const scaled = (chain: AnyTransformer[], values: Column) =>
    needs.scale
      ? [...chain, fitStandardScaler(applyChain(chain, values)[0] as NumberColumn)]
      : chain

  for (const { column, impute } of plan.numeric) {
    add(column, (values) => {
      if (values.kind === 'text') throw notNumeric(column, values.levels)
      return scaled(fillNumbers(column, values, impute, needs), values)
    })
  }
  for (const { column, categories, impute, merge } of plan.ordinal) {
    add(column, (given) => {
      const { merged, values } = mergeCategories(column, given, merge)
      const order = categories ? matchCategories(column, values, categories) : undefined
      const filled = fillCategories(values, impute)
      return scaled([...merged, ...filled, fitOrdinalEncoder(values, order)], given)
    })
  }
  for (const { column, impute, minFrequency, merge } of plan.nominal) {
    add(column, (given) => {
      const { merged, values } = mergeCategories(column, given, merge)
      const filled = fillCategories(values, impute)
      const encoder = fitOneHotEncoder(applyChain(filled, values)[0] as Column, minFrequency)
      return [...merged, ...filled, encoder]
    })
  }
  for (const { column } of plan.indicator ?? []) {
    if (countMissing(columnOf(column)) === 0)
      dropped.push({ column, reason: 'no missing values in the training rows' })
    else add(column, () => [{ kind: 'missing_indicator' }])
  }
  if (steps.length === 0) {
    throw new InputError(
      'invalid_plan',
      'no column is left to learn from: every one has a single value in the training rows',
    )
  }
  const made = new Set(steps.map(({ column }) => column))
  const derived = plan.derived.filter(({ column }) => made.has(column))
  const used = new Set([
    ...keep,
    ...steps.map(({ column }) => derivedBy.get(column)?.from ?? column),
  ])
  const inputNames = frame.names.filter((name) => used.has(name))
  const isCategory = new Set([...plan.ordinal, ...plan.nominal].map(({ column }) => column))
  const booleans = new Set(booleanColumns(plan))
  const writtenOf = new Map(
    plan.written?.map(({ column, ...written }) => [column, written] as const),
  )
  // Whether a column may be empty is a fact of the table; nothing is fitted to it.
  const isNullable = (name: string) =>
    countMissing(findColumn(frame, name) as Column) > 0 || nullable.has(name)
  const spec: PreprocessorSpec = {
    inputs: inputNames.map((name) =>
      describeInput(name, isNullable(name), columnOf(name), {
        isCategory: isCategory.has(name),
        isBoolean: booleans.has(name),
        written: writtenOf.get(name),
      }),
    ),
    otherColumns: frame.names.filter((name) => !used.has(name)),
    derived,
    steps,
  }
  buildPreprocessor(spec)
  return { spec, dropped }
}

/** Numbers near the largest double have sums that are none; what cannot be stored is refused before it is used. */
function checkFitted(column: string, chain: readonly AnyTransformer[]): void {
  const numbers = chain
    .flatMap((link) => Object.values(link))
    .filter((value) => typeof value === 'number')
  if (numbers.every(Number.isFinite)) return
  throw new InputError(
    'non_finite',
    `column ${quote(column)} holds numbers too large to be averaged or scaled`,
    [{ column }],
  )
}

function fillNumbers(
  column: string,
  values: NumberColumn,
  impute: NumberImputation | undefined,
  { scale, acceptsMissing }: FeatureNeeds,
): AnyTransformer[] {
  const passes = acceptsMissing === true && !scale
  const how = impute ?? (passes ? 'none' : 'median')
  if (how !== 'none') return [fitImputeNumber(values, how)]
  if (passes) return []
  throw new InputError(
    'invalid_plan',
    `column ${quote(column)} has impute none, but this estimator does not learn from missing values; use median, mean or most_frequent`,
    [{ column }],
  )
}

/** Returns a column in which categories are taken for others, and what does so at every request. */
function mergeCategories(
  column: string,
  given: Column,
  merge: Readonly<Record<string, string>> | undefined,
): { merged: AnyTransformer[]; values: Column } {
  if (merge === undefined) return { merged: [], values: given }
  if (given.kind === 'number')
    throw new InputError(
      'invalid_plan',
      `column ${quote(column)} holds numbers; only texts can be merged`,
      [{ column }],
    )
  const merged: AnyTransformer[] = [{ kind: 'category_map', map: merge }]
  return { merged, values: applyChain(merged, given)[0] as Column }
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

/** An order written in a plan must name every category that training has, in the column's own type. */
function matchCategories(
  column: string,
  values: Column,
  order: readonly (string | number)[],
): (string | number)[] {
  const typed = order.map((category) =>
    values.kind === 'number' ? Number(category) : momentText(String(category)),
  )
  if (
    new Set(typed).size !== typed.length ||
    !typed.every((c) => typeof c === 'string' || Number.isFinite(c))
  ) {
    throw new InputError(
      'invalid_plan',
      `the categories of ${quote(column)} must be different ${values.kind === 'number' ? 'numbers' : 'texts'}`,
      [{ column }],
    )
  }
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

/**
 * Returns what requests may know of an input.
 * @param column its training rows; no others are described
 */
function describeInput(
  name: string,
  nullable: boolean,
  column: Column,
  {
    isCategory,
    isBoolean,
    written: rules,
  }: {
    readonly isCategory: boolean
    readonly isBoolean: boolean
    readonly written: Written | undefined
  },
): InputColumn {
  const categories = isCategory ? { categories: sortedCategories(column) } : {}
  const written = rules ? { written: rules } : {}
  if (column.kind === 'text') {
    const first = column.codes.find((code) => code >= 0)
    const example = (isCategory ? mostFrequent(column) : column.levels[first ?? -1]) ?? ''
    const texts = isBoolean ? 'boolean' : holdsLongIntegers(column) ? 'integer' : undefined
    const isPlain = [example, ...(categories.categories ?? [])].every((text) =>
      isAscii(String(text)),
    )
    return {
      name,
      type: 'text',
      ...(texts ? { texts } : {}),
      ...(isPlain ? {} : { unicode: 'NFC' as const }),
      ...written,
      nullable,
      ...categories,
      example,
    }
  }
  const present = presentNumbers(column.values)
  if (present.length === 0)
    return { name, type: 'number', ...written, nullable: true, ...categories, example: 0 }
  const { minimum, maximum, integer } = rangeOf(present)
  const middle = median(present)
  const range = { minimum, median: middle, maximum, deviation: deviation(present), integer }
  const example = isCategory ? (mostFrequent(column) as number) : range.median
  return { name, type: 'number', ...written, nullable, ...categories, range, example }
}

function rangeOf(values: Float64Array): Pick<ColumnRange, 'minimum' | 'maximum' | 'integer'> {
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let integer = true
  for (let i = 0; i < values.length; i++) {
    minimum = Math.min(minimum, values[i]!)
    maximum = Math.max(maximum, values[i]!)
    integer &&= Number.isInteger(values[i]!)
  }
  return { minimum, maximum, integer }
}

/** Population standard deviation, scaled by the largest distance so that squares of large numbers stay finite. */
function deviation(values: Float64Array): number {
  const { length } = values
  let [mean, most, squares] = [0, 0, 0]
  for (let i = 0; i < length; i++) mean += values[i]! / length
  for (let i = 0; i < length; i++) most = Math.max(most, Math.abs(values[i]! - mean))
  if (most === 0) return 0
  // The distance between the ends may exceed the largest double, what values deviate on average never does.
  if (most === Number.POSITIVE_INFINITY) return 2 * deviation(values.map((value) => value / 2))
  for (let i = 0; i < length; i++) squares += ((values[i]! - mean) / most) ** 2
  return Math.min(most * Math.sqrt(squares / length), Number.MAX_VALUE)
}

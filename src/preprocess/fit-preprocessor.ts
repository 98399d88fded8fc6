/** Learns a preprocessor from the training rows of a table. */
import {
  type Column,
  countMissing,
  type DataFrame,
  findColumn,
  type NumberColumn,
  takeColumnRows,
  varies,
} from '../data/frame.ts'
import { momentText } from '../data/moment.ts'
import type { Steps } from '../data/steps.ts'
import { InputError, quote } from '../errors.ts'
import { booleanColumns } from './booleans.ts'
import { buildDerivation } from './derive.ts'
import { describeInput } from './describe-input.ts'
import { fitImputeCategory } from './impute-category.ts'
import { fitImputeNumber } from './impute-number.ts'
import { type AnyTransformer, transformerKind } from './index.ts'
import { notNumeric } from './long-integers.ts'
import { fitOneHotEncoder } from './one-hot-encoder.ts'
import { fitOrdinalEncoder, sortedCategories } from './ordinal-encoder.ts'
import type { CategoryImputation, ColumnPlan, DroppedColumn, NumberImputation } from './plan.ts'
import {
  applyTransforms,
  buildPreprocessor,
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
export function* fitPreprocessor(
  frame: DataFrame,
  rows: Int32Array,
  plan: ColumnPlan,
  needs: FeatureNeeds,
  keep: readonly string[] = [],
): Steps<{ spec: PreprocessorSpec; dropped: DroppedColumn[] }> {
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
    yield
    add(column, (values) => {
      if (values.kind === 'text') throw notNumeric(column, values.levels)
      return scaled(fillNumbers(column, values, impute, needs), values)
    })
  }
  for (const { column, categories, impute, merge } of plan.ordinal) {
    yield
    add(column, (given) => {
      const { merged, values } = mergeCategories(column, given, merge)
      const order = categories ? matchCategories(column, values, categories) : undefined
      const filled = fillCategories(values, impute)
      return scaled([...merged, ...filled, fitOrdinalEncoder(values, order)], given)
    })
  }
  for (const { column, impute, minFrequency, merge } of plan.nominal) {
    yield
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
  const inputs: InputColumn[] = []
  for (const name of inputNames) {
    yield
    const about = {
      isCategory: isCategory.has(name),
      isBoolean: booleans.has(name),
      written: writtenOf.get(name),
    }
    inputs.push(describeInput(name, isNullable(name), columnOf(name), about))
  }
  const spec: PreprocessorSpec = {
    inputs,
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

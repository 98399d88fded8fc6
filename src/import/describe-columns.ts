/** Columns that are features themselves: what a request must bring, and how a category becomes its code. */
import type { ModelSpec } from '../models/model.ts'
import type { AnyTransformer } from '../preprocess/index.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import type { InputColumn, PreprocessorSpec } from '../preprocess/preprocessor.ts'
import type { ModelWords } from './model-words.ts'

/** A column under the name that requests use. */
export interface NamedColumn {
  readonly name: string
  readonly categories?: readonly (string | number)[]
  /** Whether its numbers are codes already. */
  readonly isCoded?: boolean
  /** What a missing value is taken for. */
  readonly missingCategory?: string
  /** Whether its categories are `true` and `false`, however a request spells them. */
  readonly areTruths?: boolean
}

/** Returns the preprocessor of columns in the order of a model's features, and the plan that describes it. */
export function describeColumns(
  columns: readonly NamedColumn[],
  spec: ModelSpec,
  words: ModelWords,
): {
  preprocessor: PreprocessorSpec
  plan: Pick<ColumnPlan, 'numeric' | 'ordinal' | 'nominal' | 'nullable'>
} {
  const usual = usualNumbers(spec, columns.length)
  return {
    preprocessor: {
      inputs: columns.map((column, feature) => describeInput(column, usual[feature]!, words)),
      otherColumns: [],
      derived: [],
      steps: columns.map((column) => ({
        column: column.name,
        chain: chainOf(column, words.missing),
      })),
    },
    plan: {
      numeric: columns.flatMap(({ name: column, categories }) =>
        categories ? [] : [{ column, impute: 'none' as const }],
      ),
      ordinal: columns.flatMap(({ name: column, categories }) =>
        categories ? [{ column, categories, impute: 'own_level' as const }] : [],
      ),
      nominal: [],
      nullable: columns.map(({ name }) => name),
    },
  }
}

function describeInput(
  { name, categories, areTruths }: NamedColumn,
  usual: number,
  { refuseUnknown }: ModelWords,
): InputColumn {
  if (!categories) return { name, type: 'number', nullable: true, example: usual }
  const [first = ''] = categories
  return {
    name,
    type: typeof first === 'number' ? 'number' : 'text',
    nullable: true,
    categories,
    ...(areTruths ? { texts: 'boolean' as const } : {}),
    ...(refuseUnknown ? { closed: true } : {}),
    example: first,
  }
}

function chainOf(
  { categories, isCoded, missingCategory }: NamedColumn,
  missing: number | undefined,
): readonly AnyTransformer[] {
  if (categories && !isCoded) {
    const encoder: AnyTransformer = { kind: 'ordinal_encoder', categories, missing: 'kept' }
    if (missingCategory === undefined) return [encoder]
    return [{ kind: 'impute_category', value: missingCategory }, encoder]
  }
  return missing === undefined ? [] : [{ kind: 'missing_number', value: missing }]
}

/** Returns a number of every column to show and to test with: the median of what it is compared with. */
function usualNumbers(spec: ModelSpec, features: number): Float64Array {
  if (spec.kind !== 'trees') return new Float64Array(features)
  const { feature, threshold } = spec
  const limits = Array.from({ length: features }, (): number[] => [])
  feature.forEach((own, node) => {
    if (own >= 0) limits[own]!.push(threshold[node]!)
  })
  return Float64Array.from(limits, (own) => {
    own.sort((a, b) => a - b)
    const median = own[own.length >> 1] ?? 0
    return Math.abs(median) < 1e300 ? median + 0 : 0
  })
}

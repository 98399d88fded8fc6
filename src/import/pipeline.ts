/** What a model's own pipeline makes of its columns, and what a request must bring. */
import type { AnyTransformer } from '../preprocess/index.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import type { InputColumn, PreprocessorSpec } from '../preprocess/preprocessor.ts'

/** What a request's column must be. */
export interface PipelineInput {
  readonly isText: boolean
  readonly nullable: boolean
  readonly closed: boolean
  readonly categories?: readonly (string | number)[]
  /** A usual value, where the pipeline shows one. */
  readonly example?: string | number
}

export interface Pipeline {
  /** One per column of the training; absent for a column that nothing uses. */
  readonly inputs: readonly (PipelineInput | undefined)[]
  /** Chains by the number of their column, in the order of the model's features. */
  readonly steps: readonly { readonly input: number; readonly chain: readonly AnyTransformer[] }[]
}

/** Returns the preprocessor of a pipeline over columns of these names, and the plan that describes it. */
export function describePipeline(
  { inputs, steps }: Pipeline,
  names: readonly string[],
  refuseUnknown: boolean,
): {
  preprocessor: PreprocessorSpec
  plan: Pick<ColumnPlan, 'numeric' | 'ordinal' | 'nominal' | 'indicator' | 'nullable'>
} {
  const used = inputs.flatMap((input, i): InputColumn[] => {
    if (!input) return []
    const { isText, nullable, closed, categories, example } = input
    const name = names[i]!
    return [
      {
        name,
        type: isText ? 'text' : 'number',
        nullable,
        ...(categories ? { categories } : {}),
        ...(categories && (closed || refuseUnknown) ? { closed: true } : {}),
        example: example ?? categories?.[0] ?? (isText ? '' : 0),
      },
    ]
  })
  const isNominal = new Set(
    steps.flatMap(({ input, chain }) =>
      chain.at(-1)?.kind === 'one_hot_encoder' ? [names[input]!] : [],
    ),
  )
  const isIndicator = new Set(
    steps.flatMap(({ input, chain }) =>
      chain.at(-1)?.kind === 'missing_indicator' ? [names[input]!] : [],
    ),
  )
  const coded = used.filter(({ categories }) => categories)
  const others = used.filter(({ categories }) => !categories)
  return {
    preprocessor: {
      inputs: used,
      otherColumns: names.filter((_, i) => !inputs[i]),
      derived: [],
      steps: steps.map(({ input, chain }) => ({ column: names[input]!, chain })),
    },
    plan: {
      numeric: others.flatMap(({ name: column }) =>
        isIndicator.has(column) ? [] : [{ column, impute: 'none' as const }],
      ),
      ordinal: coded.flatMap(({ name: column, categories = [] }) =>
        isNominal.has(column) ? [] : [{ column, categories, impute: 'own_level' as const }],
      ),
      nominal: coded.flatMap(({ name: column }) =>
        isNominal.has(column) ? [{ column, impute: 'own_level' as const, minFrequency: 1 }] : [],
      ),
      indicator: others.flatMap(({ name: column }) =>
        isIndicator.has(column) ? [{ column }] : [],
      ),
      nullable: used.flatMap(({ name, nullable }) => (nullable ? [name] : [])),
    },
  }
}

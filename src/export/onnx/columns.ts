/** The inputs of a graph and the features that its preprocessing makes of them. */
import { isDecimal } from '../../data/number.ts'
import { InputError, listNames, quote } from '../../errors.ts'
import type { PreprocessorSpec } from '../../preprocess/preprocessor.ts'
import type { GraphBuilder } from './graph.ts'
import { dropWhere, joinColumns } from './numbers.ts'
import { addTransformer, type ColumnTensor } from './transformers.ts'

/**
 * What a graph takes. `columns`: an input per column of the model. `derived`: the same, but a derived column is an
 * input itself. `features`: one input with the model's features, which somebody else has made.
 */
export const inputForms = ['columns', 'derived', 'features'] as const
export type InputForm = (typeof inputForms)[number]

/** An input of one value per row. */
export interface InputSpec {
  readonly name: string
  readonly type: 'number' | 'text'
  readonly isBoolean: boolean
  /** Values that mean missing besides the usual ones. */
  readonly gaps?: readonly string[]
}

/**
 * Returns the columns that a graph takes, in the order of the model's.
 * @throws InputError `invalid_option` where a column is derived and may not be an input
 */
export function describeInputs(
  { inputs, derived, steps }: PreprocessorSpec,
  form: 'columns' | 'derived',
): InputSpec[] {
  const used = new Set(steps.map(({ column }) => column))
  const made = derived.filter(({ column }) => used.has(column))
  const [first] = made
  if (form === 'columns' && first) {
    const same = made.filter(({ kind }) => kind === first.kind)
    const what = first.kind === 'date' ? 'reads a date' : 'takes a group of a regular expression'
    throw new InputError(
      'invalid_option',
      `ONNX has no operator that ${what}, which makes ${listNames(same.map(({ column }) => column))} of ${quote(first.from)}; --inputs derived leaves that to whoever asks, --inputs features all preprocessing`,
    )
  }
  return [
    ...inputs
      .filter(({ name }) => used.has(name))
      .map(({ name, type, texts, written }) => ({
        name,
        type,
        isBoolean: texts === 'boolean',
        gaps: written?.missing,
      })),
    ...made.map(({ column, kind }) => ({
      name: column,
      type: kind === 'date' ? ('number' as const) : ('text' as const),
      isBoolean: false,
    })),
  ]
}

/**
 * Adds the inputs and all transformers; returns the features, [row][feature].
 * @throws InputError `invalid_option` for what operators cannot say
 */
export function addColumns(
  graph: GraphBuilder,
  inputs: readonly InputSpec[],
  { steps }: PreprocessorSpec,
): string {
  const given = new Map(
    inputs.map(({ name, type, isBoolean, gaps = [] }): [string, ColumnTensor] => {
      const tensor = graph.input(name, type === 'text' ? 'string' : 'double', 1)
      if (type === 'text') return [name, { tensor, type, isBoolean, gaps, width: 1 }]
      const read = gaps
        .filter(isDecimal)
        .reduce(
          (own, gap) => dropWhere(graph, graph.add('Equal', [own, graph.double(Number(gap))]), own),
          tensor,
        )
      return [name, { tensor: read, type, isBoolean, width: 1 }]
    }),
  )
  const features = steps.flatMap(({ column, chain }) => {
    const made = chain.reduce(
      (own, transformer) => addTransformer(graph, transformer, own),
      given.get(column)!,
    )
    return made.width === 0 ? [] : [made.tensor]
  })
  return joinColumns(graph, features)
}

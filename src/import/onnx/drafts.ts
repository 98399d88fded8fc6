/** What is no feature yet: conditions, places and codes that operators behind them make features of. */
import { unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import { type CodedColumn, codesOf, levelsOf, readLabelEncoder } from './codes.ts'
import type { OnnxNode } from './graph.ts'
import type { Operands, Sources } from './operands.ts'

export type Draft =
  /** Whether numbers are missing. */
  | { readonly kind: 'missing'; readonly of: Sources }
  /** Whether a number is equal to each of some; then which of them it is, from 1, and 0 for none. */
  | { readonly kind: 'equal' | 'place'; readonly of: Sources; readonly numbers: Float64Array }
  /** Codes of categories. */
  | { readonly kind: 'codes'; readonly coded: readonly CodedColumn[]; readonly of?: Sources }

/** Types of real numbers: 1 = single, 11 = double precision. */
const NUMBERS = [1, 11]

type Made = Draft | Sources

/** What an operator gets besides features and constants. */
export interface DraftOperands extends Operands {
  readonly draft: (input: number) => Draft | undefined
  readonly isConstant: (input: number) => boolean
}

const builders: Readonly<
  Record<string, (node: OnnxNode, given: DraftOperands) => Made | undefined>
> = {
  LabelEncoder: (node, { sources }) => ({
    kind: 'codes',
    coded: readLabelEncoder(node, sources(0)),
  }),
  IsNaN: (_, { sources }) => ({ kind: 'missing', of: sources(0) }),
  Cast(node, { draft }) {
    const own = draft(0)
    if (own?.kind !== 'missing') return own
    return NUMBERS.includes(node.whole('to')) ? own.of.map(indicate) : undefined
  },
  Where(node, given) {
    const condition = given.draft(0)
    if (condition?.kind !== 'missing') return undefined
    const [value, ...more] = given.constant(1)
    if (value === undefined || more.length > 0)
      throw unsupported(`${node.where} with anything but one number is not read`)
    const own = given.draft(2)
    if (own?.kind === 'codes' && own.of === condition.of)
      return { ...own, coded: own.coded.map((coded) => ({ ...coded, missing: value })) }
    if (own || given.sources(2) !== condition.of || !Number.isFinite(value)) return undefined
    return condition.of.map((source) => ({
      ...source,
      chain: [...source.chain, { kind: 'impute_number' as const, value }],
    }))
  },
  Equal(node, given) {
    const own = given.draft(0)
    const numbers = given.constant(1)
    if (own?.kind === 'codes')
      return own.coded.flatMap((coded) => [...levelsOf(node, coded, numbers)])
    if (own || given.sources(0).length !== 1) return undefined
    return { kind: 'equal', of: given.sources(0), numbers }
  },
  MatMul(_, given) {
    const own = given.draft(0)
    if (own?.kind !== 'equal') return undefined
    const places = given.constant(1)
    const isPlace = places.length === own.numbers.length && places.every((one, i) => one === i + 1)
    return isPlace ? { ...own, kind: 'place' } : undefined
  },
  Gather(_, given) {
    const own = given.isConstant(0) ? given.draft(1) : undefined
    if (own?.kind !== 'place') return undefined
    const [unknown, ...codes] = given.constant(0)
    if (unknown === undefined || codes.length !== own.numbers.length) return undefined
    const codeOf = new Map(codes.map((code, i) => [own.numbers[i]!, code]))
    const source = own.of[0]!
    return { kind: 'codes', coded: [{ source, codeOf, unknown }], of: own.of }
  },
}

/** Returns the feature that says whether another one is missing. */
function indicate(source: FeatureSource): FeatureSource {
  return { ...source, chain: [...source.chain, { kind: 'missing_indicator' }] }
}

/** Returns what an operator makes of drafts; undefined where it is none that makes or takes them. */
export function applyDraft(node: OnnxNode, given: DraftOperands): Made | undefined {
  return Object.hasOwn(builders, node.op) ? builders[node.op]!(node, given) : undefined
}

/** Whether something is a draft, not features. */
export function isDraft(made: Made): made is Draft {
  return 'kind' in made
}

/** Returns a draft's features: codes are, anything else is none. */
export function finishDraft(node: OnnxNode, draft: Draft): readonly FeatureSource[] {
  if (draft.kind === 'codes') return draft.coded.map((coded) => codesOf(node, coded))
  throw unsupported(`${node.where} takes conditions, which is not read`)
}

import { linear } from './linear.ts'
import type { ModelKind, ModelSpec } from './model.ts'
import { trees } from './trees.ts'

/** The kinds of fitted model; every trainer ends in one of them. */
export const modelKinds = { linear, trees } as const

/** Returns the behaviour of a spec's kind. */
export function kindOf(spec: ModelSpec): ModelKind<ModelSpec> {
  return modelKinds[spec.kind] as ModelKind<ModelSpec>
}

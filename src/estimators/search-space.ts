/** What a tuning tries of an estimator: the parameters that matter, with their ranges. */
import type { ParamValue } from './params.ts'

/** How a parameter is drawn. */
export type Dimension = (
  | { readonly kind: 'uniform' | 'log_uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'integer' | 'log_integer'; readonly low: number; readonly high: number }
  | { readonly kind: 'choice'; readonly values: readonly ParamValue[] }
) & {
  /** Drawn only where another parameter, earlier in the table, has this value. */
  readonly when?: { readonly parameter: string; readonly value: ParamValue }
}

/** Parameters in the order they are drawn. */
export type SearchSpace = Readonly<Record<string, Dimension>>

/** Returns a dimension in words, such as `0.0001 to 10000, log-uniform`. */
export function describeDimension(dimension: Dimension): string {
  if (dimension.kind === 'choice')
    return dimension.values.map((value) => String(value ?? 'none')).join(', ')
  const { kind, low, high, when } = dimension
  const names = {
    uniform: 'uniform',
    log_uniform: 'log-uniform',
    integer: 'whole',
    log_integer: 'whole, log-uniform',
  }
  const where = when ? `, with ${when.parameter}=${when.value}` : ''
  return `${low} to ${high}, ${names[kind]}${where}`
}

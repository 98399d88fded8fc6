/** What a tuning tries: for every estimator of every engine, the parameters that matter with their ranges. */
import type { Random } from '../../data/random.ts'
import type { ParamValue } from '../../estimators/params.ts'

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

const nativeTree: SearchSpace = {
  criterion: { kind: 'choice', values: ['gini', 'entropy'] },
  max_depth: { kind: 'choice', values: [null, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20] },
  min_samples_leaf: { kind: 'log_integer', low: 1, high: 64 },
  max_features: { kind: 'choice', values: ['all', 0.8, 0.5, 'sqrt'] },
  ccp_alpha: { kind: 'choice', values: [0, 1e-5, 1e-4, 1e-3, 1e-2] },
  class_weight: { kind: 'choice', values: ['none', 'balanced'] },
}

const mljsTree: SearchSpace = {
  max_depth: { kind: 'integer', low: 2, high: 16 },
  min_samples_split: { kind: 'log_integer', low: 2, high: 64 },
  min_impurity_decrease: { kind: 'log_uniform', low: 1e-4, high: 0.1 },
}

/**
 * The spaces by engine and estimator. The number of trees is not searched: more are never worse, only slower; it is
 * what successive halving saves on.
 */
export const searchSpaces: Readonly<Record<string, Readonly<Record<string, SearchSpace>>>> = {
  native: {
    logistic_regression: {
      penalty: { kind: 'choice', values: ['l2', 'l1', 'elasticnet'] },
      C: { kind: 'log_uniform', low: 1e-4, high: 1e4 },
      l1_ratio: {
        kind: 'uniform',
        low: 0.05,
        high: 0.95,
        when: { parameter: 'penalty', value: 'elasticnet' },
      },
      class_weight: { kind: 'choice', values: ['none', 'balanced'] },
    },
    decision_tree: nativeTree,
    random_forest: {
      criterion: { kind: 'choice', values: ['gini', 'entropy'] },
      max_depth: { kind: 'choice', values: [null, 4, 6, 8, 11, 16, 24] },
      min_samples_leaf: { kind: 'log_integer', low: 1, high: 32 },
      max_features: { kind: 'choice', values: ['sqrt', 'log2', 0.3, 0.5, 0.8] },
      class_weight: { kind: 'choice', values: ['none', 'balanced'] },
    },
  },
  mljs: {
    logistic_regression: {
      max_iter: { kind: 'log_integer', low: 50, high: 5000 },
      learning_rate: { kind: 'log_uniform', low: 1e-3, high: 1 },
    },
    decision_tree: mljsTree,
    random_forest: {
      ...mljsTree,
      max_features: { kind: 'choice', values: ['sqrt', 0.3, 0.5, 0.8, 'all'] },
      voting: { kind: 'choice', values: ['hard', 'soft'] },
    },
  },
}

/**
 * Returns the drawn parameters of a trial.
 * @param fixed parameters that are given and therefore not drawn
 */
export function drawParams(
  space: SearchSpace,
  fixed: ReadonlyMap<string, unknown>,
  random: Random,
): Map<string, ParamValue> {
  const drawn = new Map<string, ParamValue>()
  for (const [name, dimension] of Object.entries(space)) {
    // Drawn in any case, so that one parameter's value does not change what the others get.
    const value = draw(dimension, random)
    const { when } = dimension
    const condition = when && (drawn.get(when.parameter) ?? fixed.get(when.parameter))
    if (fixed.has(name) || (when && condition !== when.value)) continue
    drawn.set(name, value)
  }
  return drawn
}

function draw(dimension: Dimension, random: Random): ParamValue {
  if (dimension.kind === 'choice') {
    return dimension.values[random.below(dimension.values.length)] as ParamValue
  }
  const { kind, low, high } = dimension
  const u = random.uniform()
  switch (kind) {
    case 'uniform':
      return rounded(low + u * (high - low))
    case 'log_uniform':
      return rounded(low * (high / low) ** u)
    case 'integer':
      return low + Math.floor(u * (high - low + 1))
    default:
      return Math.min(high, Math.floor(low * ((high + 1) / low) ** u))
  }
}

/** Four digits are as good as sixteen, and can be read and typed. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

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

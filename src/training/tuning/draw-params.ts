/** Draws the parameters of a trial from an estimator's search space. */
import type { Random } from '../../data/random.ts'
import type { ParamValue } from '../../estimators/params.ts'
import type { Dimension, SearchSpace } from '../../estimators/search-space.ts'

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

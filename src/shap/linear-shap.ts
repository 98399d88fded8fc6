/** Linear scores of one row: score k = intercepts[k] + Σ_j coefficients[k · features + j] x_j. */
export interface LinearScores {
  readonly features: number
  /** [score][feature] */
  readonly coefficients: Float64Array
  readonly intercepts: Float64Array
}

/** A linear score with its background: score = intercept + Σ coefficients · x. */
export interface LinearScore {
  readonly coefficients: Float64Array
  readonly intercept: number
  /** Mean of every feature over the background rows. */
  readonly means: Float64Array
}

/**
 * Writes the SHAP values of a linear score into `phi`: coefficient · (x − mean).
 * Exact for independent (interventional) features: Lundberg and Lee, NIPS 2017, corollary 1.
 */
export function linearShap(score: LinearScore, x: Float64Array, phi: Float64Array): void {
  for (let j = 0; j < phi.length; j++) {
    phi[j] = score.coefficients[j]! * (x[j]! - score.means[j]!)
  }
}

/** Returns the expected score over the background: the score at the means. */
export function linearBaseValue(score: LinearScore): number {
  let sum = score.intercept
  for (let j = 0; j < score.means.length; j++) sum += score.coefficients[j]! * score.means[j]!
  return sum
}

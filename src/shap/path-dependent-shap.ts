import type { Matrix } from '../data/matrix.ts'

/** An ensemble prepared for explaining: exact path-dependent SHAP values. Not for two calls at a time. */
export interface TreeShap {
  /** Expected output of the ensemble under the trees' covers; length = outputs. */
  readonly baseValues: Float64Array
  /**
   * Writes the SHAP values of one row into `phi`, [output asked][feature].
   * @param outputs which outputs of the ensemble to explain
   */
  explain(x: Float64Array, outputs: readonly number[], phi: Float64Array): void
  /** Writes the SHAP values of all rows into `phi`, [row][output asked][feature]. */
  explainRows(X: Matrix, outputs: readonly number[], phi: Float64Array): void
  /**
   * Writes the SHAP interaction values of one row into `out`, [output asked][feature][feature]. As in shap, half of
   * the interaction of i and j stands in [i][j] and half in [j][i]; every row sums to the feature's SHAP value.
   */
  interactions(x: Float64Array, outputs: readonly number[], out: Float64Array): void
  /** Estimated nanoseconds to explain one output of one row. */
  readonly cost: number
  /** Estimated nanoseconds for the interactions of one output of one row. */
  readonly interactionCost: number
}

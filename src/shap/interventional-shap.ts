import type { Matrix } from '../data/matrix.ts'

/** An ensemble prepared for explaining against background rows. Not for two calls at a time. */
export interface InterventionalShap {
  /** Mean output of the ensemble over the background rows; length = outputs. */
  readonly baseValues: Float64Array
  /** Writes the SHAP values of one row into `phi`, [output asked][feature]. */
  explain(x: Float64Array, outputs: readonly number[], phi: Float64Array): void
  /** Writes the SHAP values of all rows into `phi`, [row][output asked][feature]. */
  explainRows(X: Matrix, outputs: readonly number[], phi: Float64Array): void
  /** Estimated nanoseconds to explain one output of one row. */
  readonly cost: number
  /** Tables looked up per leaf, or sets of background rows followed down the trees. */
  readonly plan: 'tables' | 'sets'
}

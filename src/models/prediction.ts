/** Class probabilities of several rows. */
export interface Predictions {
  readonly classes: readonly string[]
  /** Whether labels are written as numbers. */
  readonly numericClasses: boolean
  readonly rows: number
  /** Class number predicted for every row: the most probable one, the first of equals. */
  readonly labels: Int32Array
  /** [row][class] */
  readonly probabilities: Float64Array
}

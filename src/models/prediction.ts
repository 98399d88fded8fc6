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

/** Returns the prediction of one row alone. */
export function takePrediction(predictions: Predictions, row: number): Predictions {
  const { classes, labels, probabilities } = predictions
  const width = classes.length
  return {
    ...predictions,
    rows: 1,
    labels: labels.subarray(row, row + 1),
    probabilities: probabilities.subarray(row * width, (row + 1) * width),
  }
}

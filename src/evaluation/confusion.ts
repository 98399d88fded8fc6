/** What a confusion matrix says. */

/** [true class][predicted class]: rows, or their weights. */
export type Confusion = readonly (readonly number[])[]

/** Precision, recall and F1 of one class against the others; 0 where there is nothing to divide by. */
export interface ClassScores {
  /** Rows of the class, or their weights. */
  readonly rows: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/**
 * Returns how often every class was said of every class.
 * @param weights of the rows; absent: 1 each
 */
export function countConfusion(
  y: Int32Array,
  predicted: Int32Array,
  classes: number,
  weights?: Float64Array,
): Confusion {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let row = 0; row < y.length; row++) {
    const counts = confusion[y[row]!] as number[]
    const said = predicted[row]!
    counts[said] = counts[said]! + (weights ? weights[row]! : 1)
  }
  return confusion
}

/** Returns the share of the rows whose class was said. */
export function accuracyOf(confusion: Confusion): number {
  const all = confusion.reduce((sum, counts) => sum + total(counts), 0)
  return confusion.reduce((sum, counts, k) => sum + counts[k]!, 0) / all
}

/** Returns the mean of the classes' recalls, over the classes that occur. */
export function balancedAccuracyOf(confusion: Confusion): number {
  const recalls = confusion.flatMap((counts, k) => {
    const rows = total(counts)
    return rows > 0 ? [counts[k]! / rows] : []
  })
  return total(recalls) / recalls.length
}

/** Returns precision, recall and F1 of every class. */
export function scoreClasses(confusion: Confusion): ClassScores[] {
  return confusion.map((counts, k) => {
    const hits = counts[k]!
    const rows = total(counts)
    const said = confusion.reduce((sum, other) => sum + other[k]!, 0)
    return {
      rows,
      precision: said > 0 ? hits / said : 0,
      recall: rows > 0 ? hits / rows : 0,
      f1: rows + said > 0 ? (2 * hits) / (rows + said) : 0,
    }
  })
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** Names of values that a decoder ignored, for whoever asks for warnings. */

/** Names of values that were ignored, row by row. */
export interface IgnoredNames {
  /** How many there are in all rows. */
  readonly count: number
  /** Returns those of a row, from 0. */
  at(row: number): readonly string[]
}

const NONE: readonly string[] = []

/** Nothing was ignored. */
export const nothingIgnored: IgnoredNames = { count: 0, at: () => NONE }

/** Returns the same names for every row of a table. */
export function ignoredInAll(names: readonly string[], rows: number): IgnoredNames {
  return { count: names.length * rows, at: () => names }
}

/** Returns names that were collected row by row. */
export function ignoredByRow(names: readonly (readonly string[])[]): IgnoredNames {
  const count = names.reduce((sum, own) => sum + own.length, 0)
  return count === 0 ? nothingIgnored : { count, at: (row) => names[row] ?? NONE }
}

/** Returns the names of the rows from `start` up to `end`. */
export function sliceIgnored(ignored: IgnoredNames, start: number, end: number): IgnoredNames {
  if (ignored.count === 0) return nothingIgnored
  return ignoredByRow(Array.from({ length: end - start }, (_, row) => ignored.at(start + row)))
}

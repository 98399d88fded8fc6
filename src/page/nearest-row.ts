/** The row of the stored sample that is most like another row and that the model gives another class. */
import type { Cell, Label, PageColumn, RowExplanation } from './wire.ts'

export interface NearestRow {
  /** Its place in the sample. */
  readonly at: number
  readonly explanation: RowExplanation
  /** Gower's distance: mean over the columns of 0 for alike to 1 for far apart. */
  readonly distance: number
}

/**
 * Returns the nearest row of another class; undefined where the sample has none.
 * @param row the cells in the order of the columns
 * @param label what the row is predicted as
 */
export function findNearest(
  columns: readonly PageColumn[],
  row: readonly Cell[],
  label: Label,
  sample: readonly RowExplanation[],
): NearestRow | undefined {
  let nearest: NearestRow | undefined
  sample.forEach((explanation, at) => {
    if (explanation.predicted_label === label) return
    const distance = distanceOf(columns, row, explanation.data)
    if (!nearest || distance < nearest.distance) nearest = { at, explanation, distance }
  })
  return nearest
}

/**
 * Returns Gower's distance of two rows (Gower 1971, doi:10.2307/2528823): numbers by their difference as a share of
 * the column's range, everything else by whether it differs. Free texts are left out, of which a sample knows only
 * what the model reads in them.
 */
export function distanceOf(
  columns: readonly PageColumn[],
  a: readonly Cell[],
  b: readonly Cell[],
): number {
  let sum = 0
  let count = 0
  columns.forEach((column, i) => {
    const { type, categories, range } = column
    if (type === 'text' && categories === undefined) return
    count++
    const x = a[i] ?? null
    const y = b[i] ?? null
    if (x === y) return
    const isNumber = typeof x === 'number' && typeof y === 'number' && range !== undefined
    const width = isNumber ? range.maximum - range.minimum : 0
    sum += isNumber && width > 0 ? Math.min(1, Math.abs(x - y) / width) : 1
  })
  return count === 0 ? 0 : sum / count
}

/** An order in which rows with similar explanations stand beside each other. */
import type { OutputRow } from './output-rows.ts'

/** Columns that likeness is measured by: those that push most. */
const MOST_COLUMNS = 20

/**
 * Returns rows as a chain: the one with the highest output first, then always the nearest of those left, by the distance
 * of their SHAP values. Equally near ones keep their order.
 */
export function orderByLikeness(rows: readonly OutputRow[]): readonly OutputRow[] {
  const [first] = rows
  if (!first) return rows
  const points = rows.map(pickColumns(rows, first.shapValues.length))
  const left = new Set(rows.keys())
  let at = rows.reduce((best, row, i) => (row.output > rows[best]!.output ? i : best), 0)
  const chain: OutputRow[] = []
  while (left.size > 0) {
    chain.push(rows[at]!)
    left.delete(at)
    const from = points[at]!
    let nearest = -1
    let least = Number.POSITIVE_INFINITY
    for (const other of left) {
      const distance = distanceBelow(from, points[other]!, least)
      if (distance < least || nearest < 0) [nearest, least] = [other, distance]
    }
    at = nearest
  }
  return chain
}

/** Returns the squared distance of two points, or what is more than `limit`. */
function distanceBelow(a: Float64Array, b: Float64Array, limit: number): number {
  let sum = 0
  for (let j = 0; j < a.length && sum < limit; j++) sum += (a[j]! - b[j]!) ** 2
  return sum
}

/** Returns a function that takes a row's SHAP values of the columns that push most. */
function pickColumns(
  rows: readonly OutputRow[],
  columns: number,
): (row: OutputRow) => Float64Array {
  const sizes = new Float64Array(columns)
  for (const { shapValues } of rows)
    shapValues.forEach((value, j) => {
      if (Number.isFinite(value)) sizes[j] = sizes[j]! + Math.abs(value)
    })
  const chosen = Array.from(sizes.keys())
    .sort((a, b) => sizes[b]! - sizes[a]! || a - b)
    .slice(0, MOST_COLUMNS)
  return ({ shapValues }) => Float64Array.from(chosen, (j) => shapValues[j]! || 0)
}

/** Rows of the stored sample as points of a drawing. */
import type { Cell, PageColumn } from './wire.ts'

/** Steps of colour from low to high values. */
export const SHADES = 5

/** Returns the shade of every cell: numbers by their order among the others, everything else has none. */
export function shadesOf(cells: readonly Cell[]): (number | undefined)[] {
  const numbers = cells.filter((cell): cell is number => typeof cell === 'number')
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  const place = new Map(sorted.map((value, i) => [value, i]))
  return cells.map((cell) =>
    typeof cell === 'number'
      ? Math.round(((place.get(cell) ?? 0) / Math.max(1, sorted.length - 1)) * (SHADES - 1))
      : undefined,
  )
}

/** Where a point lies along an axis of so many percent. */
export interface Axis {
  readonly low: number
  readonly high: number
  /** Returns the place of a value in per cent. */
  place(value: number): number
}

/** Returns an axis over values that leaves some room at both ends; it holds zero where `withZero` is set. */
export function axisOver(values: readonly number[], withZero = false): Axis {
  const finite = values.filter(Number.isFinite)
  const low = Math.min(...finite, ...(withZero ? [0] : []))
  const high = Math.max(...finite, ...(withZero ? [0] : []))
  const width = high - low
  if (!(width > 0)) return { low, high, place: () => 50 }
  return { low, high, place: (value) => 4 + (92 * (value - low)) / width }
}

/** The strips of a column that is no number to the eye: its categories, and missing. */
export function stripsOf(
  { categories, type }: Pick<PageColumn, 'categories' | 'type'>,
  cells: readonly Cell[],
): readonly Cell[] | undefined {
  const distinct = [...new Set(cells)]
  if (categories === undefined && type === 'number' && distinct.length > 8) return undefined
  return distinct.sort(byOrder)
}

/** Numbers by size, texts by letters, missing last. */
function byOrder(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a) < String(b) ? -1 : 1
}

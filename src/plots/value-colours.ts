/** The colour of a column's value among the others of the column: from low to high, or none. */
import { quantileSorted } from 'd3-array'
import type { Cell } from '../data/frame.ts'
import { STEPS } from './theme.ts'

/** Values at the ends stand for all beyond: one that is far away would leave a single colour to all others. */
const ENDS = [0.05, 0.95] as const

/**
 * Returns a class of colour for every number, from the column's low to its high values; what is no number, or the
 * same everywhere, is neutral.
 */
export function valueColours(cells: readonly Cell[]): string[] {
  const step = stepsOf(cells)
  return cells.map((cell) => {
    const at = typeof cell === 'number' ? step(cell) : undefined
    return at === undefined ? 'neutral' : `v${at}`
  })
}

/** Returns a function from a number to its step on the scale of a column. */
function stepsOf(cells: readonly Cell[]): (value: number) => number | undefined {
  const numbers = cells.filter((cell): cell is number => Number.isFinite(cell))
  const sorted = numbers.sort((a, b) => a - b)
  let [low = 0, high = 0] = ENDS.map((share) => quantileSorted(sorted, share))
  // Most values are the same: the few others tell.
  if (low === high) [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0]
  const width = high / 2 - low / 2
  if (!(width > 0)) return () => undefined
  return (value) => {
    if (!Number.isFinite(value)) return undefined
    const share = (value / 2 - low / 2) / width
    return Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)))
  }
}

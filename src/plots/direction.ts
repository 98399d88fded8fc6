/** Which way a column pushes: whether its higher values push up, or which of its values pushes most. */
import type { Cell } from '../data/frame.ts'
import type { ColumnSummary } from '../shap/global-summary.ts'
import { cellText } from './numbers.ts'

export interface Direction {
  readonly kind: 'up' | 'down' | 'neutral'
  /** `↑ higher`, `↑ female`, or empty where there is no one direction. */
  readonly text: string
}

/** Rows with a value in common, and their mean SHAP value. */
interface Group {
  readonly cell: Cell
  readonly rows: number
  readonly mean: number
}

/** Numbers with a weaker correlation have no one direction: their middle may push most. */
const LEAST_CORRELATION = 0.3
/** Values of fewer rows say little about the column. */
const LEAST_ROWS = 5

/** Returns the direction of one column over rows. @param pushes its SHAP values */
export function directionOf(cells: readonly Cell[], pushes: ArrayLike<number>): Direction {
  const isNumeric = cells.every((cell) => cell === null || typeof cell === 'number')
  if (isNumeric)
    return directionOfNumbers(cells.map((cell, row) => ({ cell, rows: 1, mean: pushes[row]! })))
  return directionOfValues(groupValues(cells, pushes), cells.length)
}

/** Returns the values that push a column of texts furthest down and up on the mean; undefined where all push alike. */
export function extremesOf(
  cells: readonly Cell[],
  pushes: ArrayLike<number>,
): { readonly low: Cell; readonly high: Cell } | undefined {
  if (!cells.some((cell) => typeof cell === 'string')) return undefined
  const known = groupValues(cells, pushes)
    .filter(({ rows }) => rows >= LEAST_ROWS)
    .sort((a, b) => a.mean - b.mean)
  const [low, high] = [known[0], known.at(-1)]
  return low && high && low.mean < high.mean ? { low: low.cell, high: high.cell } : undefined
}

/** Returns rows with the same value as a group. */
export function groupValues(cells: readonly Cell[], pushes: ArrayLike<number>): Group[] {
  const groups = new Map<Cell, { rows: number; total: number }>()
  cells.forEach((cell, row) => {
    const push = pushes[row]!
    if (!Number.isFinite(push)) return
    const { rows, total } = groups.get(cell) ?? { rows: 0, total: 0 }
    groups.set(cell, { rows: rows + 1, total: total + push })
  })
  return [...groups].map(([cell, { rows, total }]) => ({ cell, rows, mean: total / rows }))
}

/** Returns the direction of a column for an output of a summary. */
export function directionOfSummary({ groups }: ColumnSummary, output: number): Direction {
  const told = groups.flatMap(({ value, from, to, others, rows, mean }): Group[] => {
    if (others) return []
    // Numbers beyond the ranges of training have one edge only.
    const [low, high] = [from ?? to, to ?? from]
    const cell = low === undefined || high === undefined ? (value ?? null) : low / 2 + high / 2
    return [{ cell, rows, mean: mean[output]! }]
  })
  const isNumeric = told.every(({ cell }) => cell === null || typeof cell === 'number')
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  return isNumeric ? directionOfNumbers(told) : directionOfValues(told, rows)
}

function directionOfNumbers(groups: readonly Group[]): Direction {
  const known = groups.filter(({ cell, mean }) => Number.isFinite(cell) && Number.isFinite(mean))
  const rows = known.reduce((sum, group) => sum + group.rows, 0)
  const center = (of: (group: Group) => number) =>
    known.reduce((sum, group) => sum + (of(group) / rows) * group.rows, 0)
  const x0 = center(({ cell }) => cell as number)
  const y0 = center(({ mean }) => mean)
  const spread = (of: (group: Group) => number) =>
    Math.sqrt(known.reduce((sum, group) => sum + group.rows * of(group) ** 2, 0))
  const dx = spread(({ cell }) => (cell as number) - x0)
  const dy = spread(({ mean }) => mean - y0)
  const correlation = known.reduce(
    (sum, { cell, mean, rows: n }) => sum + n * (((cell as number) - x0) / dx) * ((mean - y0) / dy),
    0,
  )
  if (!(Math.abs(correlation) >= LEAST_CORRELATION)) return { kind: 'neutral', text: '' }
  return correlation > 0 ? { kind: 'up', text: '↑ higher' } : { kind: 'down', text: '↓ higher' }
}

function directionOfValues(groups: readonly Group[], rows: number): Direction {
  const known = groups.filter((group) => group.rows >= Math.min(LEAST_ROWS, rows))
  const strongest = known.reduce<Group | undefined>(
    (best, group) => (Math.abs(group.mean) > Math.abs(best?.mean ?? 0) ? group : best),
    undefined,
  )
  if (!strongest) return { kind: 'neutral', text: '' }
  const isUp = strongest.mean > 0
  return { kind: isUp ? 'up' : 'down', text: `${isUp ? '↑' : '↓'} ${cellText(strongest.cell)}` }
}

/** Numbers and cells as plots print them. */
import { format } from 'd3-format'
import type { Cell } from '../data/frame.ts'

/** Returns a number with four significant digits, plain where people read plain numbers. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not known' : value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size < 1e-12) return '0'
  return format(size >= 1e-3 && size < 1e6 ? '.4~r' : '.3~e')(value)
}

/** Returns a number with its sign; zero has none. */
export function signed(value: number): string {
  const text = number(value)
  return value > 0 && text !== '0' ? `+${text}` : text
}

/** Returns a cell of a table. */
export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return 'missing'
  if (typeof cell === 'string') return cell
  return Number.isFinite(cell) ? format('.6~g')(cell) : number(cell)
}

/** Returns how many there are of something. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${format(',')(amount)} ${amount === 1 ? one : many}`
}

/** Returns a share as per cent. */
export function percent(share: number): string {
  return Number.isFinite(share) ? format('.3~p')(share) : '–'
}

/** Largest number that has a place: sums and widths of many of them are still numbers. */
const MOST = 1e300

/** Returns a number as it can be placed in a drawing: what is none takes no room, what is too large as much as there is. */
export function placeable(value: number): number {
  return Number.isFinite(value) ? Math.min(MOST, Math.max(-MOST, value)) : 0
}

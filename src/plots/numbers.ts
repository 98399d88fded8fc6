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

/** How the numbers of one picture are written. */
export interface NumberWriters {
  number(value: number): string
  /** With its sign. */
  signed(value: number): string
}

/** Returns writers of the same decimals for all numbers of a picture: the largest of these has three or four digits. */
export function writersLike(values: Iterable<number>): NumberWriters {
  let largest = 0
  for (const value of values)
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  if (largest < 1e-3 || largest >= 1e6) return { number, signed }
  const power = Math.floor(Math.log10(largest))
  const decimals = Math.max(0, 2 - power, Math.min(4, 3 - power))
  const write = (value: number) => {
    const text = Math.abs(value) < 1e6 ? format(`.${decimals}f`)(value) : ''
    // What is not nothing is not written as nothing.
    return Number(text.replace('−', '-')) === 0 ? number(value) : text
  }
  return {
    number: write,
    signed: (value) => `${value > 0 && write(value) !== '0' ? '+' : ''}${write(value)}`,
  }
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

/** Returns a share as per cent with one decimal. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  return share > 0 && share < 0.0005 ? '< 0.1 %' : `${format('.1f')(share * 100)} %`
}

/** Largest number that has a place: sums and widths of many of them are still numbers. */
const MOST = 1e300

/** Returns a number as it can be placed in a drawing: what is none takes no room, what is too large as much as there is. */
export function placeable(value: number): number {
  return Number.isFinite(value) ? Math.min(MOST, Math.max(-MOST, value)) : 0
}

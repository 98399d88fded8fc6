/** Which other column a column's SHAP values depend on most, given the column's own value. */
import type { Cell } from '../data/frame.ts'
import type { OutputRow } from './output-rows.ts'

/** Ranges of numbers that count as alike: of the column itself, and of the other one. */
const OWN_GROUPS = 10
const OTHER_GROUPS = 3
/** Columns that are tried. */
const MOST_COLUMNS = 100

/**
 * Returns the number of the column with the largest mean |interaction value| where there are interaction values.
 * Otherwise the one that explains most of what the column's own value leaves open: of the variance of the SHAP values
 * within groups of rows with about the same value, the share between a few groups of the other column. Undefined where
 * nothing is left open. Of more than 100 columns, those that push most are tried.
 */
export function strongestInteraction(
  rows: readonly OutputRow[],
  column: number,
): number | undefined {
  const columns = rows[0]?.shapValues.length ?? 0
  const others = largestColumns(rows, columns).filter((j) => j !== column)
  const measure = rows.every(({ interactions }) => interactions)
    ? (other: number) =>
        rows.reduce(
          (sum, { interactions }) =>
            sum + Math.abs(interactions?.[column * columns + other] || 0) / rows.length,
          0,
        )
    : buildApproximation(rows, column)
  let best: { readonly other: number; readonly strength: number } | undefined
  for (const other of others) {
    const strength = measure(other)
    if (strength > (best?.strength ?? 0)) best = { other, strength }
  }
  return best?.other
}

/** Returns the columns that push most, ascending: of very many, trying all would take long, and most push nothing. */
function largestColumns(rows: readonly OutputRow[], columns: number): number[] {
  const all = Array.from({ length: columns }, (_, j) => j)
  if (columns <= MOST_COLUMNS) return all
  const sizes = new Float64Array(columns)
  for (const { shapValues } of rows)
    for (let j = 0; j < columns; j++) sizes[j] = sizes[j]! + Math.abs(shapValues[j] || 0)
  return all
    .sort((a, b) => sizes[b]! - sizes[a]! || a - b)
    .slice(0, MOST_COLUMNS)
    .sort((a, b) => a - b)
}

function buildApproximation(rows: readonly OutputRow[], column: number): (other: number) => number {
  const known = rows.filter(({ shapValues }) => Number.isFinite(shapValues[column]))
  const own = groupsOf(
    known.map(({ data }) => data[column]!),
    OWN_GROUPS,
  )
  const rest = Float64Array.from(known, ({ shapValues }) => shapValues[column]!)
  for (const [, members] of membersOf(own)) {
    const mean = members.reduce((sum, i) => sum + rest[i]!, 0) / members.length
    for (const i of members) rest[i] = rest[i]! - mean
  }
  const total = rest.reduce((sum, value) => sum + value * value, 0)
  const size = known.reduce((sum, { shapValues }) => sum + shapValues[column]! ** 2, 0)
  // What rounding leaves is no interaction.
  if (!(total > size * 1e-12)) return () => 0
  return (other) => {
    const groups = groupsOf(
      known.map(({ data }) => data[other]!),
      OTHER_GROUPS,
    )
    let explained = 0
    for (const [, members] of membersOf(
      own.map((group, i) => group * (OTHER_GROUPS + 2) + groups[i]!),
    )) {
      const sum = members.reduce((part, i) => part + rest[i]!, 0)
      explained += (sum * sum) / members.length
    }
    return explained / total
  }
}

function membersOf(groups: readonly number[]): Map<number, number[]> {
  const members = new Map<number, number[]>()
  groups.forEach((group, i) => {
    const list = members.get(group)
    if (list) list.push(i)
    else members.set(group, [i])
  })
  return members
}

/** Returns a group for every cell: of numbers by rank, of texts the most frequent ones; the last one is of missing cells. */
function groupsOf(cells: readonly Cell[], most: number): number[] {
  const counts = new Map<Cell, number>()
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  const numbers = cells
    .filter((cell): cell is number => Number.isFinite(cell))
    .sort((a, b) => a - b)
  const texts = [...counts]
    .filter(([cell]) => typeof cell === 'string')
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([cell]) => cell)
  const cuts = Array.from(
    { length: most - 1 },
    (_, i) => numbers[Math.floor(((i + 1) * numbers.length) / most)],
  )
  return cells.map((cell) => {
    if (typeof cell === 'number')
      return Number.isFinite(cell)
        ? cuts.filter((cut) => cut !== undefined && cell >= cut).length
        : most + 1
    if (cell === null) return most + 1
    const place = texts.indexOf(cell)
    return place < 0 ? most : place
  })
}

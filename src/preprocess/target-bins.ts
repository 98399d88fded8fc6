/** Classes made of a numeric target: as many rows in each as ties allow, named by their place and their range. */
import { type DataFrame, findColumn, presentNumbers, type TextColumn } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'

/** Most classes that are made of numbers. */
export const MOST_BINS = 20

/** Classes of numbers: one for each range between edges, which belong to the range above them. */
export interface TargetBins {
  readonly target: string
  /** Ascending; one fewer than classes. */
  readonly edges: readonly number[]
  readonly names: readonly string[]
}

/**
 * Returns the classes of a numeric target between its quantiles; fewer where equal numbers fill several.
 * @throws InputError `invalid_label` for a target without two different numbers
 */
export function fitTargetBins(table: DataFrame, target: string, bins: number): TargetBins {
  const column = findColumn(table, target)
  if (column?.kind !== 'number')
    throw new InputError(
      'invalid_label',
      `the target ${quote(target)} holds texts: it needs no bins; leave out --bins`,
      [{ column: target }],
    )
  const sorted = presentNumbers(column.values).sort()
  const edges: number[] = []
  for (let bin = 1; bin < bins; bin++) {
    const at = Math.floor((bin * sorted.length) / bins)
    const value = sorted[at] ?? Number.NaN
    const below = sorted.findLast((other) => other < value)
    if (below === undefined) continue
    const edge = shortestBetween(below, value)
    if (edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge)
  }
  if (edges.length === 0)
    throw new InputError(
      'invalid_label',
      `the target ${quote(target)} cannot be cut into ${bins} bins: most of its numbers are the same`,
      [{ column: target }],
    )
  return { target, edges, names: nameBins(edges) }
}

/** Returns the number with the fewest digits that is above one and at most the other. */
function shortestBetween(below: number, value: number): number {
  for (let digits = 1; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits))
    const step = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) + 1 - digits)
    for (const near of [rounded, Number((rounded - step).toPrecision(digits))])
      if (near > below && near <= value) return near
  }
  return value
}

/** Names that sort as their ranges do. */
function nameBins(edges: readonly number[]): string[] {
  const width = String(edges.length + 1).length
  return [...edges, Number.POSITIVE_INFINITY].map((edge, bin) => {
    const least = edges[bin - 1]
    const range =
      least === undefined ? `<${edge}` : bin === edges.length ? `>=${least}` : `${least} to ${edge}`
    return `Q${String(bin + 1).padStart(width, '0')} ${range}`
  })
}

/**
 * Returns a table whose target holds the names of classes in the place of numbers.
 * @throws InputError `invalid_label` where the target holds texts
 */
export function applyTargetBins(table: DataFrame, { target, edges, names }: TargetBins): DataFrame {
  const column = findColumn(table, target)
  if (column?.kind !== 'number')
    throw new InputError('invalid_label', `the target ${quote(target)} holds texts, not numbers`, [
      { column: target },
    ])
  const codes = Int32Array.from(column.values, (value) =>
    Number.isNaN(value) ? -1 : edges.reduce((bin, edge) => bin + (value >= edge ? 1 : 0), 0),
  )
  const classes: TextColumn = { kind: 'text', codes, levels: names }
  return {
    ...table,
    columns: table.columns.map((other, j) => (table.names[j] === target ? classes : other)),
  }
}

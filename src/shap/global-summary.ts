/** What a model does over many rows: per column, how far it pushes on the whole and by the column's values. */
import { type Cell, type Column, cellAt, lengthOf, presentNumbers } from '../data/frame.ts'
import type { Method, Space } from './explanation.ts'

/** Rows of a column that have something in common, and how they push on the mean. */
export interface GroupSummary {
  /** The value that the rows have; null = missing. */
  readonly value?: Cell
  /**
   * The range of numbers: from ≤ value < to, the last one including its end. Numbers below all ranges have no `from`,
   * those above no `to`.
   */
  readonly from?: number
  readonly to?: number
  /** Whether these are the rows with any other value. */
  readonly others?: true
  readonly rows: number
  /** Mean SHAP value per output. */
  readonly mean: readonly number[]
}

export interface ColumnSummary {
  readonly column: string
  /** The column whose values make the groups: itself, or one derived from it. */
  readonly by: string
  /** Mean |SHAP value| per output. */
  readonly meanAbsolute: readonly number[]
  /** Mean SHAP value per output. */
  readonly mean: readonly number[]
  readonly groups: readonly GroupSummary[]
}

/** SHAP values summed up over rows. */
export interface GlobalSummary {
  readonly space: Space
  readonly method: Method
  readonly rows: number
  /** Classes explained. */
  readonly outputNames: readonly string[]
  readonly baseValues: readonly number[]
  readonly columns: readonly ColumnSummary[]
}

/** How the rows of a column are grouped: by values, or between ascending edges. */
export interface GroupPlan {
  readonly column: string
  readonly by: string
  readonly values?: readonly (string | number)[]
  readonly edges?: readonly number[]
}

/** Most values of a column that are told apart, and most ranges of numbers. */
const MAX_VALUES = 20
const MAX_RANGES = 10

/** Returns how to group a column by the values of a sample: each of a few, or ranges with as many rows in each. */
export function planGroups(name: string, by: string, values: Column, asValues: boolean): GroupPlan {
  if (values.kind === 'number' && !asValues && hasManyValues(values.values)) {
    const sorted = presentNumbers(values.values).sort()
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
    const edges = Array.from({ length: MAX_RANGES + 1 }, (_, i) => at(i / MAX_RANGES))
    return { column: name, by, edges: [...new Set(edges)] }
  }
  const counts = new Map<string | number, number>()
  const length = lengthOf(values)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(values, row)
    if (cell !== null) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const chosen = frequent.slice(0, MAX_VALUES).map(([value]) => value)
  return { column: name, by, values: chosen.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) }
}

/** Whether numbers have so many different values that they are grouped by ranges. */
function hasManyValues(values: Float64Array): boolean {
  const distinct = new Set<number>()
  for (const value of values) {
    if (Number.isNaN(value)) continue
    distinct.add(value)
    if (distinct.size > MAX_RANGES) return true
  }
  return false
}

/** Returns the grouping that a summary was made with. */
export function plansOf({ columns }: GlobalSummary): GroupPlan[] {
  return columns.map(({ column, by, groups }) => {
    const ranges = groups.flatMap(({ from, to }) =>
      from === undefined || to === undefined ? [] : [{ from, to }],
    )
    if (ranges.length > 0) {
      const last = ranges.at(-1)?.to as number
      return { column, by, edges: [...ranges.map(({ from }) => from), last] }
    }
    const values = groups.flatMap(({ value }) =>
      value === undefined || value === null ? [] : [value],
    )
    return { column, by, values }
  })
}

/** Sums up explained rows, a block at a time, in constant memory. */
export interface SummaryBuilder {
  /**
   * Adds rows.
   * @param sources for every column the values that it is grouped by
   * @param phi SHAP values, [row][output][column]
   */
  add(sources: readonly Column[], rows: number, phi: Float64Array): void
  /** Adds what another builder with the same plans has. */
  merge(sums: SummarySums): void
  readonly sums: SummarySums
  finish(
    about: Pick<GlobalSummary, 'space' | 'method' | 'outputNames' | 'baseValues'>,
  ): GlobalSummary
}

/** Plain sums, as they cross between threads. */
export interface SummarySums {
  rows: number
  /** [column][output] */
  readonly absolute: Float64Array
  /** [group of all columns][output] */
  readonly signed: Float64Array
  readonly counts: Float64Array
}

/** Returns a builder for columns grouped by the given plans. */
export function buildSummary(plans: readonly GroupPlan[], outputs: number): SummaryBuilder {
  const columns = plans.length
  const finders = plans.map(createFinder)
  const offsets: number[] = []
  let groups = 0
  for (const finder of finders) {
    offsets.push(groups)
    groups += finder.groups
  }
  const sums: SummarySums = {
    rows: 0,
    absolute: new Float64Array(columns * outputs),
    signed: new Float64Array(groups * outputs),
    counts: new Float64Array(groups),
  }
  const { absolute, signed, counts } = sums
  return {
    sums,
    add(sources, rows, phi) {
      sums.rows += rows
      plans.forEach((_, j) => {
        const source = sources[j] as Column
        const { find } = finders[j] as Finder
        for (let row = 0; row < rows; row++) {
          const group = offsets[j]! + find(cellAt(source, row))
          counts[group] = counts[group]! + 1
          for (let k = 0; k < outputs; k++) {
            const value = phi[(row * outputs + k) * columns + j]!
            absolute[j * outputs + k] = absolute[j * outputs + k]! + Math.abs(value)
            signed[group * outputs + k] = signed[group * outputs + k]! + value
          }
        }
      })
    },
    merge(other) {
      sums.rows += other.rows
      for (const name of ['absolute', 'signed', 'counts'] as const) {
        const own = sums[name]
        other[name].forEach((value, i) => {
          own[i] = own[i]! + value
        })
      }
    },
    finish: (about) => ({
      ...about,
      rows: sums.rows,
      columns: plans.map(({ column, by }, j) => {
        const { groups, describe } = finders[j] as Finder
        const start = offsets[j]!
        const numbers = Array.from({ length: groups }, (_, group) => group)
        const perOutput = (value: (k: number) => number) =>
          Array.from({ length: outputs }, (_, k) => value(k))
        return {
          column,
          by,
          meanAbsolute: perOutput((k) => absolute[j * outputs + k]! / sums.rows),
          mean: perOutput(
            (k) =>
              numbers.reduce((sum, group) => sum + signed[(start + group) * outputs + k]!, 0) /
              sums.rows,
          ),
          groups: numbers.flatMap((group) => {
            const rows = counts[start + group]!
            if (rows === 0) return []
            const mean = perOutput((k) => signed[(start + group) * outputs + k]! / rows)
            return [{ ...describe(group), rows, mean }]
          }),
        }
      }),
    }),
  }
}

interface Finder {
  readonly groups: number
  /** Returns the number of a cell's group. */
  find(cell: Cell): number
  describe(group: number): Omit<GroupSummary, 'rows' | 'mean'>
}

/**
 * Groups in their order, then one of other values, then one of missing values. Around ranges stand those of the numbers
 * below and above all of them.
 */
function createFinder({ values, edges }: GroupPlan): Finder {
  if (edges) {
    const ranges = Math.max(1, edges.length - 1)
    const [first, last] = [edges[0]!, edges.at(-1)!]
    const [above, others, missing] = [ranges + 1, ranges + 2, ranges + 3]
    return {
      groups: ranges + 4,
      find(cell) {
        if (cell === null) return missing
        if (typeof cell !== 'number') return others
        if (cell < first) return 0
        if (cell > last) return above
        let group = 1
        while (group < ranges && cell >= edges[group]!) group++
        return group
      },
      describe(group) {
        if (group === missing) return { value: null }
        if (group === others) return { others: true }
        if (group === 0) return { to: first }
        if (group === above) return { from: last }
        const from = edges[group - 1]!
        return { from, to: edges[group] ?? from }
      },
    }
  }
  const known = values ?? []
  const groupOf = new Map(known.map((value, group) => [value, group]))
  return {
    groups: known.length + 2,
    find: (cell) => (cell === null ? known.length + 1 : (groupOf.get(cell) ?? known.length)),
    describe(group) {
      if (group === known.length + 1) return { value: null }
      return group === known.length ? { others: true } : { value: known[group] as Cell }
    },
  }
}

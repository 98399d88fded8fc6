/** The numbers of a row that say on which side of a node a category goes: read from a table by its code, or from its set. */
import type { ColumnView } from './views.ts'

/** A view and the number that it shows of a missing value. */
export interface Slot {
  readonly view: ColumnView
  readonly missing: number
}

/** Most numbers in the tables of an ensemble: 4 MiB. */
const MOST_NUMBERS = 2 ** 19

/** From so many numbers on, copying them at once costs less than one by one. */
const WORTH_COPYING = 24

/** Entries of a table before those of the codes. */
const OUTSIDE = 0
const MISSING = 1
const FIRST_CODE = 2

/** The slots of one column. */
interface Column {
  readonly feature: number
  readonly slots: readonly Slot[]
  /** The first code beyond all sets. */
  readonly end: number
  /** What all slots show, [entry][slot]; absent where it would be too large. */
  readonly table: Float64Array | undefined
}

/** Returns what writes the numbers of slots, which are ordered by column, behind each other into a row. */
export function packCodes(
  slots: readonly Slot[],
): (data: Float64Array, from: number, to: Float64Array, start: number, stride: number) => void {
  let left = MOST_NUMBERS
  const columns = groupByFeature(slots).map((own): Column => {
    const end = own.reduce((most, { view }) => Math.max(most, view.codes.length * 8), 0)
    const size = (FIRST_CODE + end) * own.length
    const table = size <= left ? makeTable(own, end) : undefined
    if (table) left -= size
    return { feature: own[0]!.view.feature, slots: own, end, table }
  })
  return (data, from, to, start, stride) => {
    let at = start
    for (const { feature, slots: own, end, table } of columns) {
      const value = data[from + feature]!
      let entry = Number.isNaN(value) ? MISSING : OUTSIDE
      // As `hasCode` says it: fractions are cut off towards 0, and nothing lies in an empty set.
      if (value > -1 && value < end) entry = FIRST_CODE + (value | 0)
      const count = own.length
      if (!table) {
        for (let i = 0; i < count; i++) to[at + i * stride] = show(own[i]!, entry)
      } else if (stride === 1 && count >= WORTH_COPYING) {
        to.set(table.subarray(entry * count, (entry + 1) * count), at)
      } else {
        const first = entry * count
        for (let i = 0; i < count; i++) to[at + i * stride] = table[first + i]!
      }
      at += count * stride
    }
  }
}

function groupByFeature(slots: readonly Slot[]): Slot[][] {
  const groups: Slot[][] = []
  for (const slot of slots) {
    const last = groups.at(-1)
    if (last?.[0]?.view.feature === slot.view.feature) last.push(slot)
    else groups.push([slot])
  }
  return groups
}

function makeTable(slots: readonly Slot[], end: number): Float64Array {
  const table = new Float64Array((FIRST_CODE + end) * slots.length)
  for (let entry = 0, at = 0; entry < FIRST_CODE + end; entry++)
    for (const slot of slots) table[at++] = show(slot, entry)
  return table
}

/** Returns what a slot shows: −∞ goes left, ∞ right. */
function show({ view: { kind, codes }, missing }: Slot, entry: number): number {
  if (entry === MISSING) return missing
  const code = entry - FIRST_CODE
  const isInside =
    entry !== OUTSIDE && code < codes.length * 8 && ((codes[code >> 3]! >> (code & 7)) & 1) === 1
  return isInside === (kind === 'codes_left') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

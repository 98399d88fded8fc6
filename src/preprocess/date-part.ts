/** Numbers made of dates: a derived column per part, such as the year. */
import { dateParts, momentOf } from '../data/date-text.ts'
import { type Cell, type Column, numberColumn } from '../data/frame.ts'
import type { Derivation } from './derivation.ts'
import type { DateColumn } from './derived-column.ts'

/** Returns what makes a part of a date from the text of its moment; missing where the text is none. */
export function buildDatePart({ part }: DateColumn): Derivation {
  const partOf = dateParts[part]
  const cell = (source: Cell): number | null => {
    const moment = typeof source === 'string' ? momentOf(source) : undefined
    return moment === undefined ? null : partOf(moment)
  }
  return {
    type: 'number',
    cell,
    column(source: Column) {
      if (source.kind === 'number')
        return numberColumn(new Float64Array(source.values.length).fill(Number.NaN))
      const made = Float64Array.from(source.levels, (text) => cell(text) ?? Number.NaN)
      return numberColumn(
        Float64Array.from(source.codes, (code) => (code < 0 ? Number.NaN : made[code]!)),
      )
    },
  }
}

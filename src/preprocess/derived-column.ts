/** Columns that are made from others, as plans and stored preprocessors have them. */
import { type DatePart, dateParts } from '../data/date-text.ts'
import type { JsonObject, JsonReader } from '../data/json-fields.ts'

/** A text column made from another by a regular expression in linear time (RE2 syntax). */
export interface PatternColumn {
  readonly kind?: undefined
  readonly column: string
  readonly from: string
  readonly pattern: string
  /** Which group of the pattern is the value; 0 = the whole match. */
  readonly group: number
  /** Replaces values, so that spellings of one thing become one. */
  readonly map: Readonly<Record<string, string>>
}

/** A number column made from one of dates. */
export interface DateColumn {
  readonly kind: 'date'
  readonly column: string
  readonly from: string
  readonly part: DatePart
}

export type DerivedColumn = PatternColumn | DateColumn

const parts = Object.keys(dateParts) as DatePart[]

/** Returns a derived column from parsed JSON; throws what the reader throws. */
export function readDerived(entry: JsonObject, reader: JsonReader, where: string): DerivedColumn {
  const column = reader.text(entry.get('column'), `${where}.column`)
  const from = reader.text(entry.get('from'), `${where}.from`)
  if (entry.has('kind') || entry.has('part'))
    return {
      kind: reader.choice(entry.get('kind'), `${where}.kind`, ['date']),
      column,
      from,
      part: reader.choice(entry.get('part'), `${where}.part`, parts),
    }
  return {
    column,
    from,
    pattern: reader.text(entry.get('pattern'), `${where}.pattern`),
    group: reader.whole(entry.get('group') ?? 0, `${where}.group`, 0, 99),
    map: reader.textMap(entry.get('map') ?? {}, `${where}.map`),
  }
}

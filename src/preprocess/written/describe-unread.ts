/** Warnings of columns that hold numbers but are not read as such: of several units, or with a text among few numbers. */
import { type DataFrame, findColumn, type TextColumn, usedLevels } from '../../data/frame.ts'
import { isDecimal } from '../../data/number.ts'
import { numberParts } from '../../data/number-text.ts'
import { flagWith, quote } from '../../errors.ts'
import { isMarker } from './markers.ts'

/** With more texts than this, one says little. */
const MOST_STRANGERS = 2
/** Larger shares of rows are a category of their own. */
const LARGEST_SHARE = 0.05
const LEAST_NUMBERS = 3
/** With more units than this, they are rather words. */
const MOST_UNITS = 10
/** How many texts are looked at. */
const SAMPLE = 200
/** Letters behind numbers that are units; others are parts of codes, such as seats and sizes. */
const UNIT = /^(?:\p{Sc}|[A-Z]{1,3}\p{Sc}|[gmlhstkKMB%‰°]|[\p{L}%‰°][\p{L}\p{No}%°/·]+)/u
const PLACES = new Set(['st', 'nd', 'rd', 'th'])

/** Returns a warning for every column of these names that holds numbers and is taken as texts. */
export function describeUnread(frame: DataFrame, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const column = findColumn(frame, name)
    if (column?.kind !== 'text' || column.unread !== undefined) return []
    const units = findUnits(column)
    if (units)
      return [
        `column ${quote(name)} holds numbers of different units, such as ${quote(units[0])} and ${quote(units[1])}, and is taken as texts; write all in one unit, or leave the column out (${flagWith('--drop', name)})`,
      ]
    return findStrangers(column).map(
      ([text, rows]) =>
        `column ${quote(name)} holds numbers but for ${quote(text)} in ${rows} ${rows === 1 ? 'row' : 'rows'}, so every number is a category; ${flagWith('--treat-as-missing', text)} if it means no value`,
    )
  })
}

/** Returns two texts of different units where all texts are numbers with one. */
function findUnits({ levels }: TextColumn): readonly [string, string] | undefined {
  const textOf = new Map<string, string>()
  const numbers = new Set<string>()
  for (const text of levels.slice(0, SAMPLE)) {
    if (isMarker(text)) continue
    const parts = numberParts(text)
    if (!parts || !UNIT.test(parts.affix) || PLACES.has(parts.affix)) return undefined
    numbers.add(parts.digits)
    if (!textOf.has(parts.affix)) textOf.set(parts.affix, text)
    if (textOf.size > MOST_UNITS) return undefined
  }
  const [first, second] = textOf.values()
  if (numbers.size < LEAST_NUMBERS || first === undefined || second === undefined) return undefined
  return [first, second]
}

/** Returns the few texts that are no numbers, with the number of their rows, where all others are. */
function findStrangers(column: TextColumn): (readonly [text: string, rows: number])[] {
  const levels = usedLevels(column)
  const strangers = levels.filter((text) => !isDecimal(text))
  if (strangers.length === 0 || strangers.length > MOST_STRANGERS) return []
  if (levels.length - strangers.length < LEAST_NUMBERS) return []
  const counted = strangers.map((text) => {
    const code = column.levels.indexOf(text)
    return [text, column.codes.reduce((sum, own) => sum + (own === code ? 1 : 0), 0)] as const
  })
  const rows = counted.reduce((sum, [, count]) => sum + count, 0)
  return rows > column.codes.length * LARGEST_SHARE ? [] : counted
}

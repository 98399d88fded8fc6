/** Columns of whole numbers that a double does not hold: identifiers, kept as texts with all their digits. */
import type { Column } from '../data/frame.ts'
import { isInexactInteger } from '../data/number.ts'
import { InputError, quote } from '../errors.ts'

/** Whether all texts of a column are whole numbers as programs write them, and one is beyond what a double holds. */
export function holdsLongIntegers(column: Column): boolean {
  return (
    column.kind === 'text' &&
    column.levels.every((text) => /^(?:0|-?[1-9]\d*)$/.test(text)) &&
    column.levels.some(isInexactInteger)
  )
}

/** Returns the error for a column of texts that is planned as numbers; names a text that is none. */
export function notNumeric(name: string, levels: readonly string[]): InputError {
  const long = levels.find(isInexactInteger)
  const why = long === undefined ? '' : ', a whole number that a 64-bit float does not hold'
  return new InputError(
    'invalid_number',
    `column ${quote(name)} cannot be numeric: it holds ${quote(long ?? levels[0] ?? '')}${why}`,
    [{ column: name }],
  )
}

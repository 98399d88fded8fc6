/** What makes a derived column: one behaviour per kind. */
import { buildDatePart } from './date-part.ts'
import type { Derivation } from './derivation.ts'
import type { DerivedColumn } from './derived-column.ts'
import { buildPattern } from './pattern.ts'

/**
 * Returns what makes a derived column from its source.
 * @throws InputError `invalid_pattern`
 */
export function buildDerivation(derived: DerivedColumn): Derivation {
  return derived.kind === 'date' ? buildDatePart(derived) : buildPattern(derived)
}

/** Returns the type of a derived column. */
export function derivedType({ kind }: DerivedColumn): Derivation['type'] {
  return kind === 'date' ? 'number' : 'text'
}

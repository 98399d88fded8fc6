/** The class that a row's probabilities speak for. */
import { InputError, placed } from '../errors.ts'

/**
 * Returns the most probable class, the first of equals.
 * @param at where the row's probabilities begin
 * @param row its number from 0, for the message
 * @throws InputError `non_finite`
 */
export function mostProbable(
  probabilities: Float64Array,
  at: number,
  classes: number,
  row: number,
): number {
  let best = 0
  for (let k = 0; k < classes; k++) {
    const value = probabilities[at + k]!
    if (!Number.isFinite(value)) throw beyondDoubles(row)
    if (value > probabilities[at + best]!) best = k
  }
  return best
}

/** Values near the largest double have a score that is none. */
export function beyondDoubles(row: number): InputError {
  return new InputError(
    'non_finite',
    placed`${{ row: row + 1 }}: its values are too large for this model`,
  )
}

/** The memory that request bodies take together: a part of it is for small ones alone, so that large ones shut out nobody. */
import { InputError } from '../errors.ts'

/** Bodies up to this size may use all of the memory. */
const SMALL_BYTES = 64 << 10
/** Memory for small bodies alone: this share of all, and no more bytes than these. */
const SMALL_SHARE = 1 / 8
const MOST_FOR_SMALL = 16 << 20

export interface BodyBudget {
  /** Bytes that are taken. */
  readonly held: number
  /** Takes memory for a body of so many bytes, or for what is made of one; throws InputError `overloaded`. */
  take(bytes: number): void
  /** Gives back what was taken at once. */
  give(bytes: number): void
  /** Takes as many bytes as a body has grown to, in place of those it had. */
  grow(before: number, bytes: number): void
}

/**
 * @param limit bytes of the largest body, for which there is room in any case
 * @param budget bytes of all bodies
 */
export function createBodyBudget(limit: number, budget: number): BodyBudget {
  const forSmall = Math.min(budget * SMALL_SHARE, MOST_FOR_SMALL)
  const mostLarge = Math.max(Math.min(limit, budget), budget - forSmall)
  let held = 0
  let large = 0
  const largeOf = (bytes: number) => (bytes > SMALL_BYTES ? bytes : 0)
  const grow = (before: number, bytes: number) => {
    const grown = held - before + bytes
    const grownLarge = large - largeOf(before) + largeOf(bytes)
    if (grown > budget || (bytes > SMALL_BYTES && grownLarge > mostLarge)) throw noMemory()
    held = grown
    large = grownLarge
  }
  return {
    get held() {
      return held
    },
    take: (bytes) => grow(0, bytes),
    give(bytes) {
      held -= bytes
      large -= largeOf(bytes)
    },
    grow,
  }
}

function noMemory(): InputError {
  return new InputError('overloaded', 'the bodies being read fill the memory set aside; try again')
}

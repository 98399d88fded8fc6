/** What a target of the fuzzer is: cases that can be made again from a seed, and what must hold of each. */
import type fc from 'fast-check'

export interface Target<T> {
  readonly arbitrary: fc.Arbitrary<T>
  /** Throws where something does not hold. */
  readonly check: (value: T) => Promise<void> | void
  /** Returns a case as a person reads it. */
  readonly show: (value: T) => string
  /** Checks that are made once, before the random cases; the names of those that fail with what was found. */
  readonly first?: () => Promise<readonly string[]>
}

/** Servers that are asked, by their ports. */
export interface Servers {
  /** The model that ships: numbers and texts. */
  readonly passengers: number
  /** Three columns of numbers, for the formats that hold nothing else. */
  readonly numbers: number
}

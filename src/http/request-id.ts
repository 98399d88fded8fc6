/** Ids of requests: UUIDs that no other process gives, at the cost of a counter. */
import { randomUUID } from 'node:crypto'

/** Six hexadecimal digits count; those before them are random, and new when the count is over. */
const COUNTED = 1 << 24
const DIGITS = 6
let prefix = ''
let count = COUNTED - 1

/** Returns the next id. */
export function nextRequestId(): string {
  count = (count + 1) % COUNTED
  if (count === 0) prefix = randomUUID().slice(0, -DIGITS)
  // A digit in front keeps the zeros.
  return prefix + (COUNTED | count).toString(16).slice(1)
}

/** The cells of a column that is read: typed arrays that grow without being copied. */

/** Memory that readers ask for before they take it. */
export interface MemoryBudget {
  /** @throws InputError `too_large` when that is more than there is */
  reserve(bytes: number): void
  release(bytes: number): void
}

/** A list of numbers. */
export interface Cells<T> {
  push(value: number): void
  /** Returns all values and forgets them. */
  take(): T
  drop(): void
}

/** Cells of a further array, at least. */
const LEAST_CELLS = 16
/** Up to so many, the next array is as large as all before: a table of few rows may have 100,000 columns. */
const FEW_CELLS = 1024

/**
 * Returns an empty list of cells. The first array has the capacity asked for: where that is enough, which is the rule,
 * the result is a view of it, and what was not written of it never became memory. Others follow a quarter as large.
 */
export function createCells<T extends Float64Array | Int32Array>(
  Values: { new (size: number): T; readonly BYTES_PER_ELEMENT: number },
  capacity: number,
  budget: MemoryBudget,
): Cells<T> {
  let full: T[] = []
  // None for a column without cells of this kind: an empty array takes as long to make as one with some.
  let current: T | undefined
  let at = 0
  let total = 0
  let reserved = 0
  const next = () => {
    const more = total < FEW_CELLS ? total : total >> 2
    const size = total === 0 ? Math.max(1, capacity) : Math.max(LEAST_CELLS, more)
    if (current) full.push(current)
    const made = Values.BYTES_PER_ELEMENT * size
    budget.reserve(made)
    reserved += made
    total += size
    at = 0
    current = new Values(size)
    return current
  }
  const drop = () => {
    full = []
    current = undefined
    at = 0
    total = 0
    budget.release(reserved)
    reserved = 0
  }
  return {
    push(value) {
      const values = current && at < current.length ? current : next()
      values[at++] = value
    },
    take() {
      const last = current ? (current.subarray(0, at) as T) : new Values(0)
      if (full.length === 0) {
        current = undefined
        return last
      }
      const result = new Values(full.reduce((sum, { length }) => sum + length, at))
      let offset = 0
      for (const part of [...full, last]) {
        result.set(part, offset)
        offset += part.length
      }
      drop()
      return result
    },
    drop,
  }
}

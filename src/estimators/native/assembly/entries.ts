/**
 * A node's rows are entries between two positions, in ascending order of rows: the row in the low
 * 32 bits, above it the class, or with `packed` (two classes, whole weights) weight · 2 + class. A
 * packed sum holds the weight of class 0 in its low and that of class 1 in its high 32 bits, so
 * that one addition serves both.
 */
import { classes, packed } from './limits'
import { entriesAt, weightsAt } from './scratch'

export function entries(): usize {
  return entriesAt
}

export function weights(): usize {
  return weightsAt
}

export function entryAt(position: i32): usize {
  return entriesAt + 8 * <usize>position
}

export function rowAt(position: i32): i32 {
  return load<i32>(entryAt(position))
}

/** A packed entry's addition to a packed sum. */
export function packedWeight(entry: u64): u64 {
  return (entry >>> 33) << ((entry >>> 27) & 32)
}

/** Adds up the entries start … end − 1 per class. */
export function sumEntries(start: i32, end: i32, to: usize): void {
  const last = entryAt(end)
  if (packed) {
    let sum: u64 = 0
    for (let at = entryAt(start); at < last; at += 8) sum += packedWeight(load<u64>(at))
    store<f64>(to, <f64>(<u32>sum))
    store<f64>(to + 8, <f64>(<u32>(sum >>> 32)))
    return
  }
  for (let k: usize = 0; k < <usize>classes; k++) store<f64>(to + 8 * k, 0)
  for (let at = entryAt(start); at < last; at += 8) {
    const entry = load<u64>(at)
    const cell = to + 8 * <usize>(entry >>> 32)
    store<f64>(cell, load<f64>(cell) + load<f64>(weightsAt + 8 * <usize>(<u32>entry)))
  }
}

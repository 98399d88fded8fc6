// The rows of a tree, drawn with replacement.
import { below } from './random'
import { countsAt, entriesAt } from './scratch'
import { labelsAt, rows } from './training-columns'

export function counts(): usize {
  return countsAt
}

/** Draws `count` rows with replacement; `counts` tells how often each was drawn. */
export function drawRows(count: i32): void {
  memory.fill(countsAt, 0, 4 * <usize>rows)
  for (let i = 0; i < count; i++) {
    const at = countsAt + 4 * <usize>below(rows)
    store<i32>(at, load<i32>(at) + 1)
  }
}

/**
 * Makes the packed entries of the drawn rows, each weighing what it was drawn; returns their
 * number.
 */
export function fillPacked(): i32 {
  let at = entriesAt
  for (let row = 0; row < rows; row++) {
    const weight = load<i32>(countsAt + 4 * <usize>row)
    const label = load<i32>(labelsAt + 4 * <usize>row)
    store<u64>(at, <u64>row | ((<u64>(2 * weight + label)) << 32))
    // Overwritten by the next one where the row was not drawn.
    at += weight > 0 ? 8 : 0
  }
  return <i32>((at - entriesAt) >> 3)
}

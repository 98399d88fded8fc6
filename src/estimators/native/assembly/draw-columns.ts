/**
 * The columns that a node looks at. They stand in an order: known constants, constants found now,
 * columns not drawn, columns drawn.
 */
import { searchWaiting } from './binary-columns'
import { maxFeatures } from './limits'
import { below } from './random'
import { constantsAt, orderAt } from './scratch'
import { searchColumn } from './search-column'
import { columns } from './training-columns'

/** Puts the columns in their order of a new tree. */
export function orderColumns(): void {
  for (let j = 0; j < columns; j++) store<i32>(orderAt + 4 * <usize>j, j)
}

/**
 * Searches drawn columns until `maxFeatures` were looked at, and on as long as all were constant.
 * Draws follow scikit-learn's rule: a constant column counts as looked at. Nodes must come depth
 * first, or with `known` 0. Returns how many columns are known to be constant in the node's
 * children.
 */
export function searchColumns(known: i32, start: i32, end: i32): i32 {
  let found = 0
  let drawnConstants = 0
  let last = columns
  let looked = 0
  const isAll = maxFeatures >= columns
  while (
    last > known + found &&
    (isAll || looked < maxFeatures || looked <= found + drawnConstants)
  ) {
    looked++
    // With all columns there is nothing to draw, nor a reason to look at constant ones.
    const draw = isAll
      ? last - found - 1
      : drawnConstants + <i32>below(<u32>(last - found - drawnConstants))
    if (draw < known) {
      swapOrder(drawnConstants++, draw)
      continue
    }
    const at = draw + found
    if (searchColumn(load<i32>(orderAt + 4 * <usize>at), start, end)) {
      swapOrder(at, known + found)
      found++
    } else {
      last--
      swapOrder(at, last)
    }
  }
  searchWaiting(start, end)
  // Deeper calls have mixed the part in front; the same columns in the order of before keep nodes
  // independent.
  memory.copy(orderAt, constantsAt, 4 * <usize>known)
  memory.copy(constantsAt + 4 * <usize>known, orderAt + 4 * <usize>known, 4 * <usize>found)
  return known + found
}

function swapOrder(a: i32, b: i32): void {
  const atA = orderAt + 4 * <usize>a
  const atB = orderAt + 4 * <usize>b
  const kept = load<i32>(atA)
  store<i32>(atA, load<i32>(atB))
  store<i32>(atB, kept)
}

// What the search knows of the open node, and of its column under search.
import { packed } from './limits'
import { hasMissingAt } from './training-columns'

/** f64 [class] */
export let nodeSums: usize
/** The same as a packed sum. */
export let nodePacked: u64
/** Whether the column has missing values in any row; in most that saves looking for them. */
export let columnHasMissing: bool
/** Whether it has some in the node; known once it was searched. */
export let nodeHasMissing: bool

export function enterNode(sums: usize): void {
  nodeSums = sums
  if (packed) nodePacked = <u64>load<f64>(sums) | ((<u64>load<f64>(sums + 8)) << 32)
}

export function enterColumn(column: i32): void {
  columnHasMissing = load<i32>(hasMissingAt + 4 * <usize>column) != 0
}

export function setNodeHasMissing(has: bool): void {
  nodeHasMissing = has
}

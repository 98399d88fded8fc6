// The nodes of a tree, as ../tree-grower.ts reads them.
import { sumEntries } from './entries'
import { impurityOf } from './impurity'
import { classes } from './limits'
import { nodesAt } from './scratch'

// Offsets in a node's record; the weights of the classes come last.
const FEATURE: usize = 0
const LEFT: usize = 4
const RIGHT: usize = 8
const MISSING_LEFT: usize = 12
const ROW_BELOW: usize = 16
const ROW_ABOVE: usize = 20
const IMPURITY: usize = 24
const WEIGHT: usize = 32

let nodeCount: i32

export function clearNodes(): void {
  nodeCount = 0
}

export function countNodes(): i32 {
  return nodeCount
}

function nodeAt(node: i32): usize {
  return nodesAt + <usize>node * (WEIGHT + 8 * <usize>classes)
}

/** Where the node's weight per class lies. */
export function weightAt(node: i32): usize {
  return nodeAt(node) + WEIGHT
}

export function impurityAt(node: i32): f64 {
  return load<f64>(nodeAt(node) + IMPURITY)
}

/** Adds a leaf of the entries start … end − 1 and returns its number. */
export function addNode(start: i32, end: i32): i32 {
  const node = addLeaf()
  sumEntries(start, end, weightAt(node))
  store<f64>(nodeAt(node) + IMPURITY, impurityOf(weightAt(node)))
  return node
}

/** The same where sums and impurity are known. */
export function addSummed(sums: usize, impurity: f64): i32 {
  const node = addLeaf()
  const to = weightAt(node)
  for (let k: usize = 0; k < <usize>classes; k++) store<f64>(to + 8 * k, load<f64>(sums + 8 * k))
  store<f64>(nodeAt(node) + IMPURITY, impurity)
  return node
}

function addLeaf(): i32 {
  const node = nodeCount++
  const at = nodeAt(node)
  memory.fill(at, 0, WEIGHT)
  store<i32>(at + FEATURE, -1)
  store<i32>(at + LEFT, -1)
  store<i32>(at + RIGHT, -1)
  return node
}

/** Notes the split that a leaf may become. */
export function noteSplit(
  node: i32,
  column: i32,
  missingLeft: bool,
  rowBelow: i32,
  rowAbove: i32,
): void {
  const at = nodeAt(node)
  store<i32>(at + MISSING_LEFT, missingLeft ? 1 : 0)
  store<i32>(at + ROW_BELOW, rowBelow)
  store<i32>(at + ROW_ABOVE, rowAbove)
  // The feature waits in the record's place of the left child until the split is made.
  store<i32>(at + LEFT, -2 - column)
}

/** Makes a noted split; its children must be added next, the left one first. */
export function splitNode(node: i32): void {
  const at = nodeAt(node)
  store<i32>(at + FEATURE, -2 - load<i32>(at + LEFT))
  store<i32>(at + LEFT, nodeCount)
  store<i32>(at + RIGHT, nodeCount + 1)
}

// Growth of a tree: opens nodes and makes them splits.
import {
  bestColumn,
  bestHasMissing,
  bestMissingLeft,
  bestRowAbove,
  bestRowBelow,
  forgetBest,
} from './best-split'
import { clearWaiting, scanMasks } from './binary-columns'
import { totalOf } from './class-sums'
import { orderColumns, searchColumns } from './draw-columns'
import { sumEntries } from './entries'
import { impurityOf } from './impurity'
import { maxDepth, minImpurityDecrease, minSamplesLeaf, minSamplesSplit, packed } from './limits'
import {
  addNode,
  addSummed,
  clearNodes,
  countNodes,
  impurityAt,
  noteSplit,
  splitNode,
  weightAt,
} from './nodes'
import { enterNode, nodeSums } from './open-node'
import { partEntries } from './part-entries'
import { leftSumsAt, PART_SIZE, partsAt, rightSumsAt } from './scratch'
import { maskWords } from './training-columns'

/** Less impurity than this is none, as in scikit-learn. */
const EPSILON: f64 = 2.220446049250313e-16

/** Weight of the whole tree's rows. */
let allWeight: f64
// Results of `openNode`.
let openMiddle: i32
let openKnown: i32
let openGain: f64
let leftImpurity: f64
let rightImpurity: f64

/** Where the right entries of the node opened last begin. */
export function middle(): i32 {
  return openMiddle
}

/** What its split takes off the tree's impurity. */
export function gain(): f64 {
  return openGain
}

/** Begins a tree of the first `count` entries; returns its root. */
export function begin(count: i32): i32 {
  clearNodes()
  clearWaiting()
  orderColumns()
  const root = addNode(0, count)
  allWeight = totalOf(weightAt(root))
  return root
}

/** Parts a node's entries by its best split; returns whether there is one worth making. */
export function openNode(node: i32, start: i32, end: i32, depth: i32, known: i32): bool {
  if (!mayBeSplit(node, end - start, depth)) return false
  enterNode(weightAt(node))
  forgetBest()
  if (maskWords > 0) scanMasks(start, end)
  openKnown = searchColumns(known, start, end)
  if (bestColumn < 0) return false
  openMiddle = partEntries(start, end)
  measureSides(start, end)
  const weight = totalOf(nodeSums)
  openGain =
    (weight / allWeight) *
    (impurityAt(node) -
      (totalOf(rightSumsAt) / weight) * rightImpurity -
      (totalOf(leftSumsAt) / weight) * leftImpurity)
  if (openGain + EPSILON < minImpurityDecrease) return false
  const missingLeft = bestHasMissing ? bestMissingLeft : openMiddle - start > end - openMiddle
  noteSplit(node, bestColumn, missingLeft, bestRowBelow, bestRowAbove)
  return true
}

function mayBeSplit(node: i32, length: i32, depth: i32): bool {
  return (
    depth < maxDepth &&
    length >= minSamplesSplit &&
    length >= 2 * minSamplesLeaf &&
    impurityAt(node) > EPSILON
  )
}

function measureSides(start: i32, end: i32): void {
  sumEntries(start, openMiddle, leftSumsAt)
  if (packed) {
    // Whole numbers, so the difference is exact.
    store<f64>(rightSumsAt, load<f64>(nodeSums) - load<f64>(leftSumsAt))
    store<f64>(rightSumsAt + 8, load<f64>(nodeSums + 8) - load<f64>(leftSumsAt + 8))
  } else sumEntries(openMiddle, end, rightSumsAt)
  leftImpurity = impurityOf(leftSumsAt)
  rightImpurity = impurityOf(rightSumsAt)
}

/**
 * Grows a whole tree from the first `count` entries, a node's left part before its right one;
 * returns its nodes.
 */
export function growDepthFirst(count: i32): i32 {
  begin(count)
  // At most one waiting part per level and one more.
  let top = 0
  pushPart(top++, 0, 0, count, 0, 0)
  while (top > 0) {
    const at = partsAt + PART_SIZE * <usize>--top
    const node = load<i32>(at)
    const start = load<i32>(at + 4)
    const end = load<i32>(at + 8)
    const depth = load<i32>(at + 12)
    if (!openNode(node, start, end, depth, load<i32>(at + 16))) continue
    const known = openKnown
    const split = openMiddle
    splitNode(node)
    const left = addSummed(leftSumsAt, leftImpurity)
    const right = addSummed(rightSumsAt, rightImpurity)
    if (mayBeSplit(right, end - split, depth + 1))
      pushPart(top++, right, split, end, depth + 1, known)
    if (mayBeSplit(left, split - start, depth + 1))
      pushPart(top++, left, start, split, depth + 1, known)
  }
  return countNodes()
}

function pushPart(index: i32, node: i32, start: i32, end: i32, depth: i32, known: i32): void {
  const at = partsAt + PART_SIZE * <usize>index
  store<i32>(at, node)
  store<i32>(at + 4, start)
  store<i32>(at + 8, end)
  store<i32>(at + 12, depth)
  store<i32>(at + 16, known)
}

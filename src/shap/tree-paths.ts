import { leftShare, type TreeEnsemble } from '../trees/ensemble.ts'

/** Sides of a split, as numbers. */
export const RIGHT = 0
export const LEFT = 1

/** What the paths to the inner nodes of one tree have in common; nodes in preorder, one entry per inner node. */
export interface TreePaths {
  /** Node number in the ensemble. */
  readonly node: Int32Array
  /** Position of the inner child, or −1 − number of the leaf. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** Position of the node directly above, or −1, and the side on which the path leaves it. */
  readonly parent: Int32Array
  readonly parentSide: Uint8Array
  /** Position of the nearest node above that splits on the same feature, or −1, and the side. */
  readonly ancestor: Int32Array
  readonly ancestorSide: Uint8Array
  /** Weight of the left branch: cover of the left child over both. */
  readonly leftWeight: Float64Array
  /** Product of the branch weights of the splits above on the same feature; 1 if there is none. */
  readonly weightAbove: Float64Array
  /** Largest number of different features on a path; 0 for a single leaf. */
  readonly distinct: number
}

/** Returns the paths of the tree with the given root. */
export function tracePaths(trees: TreeEnsemble, root: number): TreePaths {
  const { node, parent, parentSide } = listInnerNodes(trees, root)
  const count = node.length
  const left = new Int32Array(count)
  const right = new Int32Array(count)
  const ancestor = new Int32Array(count)
  const ancestorSide = new Uint8Array(count)
  const leftWeight = new Float64Array(count)
  const weightAbove = new Float64Array(count).fill(1)
  const distinctTo = new Int32Array(count)
  // The path to a node, the side on which it leaves each of them, and per feature its last node on the path, plus 1.
  const path = new Int32Array(count)
  const leaving = new Uint8Array(count)
  const last = new Int32Array(
    node.reduce((most, own) => Math.max(most, trees.feature[own]!), 0) + 1,
  )
  let [depth, distinct] = [0, 0]
  for (let i = 0; i < count; i++) {
    const own = node[i]!
    const feature = trees.feature[own]!
    // Inner children come later and replace these.
    left[i] = -1 - trees.left[own]!
    right[i] = -1 - trees.right[own]!
    leftWeight[i] = leftShare(trees, own)
    const above = parent[i]!
    if (above >= 0) (parentSide[i] === LEFT ? left : right)[above] = i
    while (depth > 0 && path[depth - 1] !== above) {
      const done = path[--depth]!
      last[trees.feature[node[done]!]!] = ancestor[done]! + 1
    }
    if (above >= 0) leaving[above] = parentSide[i]!
    const up = last[feature]! - 1
    const side = up < 0 ? RIGHT : leaving[up]!
    path[depth++] = i
    last[feature] = i + 1
    ancestor[i] = up
    ancestorSide[i] = side
    if (up >= 0) {
      const share = leftWeight[up]!
      weightAbove[i] = weightAbove[up]! * (side === LEFT ? share : 1 - share)
    }
    const before = above < 0 ? 0 : distinctTo[above]!
    distinctTo[i] = before + (up < 0 ? 1 : 0)
    distinct = Math.max(distinct, distinctTo[i]!)
  }
  return {
    node,
    left,
    right,
    parent,
    parentSide,
    ancestor,
    ancestorSide,
    leftWeight,
    weightAbove,
    distinct,
  }
}

/** Returns the points of the quadrature that is exact for paths of so many different features: ⌈distinct / 2⌉. */
export function pointsFor(distinct: number): number {
  return Math.max(1, Math.ceil(distinct / 2))
}

function listInnerNodes(trees: TreeEnsemble, root: number) {
  const node: number[] = []
  const parent: number[] = []
  const parentSide: number[] = []
  // Right children that wait, with the position above: left ones are gone down to at once.
  const waiting: number[] = []
  const waitingBelow: number[] = []
  let [own, above, side] = [root, -1, LEFT]
  for (;;) {
    if (trees.feature[own]! >= 0) {
      const at = node.length
      node.push(own)
      parent.push(above)
      parentSide.push(side)
      waiting.push(trees.right[own]!)
      waitingBelow.push(at)
      own = trees.left[own]!
      above = at
      side = LEFT
      continue
    }
    const next = waiting.pop()
    if (next === undefined) break
    own = next
    above = waitingBelow.pop() as number
    side = RIGHT
  }
  return {
    node: new Int32Array(node),
    parent: new Int32Array(parent),
    parentSide: new Uint8Array(parentSide),
  }
}

import { groupTrees, type TreeEnsemble } from '../trees/ensemble.ts'
import { LEFT, RIGHT, type TreePaths, tracePaths } from './tree-paths.ts'

/** Most inner nodes of a unit: a larger one would take more memory than its parts. */
const MOST_NODES = 3
/** Bits of an index beyond which a table is out of the question. */
const MOST_BITS = 24

/**
 * A subtree that shares one table. The index of an entry is: per feature of the path above, whether the row satisfies
 * all splits on it; then, per inner node of the unit, whether the row goes left.
 */
export interface Unit {
  /** Number of different features on the path above. */
  readonly above: number
  /** Positions of its inner nodes in the tree's paths; none for a leaf. */
  readonly nodes: readonly number[]
  /** Features in the order of an entry, those of the path above first. */
  readonly features: readonly number[]
  readonly leaves: readonly UnitLeaf[]
}

export interface UnitLeaf {
  /** Number of the leaf in the ensemble, position of its parent (−1 for none) and side. */
  readonly leaf: number
  readonly parent: number
  readonly side: number
  /** Per feature of its path: bits of the index that must be set, bits that must not, place in an entry. */
  readonly conditions: readonly (readonly [number, number, number])[]
}

export interface TablePlanTree {
  /** The output that the tree adds to; undefined: all. */
  readonly output: number | undefined
  readonly paths: TreePaths
  /** Per position: number of its feature among the different ones of the path. */
  readonly bit: Int32Array
  /** Positions above the units, parents first. */
  readonly top: readonly number[]
  readonly units: readonly Unit[]
  /** Per position above the units and side (right, left): number of the unit there, or −1. */
  readonly unitBelow: Int32Array
}

/** Returns the number of doubles of a unit's table for one output. */
export function tableLength({ above, nodes, features }: Unit): number {
  return 2 ** (above + nodes.length) * features.length
}

/**
 * Returns the tables of an ensemble, trees of one output after each other, or undefined when they would take more bytes
 * than that.
 * @param outputs how many outputs of a leaf have tables
 */
export function planTables(
  trees: TreeEnsemble,
  outputs: number,
  bytes: number,
): TablePlanTree[] | undefined {
  const planned: TablePlanTree[] = []
  let left = bytes / 8 / outputs
  for (const { output, roots } of groupTrees(trees)) {
    for (const root of roots) {
      const paths = tracePaths(trees, root)
      if (paths.node.length === 0) continue
      // A leaf's table has a bit per feature of its path; do not plan what cannot be.
      if (paths.distinct > MOST_BITS) return undefined
      const tree = { ...planTree(trees, paths), output }
      for (const unit of tree.units) {
        left -= unit.above + unit.nodes.length > MOST_BITS ? Infinity : tableLength(unit)
        if (left < 0) return undefined
      }
      planned.push(tree)
    }
  }
  return planned
}

/**
 * Returns about how many bytes the tables of one output per leaf take, without planning them: as if the two leaves of
 * a parent shared a table.
 */
export function estimateTableBytes({ feature, left, right }: TreeEnsemble): number {
  const parent = new Int32Array(feature.length).fill(-1)
  const distinct = new Int32Array(feature.length)
  let bytes = 0
  for (let node = 0; node < feature.length; node++) {
    const own = feature[node]!
    if (own < 0) {
      const players = distinct[parent[node]!] ?? 0
      bytes += 2 ** players * players * 4
      continue
    }
    let above = parent[node]!
    while (above >= 0 && feature[above] !== own) above = parent[above]!
    distinct[node] = (distinct[parent[node]!] ?? 0) + (above < 0 ? 1 : 0)
    parent[left[node]!] = node
    parent[right[node]!] = node
  }
  return bytes
}

function planTree(trees: TreeEnsemble, paths: TreePaths): Omit<TablePlanTree, 'output'> {
  const { node, left, right, parent, ancestor } = paths
  const count = node.length
  const above = new Int32Array(count)
  const bit = new Int32Array(count)
  const size = new Int32Array(count).fill(1)
  for (let i = 0; i < count; i++) {
    const up = parent[i]!
    above[i] = up < 0 ? 0 : below(up)
    const earlier = ancestor[i]!
    bit[i] = earlier < 0 ? above[i]! : bit[earlier]!
  }
  /** Number of different features on the path below a position. */
  function below(i: number): number {
    return above[i]! + (ancestor[i]! < 0 ? 1 : 0)
  }
  for (let i = count - 1; i > 0; i--) {
    const up = parent[i]!
    size[up] = size[up]! + size[i]!
  }
  const top: number[] = []
  const units: Unit[] = []
  const unitBelow = new Int32Array(count * 2).fill(-1)
  const add = (start: number, up: number, side: number): void => {
    if (up >= 0) unitBelow[up * 2 + side] = units.length
    const at = start < 0 ? below(up) : above[start]!
    units.push(planUnit(trees, paths, bit, { start, up, side, above: at, size }))
  }
  if (size[0]! <= MOST_NODES) add(0, -1, LEFT)
  for (let i = 0; i < count; i++) {
    if (size[i]! <= MOST_NODES) continue
    top.push(i)
    for (const [side, child] of [
      [LEFT, left[i]!],
      [RIGHT, right[i]!],
    ] as const) {
      if (child < 0 || size[child]! <= MOST_NODES) add(child, i, side)
    }
  }
  return { paths, bit, top, units, unitBelow }
}

interface Place {
  /** Position of its first node, or −1 − number of the leaf. */
  readonly start: number
  /** Position directly above, or −1, and the side. */
  readonly up: number
  readonly side: number
  readonly above: number
  /** Inner nodes below and including a position. */
  readonly size: Int32Array
}

function planUnit(trees: TreeEnsemble, paths: TreePaths, bit: Int32Array, place: Place): Unit {
  const { start, up, side, above } = place
  const featureAt = (i: number) => trees.feature[paths.node[i]!]!
  const features: number[] = []
  for (let i = up; i >= 0; i = paths.parent[i]!) features[bit[i]!] = featureAt(i)
  // In preorder a subtree's nodes follow each other.
  const nodes = Array.from({ length: start < 0 ? 0 : place.size[start]! }, (_, k) => start + k)
  for (const i of nodes) if (!features.includes(featureAt(i))) features.push(featureAt(i))
  const conditionsAt = (parent: number, last: number) => {
    const conditions: [number, number, number][] = Array.from({ length: above }, (_, b) => [
      1 << b,
      0,
      b,
    ])
    const steps: [number, number][] = []
    for (let i = parent, s = last; i !== up; s = paths.parentSide[i]!, i = paths.parent[i]!)
      steps.push([i, s])
    for (const [i, s] of steps.reverse()) {
      const b = bit[i]!
      conditions[b] ??= [0, 0, features.indexOf(featureAt(i))]
      const decision = 1 << (above + nodes.indexOf(i))
      const condition = conditions[b] as [number, number, number]
      condition[s === LEFT ? 0 : 1] |= decision
    }
    return conditions
  }
  const leaves: UnitLeaf[] = []
  if (start < 0)
    leaves.push({ leaf: -1 - start, parent: up, side, conditions: conditionsAt(up, side) })
  for (const i of nodes) {
    for (const [s, child] of [
      [LEFT, paths.left[i]!],
      [RIGHT, paths.right[i]!],
    ] as const) {
      if (child < 0)
        leaves.push({ leaf: -1 - child, parent: i, side: s, conditions: conditionsAt(i, s) })
    }
  }
  return { above, nodes, features, leaves }
}

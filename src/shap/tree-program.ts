/**
 * An ensemble as the kernels that explain by paths read it; assembly/layout.ts. Numbers of slots: splits, forks, one
 * slot that takes what nobody reads, leaves that hang on a split.
 */
import type { Arena } from '../trees/arena.ts'
import {
  groupTrees,
  leftComparison,
  type TreeEnsemble,
  type TreeGroup,
  valueWidth,
} from '../trees/ensemble.ts'
import {
  DOUBLE,
  FORK_ANCESTOR,
  FORK_FEATURE,
  FORK_SHARES,
  FORK_SIZE,
  FORK_THRESHOLD,
  FORK_VALUE_DIFFERENCE,
  FORK_VALUE_MEAN,
  FORK_VALUE_SIZE,
  FORK_WEIGHT,
  FORK_X,
  SIDES_SIZE,
  SPLIT_ANCESTOR,
  SPLIT_FEATURE,
  SPLIT_LEFT,
  SPLIT_RIGHT,
  SPLIT_SHARES,
  SPLIT_SIZE,
  SPLIT_THRESHOLD,
  SPLIT_WEIGHT,
  SPLIT_X,
  SUM_SIZE,
  TREE_FORK_COUNT,
  TREE_FORK_VALUES,
  TREE_FORKS,
  TREE_LEAF_COUNT,
  TREE_LEAVES,
  TREE_MIXED_QUARTETS,
  TREE_PLAIN_QUARTETS,
  TREE_POINTS,
  TREE_REPEATED_FORKS,
  TREE_RULE,
  TREE_RUN_COUNT,
  TREE_RUNS,
  TREE_SIZE,
  TREE_SPLIT_COUNT,
  TREE_SPLITS,
  WORD,
} from '../trees/layout.generated.ts'
import type { RowLayout } from '../trees/row-layout.ts'
import { slotBytes, writeRule } from './quadrature-rule.ts'
import { listLeaves, orderNodes, type TreeOrder } from './tree-order.ts'
import { LEFT, pointsFor, tracePaths } from './tree-paths.ts'

/** A compiled ensemble in an arena. */
export interface TreeProgram {
  /** Address of the numbers of a single row. */
  readonly x: number
  /** Address of the headers of the trees that have an inner node, those of one group after each other. */
  readonly headers: number
  /** One per header. */
  readonly trees: readonly CompiledTree[]
  readonly groups: readonly ProgramGroup[]
}

/** Trees that add to the same outputs: the address of their first header, and their number. */
export interface ProgramGroup extends Pick<TreeGroup, 'output'> {
  readonly headers: number
  readonly count: number
}

/** A compiled tree. */
export interface CompiledTree {
  readonly order: TreeOrder
  readonly points: number
  /** Address of the quadrature. */
  readonly rule: number
  readonly slots: number
}

/** Takes memory for the numbers of a single row and writes the program of an ensemble, both into the arena. */
export function writeTreeProgram(
  trees: TreeEnsemble,
  layout: RowLayout,
  arena: Arena,
): TreeProgram {
  const grouped = groupTrees(trees).map(({ output, roots }) => ({
    output,
    orders: Array.from(roots, (root) => tracePaths(trees, root))
      .filter((paths) => paths.node.length > 0)
      .map(orderNodes),
  }))
  const orders = grouped.flatMap((group) => group.orders)
  const x = arena.take(layout.length * DOUBLE)
  const placeOf = (node: number) => x + layout.offsetOf(node)
  const headers = arena.take(orders.length * TREE_SIZE)
  const rules = new Map<number, number>()
  const compiled = orders.map((order, i) => {
    const points = pointsFor(order.paths.distinct)
    const rule = rules.get(points) ?? writeRule(arena, points)
    rules.set(points, rule)
    return writeTree(trees, placeOf, { order, points, rule }, headers + i * TREE_SIZE, arena)
  })
  let next = headers
  const groups = grouped.map(({ output, orders: { length: count } }) => {
    const first = next
    next += count * TREE_SIZE
    return { output, headers: first, count }
  })
  return { x, headers, trees: compiled, groups }
}

function writeTree(
  trees: TreeEnsemble,
  placeOf: Writer['placeOf'],
  tree: Pick<CompiledTree, 'order' | 'points' | 'rule'>,
  header: number,
  arena: Arena,
): CompiledTree {
  const { order } = tree
  const { splits, forks, runs } = order
  const width = valueWidth(trees)
  const leaves = listLeaves(order)
  const areas = {
    runs: arena.storeInts(runs),
    splits: arena.take(splits.length * SPLIT_SIZE),
    forks: arena.take(forks.length * FORK_SIZE),
    values: arena.take(width * forks.length * FORK_VALUE_SIZE),
    leaves: arena.take(width * leaves.length * DOUBLE),
  }
  arena.putFields(header, [
    [TREE_POINTS, tree.points],
    [TREE_RULE, tree.rule],
    [TREE_RUNS, areas.runs],
    [TREE_RUN_COUNT, runs.length],
    [TREE_SPLITS, areas.splits],
    [TREE_SPLIT_COUNT, splits.length],
    [TREE_FORKS, areas.forks],
    [TREE_REPEATED_FORKS, forks.length - order.newForks],
    [TREE_FORK_COUNT, forks.length],
    [TREE_FORK_VALUES, areas.values],
    [TREE_LEAVES, areas.leaves],
    [TREE_LEAF_COUNT, leaves.length],
    [TREE_PLAIN_QUARTETS, order.plainQuartets],
    [TREE_MIXED_QUARTETS, order.mixedQuartets],
  ])
  const shares = writeShares(tree, arena)
  // Views are read once, when nothing more is taken: a call for every number would cost more than the numbers.
  const { i32, f64 } = arena
  const writer = { trees, placeOf, order, size: slotBytes(tree.points), i32, f64, shares }
  writeSplits(writer, areas.splits)
  writeForks(writer, areas.forks)
  writeForkValues(writer, areas.values)
  const start = areas.leaves / DOUBLE
  for (let i = 0; i < leaves.length; i++) {
    const own = leaves[i]! * width
    for (let k = 0; k < width; k++) f64[start + k * leaves.length + i] = trees.value[own + k]!
  }
  return {
    ...tree,
    slots: splits.length + forks.length + 1 + leaves.length,
  }
}

interface Writer {
  readonly trees: TreeEnsemble
  /** Returns the address of the number that an inner node compares, in a single row. */
  readonly placeOf: (node: number) => number
  readonly order: TreeOrder
  /** Bytes of a slot. */
  readonly size: number
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** Per position: address of its shares. */
  readonly shares: Int32Array
}

/**
 * Writes t / (R u + t), then R / (R u + t)², at every point for every node with a repeated feature; returns the addresses
 * per position. Of a new feature R is 1, so that these are t and 1, with which the rule begins.
 */
function writeShares(
  { order: { paths }, points, rule }: Pick<CompiledTree, 'order' | 'points' | 'rule'>,
  arena: Arena,
): Int32Array {
  const { ancestor, weightAbove } = paths
  const size = slotBytes(points)
  const repeated = ancestor.reduce((sum, above) => sum + (above < 0 ? 0 : 1), 0)
  let next = arena.take(repeated * 2 * size)
  const { f64 } = arena
  const t = f64.subarray(rule / DOUBLE, (rule + size) / DOUBLE)
  const count = t.length
  const shares = new Int32Array(ancestor.length)
  for (let i = 0; i < ancestor.length; i++) {
    if (ancestor[i]! < 0) {
      shares[i] = rule
      continue
    }
    const R = weightAbove[i]!
    const first = next / DOUBLE
    for (let q = 0; q < count; q++) {
      const point = t[q]!
      const inverse = 1 / (R * (1 - point) + point)
      f64[first + q] = point * inverse
      f64[first + count + q] = R * inverse * inverse
    }
    shares[i] = next
    next += 2 * size
  }
  return shares
}

function writeSplits(
  { trees, placeOf, order, size, i32, f64, shares }: Writer,
  address: number,
): void {
  const { paths, splits, forks, slot } = order
  let nextLeaf = splits.length + forks.length + 1
  for (let at = 0; at < splits.length; at++) {
    const i = splits[at]!
    const node = paths.node[i]!
    const record = address + at * SPLIT_SIZE
    const left = paths.left[i]!
    const right = paths.right[i]!
    i32[(record + SPLIT_X) / WORD] = placeOf(node)
    i32[(record + SPLIT_FEATURE) / WORD] = trees.feature[node]! * SUM_SIZE
    f64[(record + SPLIT_THRESHOLD) / DOUBLE] = leftComparison(trees, node)
    f64[(record + SPLIT_WEIGHT) / DOUBLE] = paths.leftWeight[i]!
    i32[(record + SPLIT_LEFT) / WORD] = size * (left < 0 ? nextLeaf++ : slot[left]!)
    i32[(record + SPLIT_RIGHT) / WORD] = size * (right < 0 ? nextLeaf++ : slot[right]!)
    i32[(record + SPLIT_SHARES) / WORD] = shares[i]!
    i32[(record + SPLIT_ANCESTOR) / WORD] = ancestorSide(order, i)
  }
}

function writeForks({ trees, placeOf, order, i32, f64, shares }: Writer, address: number): void {
  const { paths, forks } = order
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const record = address + at * FORK_SIZE
    i32[(record + FORK_X) / WORD] = placeOf(node)
    i32[(record + FORK_FEATURE) / WORD] = trees.feature[node]! * SUM_SIZE
    f64[(record + FORK_THRESHOLD) / DOUBLE] = leftComparison(trees, node)
    f64[(record + FORK_WEIGHT) / DOUBLE] = paths.leftWeight[i]!
    i32[(record + FORK_SHARES) / WORD] = shares[i]!
    i32[(record + FORK_ANCESTOR) / WORD] = ancestorSide(order, i)
  }
}

function writeForkValues({ trees, order, f64 }: Writer, address: number): void {
  const { paths, forks } = order
  const { value } = trees
  const width = valueWidth(trees)
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const left = trees.left[node]! * width
    const right = trees.right[node]! * width
    const share = paths.leftWeight[i]!
    for (let k = 0; k < width; k++) {
      const fromRight = value[right + k]!
      const difference = value[left + k]! - fromRight
      const record = address + (k * forks.length + at) * FORK_VALUE_SIZE
      f64[(record + FORK_VALUE_MEAN) / DOUBLE] = fromRight + share * difference
      f64[(record + FORK_VALUE_DIFFERENCE) / DOUBLE] = difference
    }
  }
}

/** Returns the offset of the mask that tells whether a row is alive at a node, among the sides of one row. */
function ancestorSide({ paths, slot }: TreeOrder, position: number): number {
  const ancestor = paths.ancestor[position]!
  if (ancestor < 0) return 0
  return (slot[ancestor]! + 1) * SIDES_SIZE + (paths.ancestorSide[position] === LEFT ? 0 : DOUBLE)
}

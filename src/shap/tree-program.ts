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
  FORK_ABOVE,
  FORK_ANCESTOR,
  FORK_FEATURE,
  FORK_INVERSE,
  FORK_SIZE,
  FORK_THRESHOLD,
  FORK_VALUE_DIFFERENCE,
  FORK_VALUE_FIRST,
  FORK_VALUE_SIZE,
  FORK_WEIGHT,
  FORK_X,
  SPLIT_ABOVE,
  SPLIT_ANCESTOR,
  SPLIT_FEATURE,
  SPLIT_INVERSE,
  SPLIT_LEFT_ABOVE,
  SPLIT_LEFT_BELOW,
  SPLIT_REST,
  SPLIT_RIGHT_ABOVE,
  SPLIT_RIGHT_BELOW,
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
  TREE_NEW_FORKS,
  TREE_POINTS,
  TREE_RULE,
  TREE_RUN_COUNT,
  TREE_RUNS,
  TREE_SIZE,
  TREE_SPLIT_COUNT,
  TREE_SPLITS,
} from '../trees/layout.generated.ts'
import type { RowLayout } from '../trees/row-layout.ts'
import { slotBytes, writeRule } from './quadrature-rule.ts'
import { listLeaves, orderNodes, type TreeOrder } from './tree-order.ts'
import { LEFT, pointsFor, tracePaths } from './tree-paths.ts'

/** A compiled ensemble in an arena. */
export interface TreeProgram {
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
  readonly repeatedSplits: number
  readonly slots: number
}

/** Writes the program of an ensemble into the arena. */
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
  const headers = arena.take(orders.length * TREE_SIZE)
  const rules = new Map<number, number>()
  const compiled = orders.map((order, i) => {
    const points = pointsFor(order.paths.distinct)
    const rule = rules.get(points) ?? writeRule(arena, points)
    rules.set(points, rule)
    return writeTree(trees, layout, { order, points, rule }, headers + i * TREE_SIZE, arena)
  })
  let next = headers
  const groups = grouped.map(({ output, orders: { length: count } }) => {
    const first = next
    next += count * TREE_SIZE
    return { output, headers: first, count }
  })
  return { headers, trees: compiled, groups }
}

function writeTree(
  trees: TreeEnsemble,
  layout: RowLayout,
  tree: Pick<CompiledTree, 'order' | 'points' | 'rule'>,
  header: number,
  arena: Arena,
): CompiledTree {
  const { order } = tree
  const { splits, forks, runs, newForks } = order
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
    [TREE_NEW_FORKS, newForks],
    [TREE_FORK_COUNT, forks.length],
    [TREE_FORK_VALUES, areas.values],
    [TREE_LEAVES, areas.leaves],
    [TREE_LEAF_COUNT, leaves.length],
  ])
  const writer = { trees, layout, order, arena, inverse: writeInverses(tree, arena) }
  writeSplits(writer, areas.splits)
  writeForks(writer, areas.forks)
  writeForkValues(writer, areas.values)
  for (let k = 0; k < width; k++)
    for (let i = 0; i < leaves.length; i++)
      arena.putDouble(
        areas.leaves + (k * leaves.length + i) * DOUBLE,
        trees.value[leaves[i]! * width + k]!,
      )
  return {
    ...tree,
    repeatedSplits: runs.reduce((sum, run, r) => sum + (r % 2) * run, 0),
    slots: splits.length + forks.length + 1 + leaves.length,
  }
}

interface Writer {
  readonly trees: TreeEnsemble
  readonly layout: RowLayout
  readonly order: TreeOrder
  readonly arena: Arena
  /** Per position: address of what the node divides by, or 0. */
  readonly inverse: Int32Array
}

/** Writes 1 / (R u + t) at every point for every node with a repeated feature; returns the addresses. */
function writeInverses(
  { order: { paths }, points, rule }: Pick<CompiledTree, 'order' | 'points' | 'rule'>,
  arena: Arena,
): Int32Array {
  const { ancestor, weightAbove } = paths
  const size = slotBytes(points)
  const repeated = ancestor.reduce((sum, above) => sum + (above < 0 ? 0 : 1), 0)
  let next = arena.take(repeated * size)
  const { f64 } = arena
  const t = f64.subarray(rule / DOUBLE, (rule + size) / DOUBLE)
  return ancestor.map((above, i) => {
    if (above < 0) return 0
    const R = weightAbove[i]!
    const address = next
    next += size
    for (let q = 0; q < t.length; q++) f64[address / DOUBLE + q] = 1 / (R * (1 - t[q]!) + t[q]!)
    return address
  })
}

function writeSplits({ trees, layout, order, arena, inverse }: Writer, address: number): void {
  const { paths, splits, forks, slot } = order
  const trash = splits.length + forks.length
  let nextLeaf = trash + 1
  for (let at = 0; at < splits.length; at++) {
    const i = splits[at]!
    const node = paths.node[i]!
    const record = address + at * SPLIT_SIZE
    const rl = paths.leftWeight[i]!
    const R = paths.weightAbove[i]!
    const left = paths.left[i]!
    const right = paths.right[i]!
    arena.putInt(record + SPLIT_X, layout.offsetOf(node))
    arena.putInt(record + SPLIT_FEATURE, trees.feature[node]! * SUM_SIZE)
    arena.putDouble(record + SPLIT_THRESHOLD, leftComparison(trees, node))
    arena.putDouble(record + SPLIT_WEIGHT, rl)
    arena.putDouble(record + SPLIT_REST, R * rl)
    arena.putDouble(record + SPLIT_ABOVE, R)
    arena.putInt(record + SPLIT_LEFT_ABOVE, left < 0 ? trash : slot[left]!)
    arena.putInt(record + SPLIT_RIGHT_ABOVE, right < 0 ? trash : slot[right]!)
    arena.putInt(record + SPLIT_LEFT_BELOW, left < 0 ? nextLeaf++ : slot[left]!)
    arena.putInt(record + SPLIT_RIGHT_BELOW, right < 0 ? nextLeaf++ : slot[right]!)
    arena.putInt(record + SPLIT_INVERSE, inverse[i]!)
    arena.putInt(record + SPLIT_ANCESTOR, ancestorSide(order, i))
  }
}

function writeForks({ trees, layout, order, arena, inverse }: Writer, address: number): void {
  const { paths, forks } = order
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const record = address + at * FORK_SIZE
    arena.putInt(record + FORK_X, layout.offsetOf(node))
    arena.putInt(record + FORK_FEATURE, trees.feature[node]! * SUM_SIZE)
    arena.putDouble(record + FORK_THRESHOLD, leftComparison(trees, node))
    arena.putDouble(record + FORK_WEIGHT, paths.leftWeight[i]!)
    arena.putDouble(record + FORK_ABOVE, paths.weightAbove[i]!)
    arena.putInt(record + FORK_INVERSE, inverse[i]!)
    arena.putInt(record + FORK_ANCESTOR, ancestorSide(order, i))
  }
}

function writeForkValues({ trees, order, arena }: Writer, address: number): void {
  const { paths, forks, newForks } = order
  const { value } = trees
  const width = valueWidth(trees)
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const left = trees.left[node]! * width
    const right = trees.right[node]! * width
    for (let k = 0; k < width; k++) {
      const record = address + (k * forks.length + at) * FORK_VALUE_SIZE
      const fromRight = value[right + k]!
      const difference = value[left + k]! - fromRight
      const mean = fromRight + paths.leftWeight[i]! * difference
      arena.putDouble(record + FORK_VALUE_FIRST, at < newForks ? mean : fromRight)
      arena.putDouble(record + FORK_VALUE_DIFFERENCE, difference)
    }
  }
}

/** Returns the place of the mask that tells whether a row is alive at a node: two per split, left and right. */
function ancestorSide({ paths, slot }: TreeOrder, position: number): number {
  const ancestor = paths.ancestor[position]!
  if (ancestor < 0) return 0
  return slot[ancestor]! * 2 + (paths.ancestorSide[position] === LEFT ? 0 : 1)
}

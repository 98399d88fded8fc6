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
  WORD,
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
  writeLeaves(writer, leaves, areas.leaves)
  return {
    ...tree,
    repeatedSplits: runs.reduce((sum, run, r) => sum + (r % 2) * run, 0),
    slots: splits.length + forks.length + 1 + leaves.length,
  }
}

/** Writes with the views of the whole memory: a call and a division per number would cost more than the writing. */
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
  const t = f64.slice(rule / DOUBLE, (rule + size) / DOUBLE)
  const addresses = new Int32Array(ancestor.length)
  for (let i = 0; i < ancestor.length; i++) {
    if (ancestor[i]! < 0) continue
    const R = weightAbove[i]!
    addresses[i] = next
    const at = next / DOUBLE
    for (let q = 0; q < t.length; q++) f64[at + q] = 1 / (R * (1 - t[q]!) + t[q]!)
    next += size
  }
  return addresses
}

function writeSplits({ trees, layout, order, arena, inverse }: Writer, address: number): void {
  const { paths, splits, forks, slot } = order
  const { i32, f64 } = arena
  const trash = splits.length + forks.length
  let nextLeaf = trash + 1
  for (let at = 0; at < splits.length; at++) {
    const i = splits[at]!
    const node = paths.node[i]!
    const record = address + at * SPLIT_SIZE
    const [words, doubles] = [record / WORD, record / DOUBLE]
    const rl = paths.leftWeight[i]!
    const R = paths.weightAbove[i]!
    const left = paths.left[i]!
    const right = paths.right[i]!
    i32[words + SPLIT_X / WORD] = layout.offsetOf(node)
    i32[words + SPLIT_FEATURE / WORD] = trees.feature[node]! * SUM_SIZE
    f64[doubles + SPLIT_THRESHOLD / DOUBLE] = leftComparison(trees, node)
    f64[doubles + SPLIT_WEIGHT / DOUBLE] = rl
    f64[doubles + SPLIT_REST / DOUBLE] = R * rl
    f64[doubles + SPLIT_ABOVE / DOUBLE] = R
    i32[words + SPLIT_LEFT_ABOVE / WORD] = left < 0 ? trash : slot[left]!
    i32[words + SPLIT_RIGHT_ABOVE / WORD] = right < 0 ? trash : slot[right]!
    i32[words + SPLIT_LEFT_BELOW / WORD] = left < 0 ? nextLeaf++ : slot[left]!
    i32[words + SPLIT_RIGHT_BELOW / WORD] = right < 0 ? nextLeaf++ : slot[right]!
    i32[words + SPLIT_INVERSE / WORD] = inverse[i]!
    i32[words + SPLIT_ANCESTOR / WORD] = ancestorSide(order, i)
  }
}

function writeForks({ trees, layout, order, arena, inverse }: Writer, address: number): void {
  const { paths, forks } = order
  const { i32, f64 } = arena
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const record = address + at * FORK_SIZE
    const [words, doubles] = [record / WORD, record / DOUBLE]
    i32[words + FORK_X / WORD] = layout.offsetOf(node)
    i32[words + FORK_FEATURE / WORD] = trees.feature[node]! * SUM_SIZE
    f64[doubles + FORK_THRESHOLD / DOUBLE] = leftComparison(trees, node)
    f64[doubles + FORK_WEIGHT / DOUBLE] = paths.leftWeight[i]!
    f64[doubles + FORK_ABOVE / DOUBLE] = paths.weightAbove[i]!
    i32[words + FORK_INVERSE / WORD] = inverse[i]!
    i32[words + FORK_ANCESTOR / WORD] = ancestorSide(order, i)
  }
}

function writeForkValues({ trees, order, arena }: Writer, address: number): void {
  const { paths, forks, newForks } = order
  const { f64 } = arena
  const { value } = trees
  const width = valueWidth(trees)
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const left = trees.left[node]! * width
    const right = trees.right[node]! * width
    for (let k = 0; k < width; k++) {
      const record = (address + (k * forks.length + at) * FORK_VALUE_SIZE) / DOUBLE
      const fromRight = value[right + k]!
      const difference = value[left + k]! - fromRight
      const mean = fromRight + paths.leftWeight[i]! * difference
      f64[record + FORK_VALUE_FIRST / DOUBLE] = at < newForks ? mean : fromRight
      f64[record + FORK_VALUE_DIFFERENCE / DOUBLE] = difference
    }
  }
}

function writeLeaves({ trees, arena }: Writer, leaves: readonly number[], address: number): void {
  const { f64 } = arena
  const { value } = trees
  const width = valueWidth(trees)
  const first = address / DOUBLE
  for (let i = 0; i < leaves.length; i++) {
    const from = leaves[i]! * width
    for (let k = 0; k < width; k++) f64[first + k * leaves.length + i] = value[from + k]!
  }
}

/** Returns the place of the mask that tells whether a row is alive at a node: two per split, left and right. */
function ancestorSide({ paths, slot }: TreeOrder, position: number): number {
  const ancestor = paths.ancestor[position]!
  if (ancestor < 0) return 0
  return slot[ancestor]! * 2 + (paths.ancestorSide[position] === LEFT ? 0 : 1)
}

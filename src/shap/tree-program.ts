/**
 * An ensemble as the kernels read it; assembly/layout.ts has the same offsets.
 *
 * A split is an inner node with an inner child, a fork one with two leaves. Splits are ordered in runs, a run of new
 * features and one of repeated features by turns, parents first, so that the kernels ask nothing per node; forks
 * with a new feature come before those with a repeated one. Numbers of slots: splits, forks, one slot that takes
 * what nobody reads, leaves that hang on a split.
 */
import type { Arena } from '../trees/arena.ts'
import { leftComparison, type TreeEnsemble } from '../trees/ensemble.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import { LEFT, pointsFor, type TreePaths, tracePaths } from './tree-paths.ts'

const TREE = 64
const SPLIT = 64
const FORK = 40

/** A compiled ensemble in an arena. */
export interface TreeProgram {
  /** Address of the headers of the trees that have an inner node, and their number. */
  readonly trees: number
  readonly count: number
  readonly shapes: readonly TreeShape[]
  readonly orders: readonly Order[]
}

/** Size of a compiled tree. */
export interface TreeShape {
  readonly points: number
  readonly splits: number
  readonly repeatedSplits: number
  readonly forks: number
  readonly leaves: number
}

/** Where the inner nodes of one tree stand. */
export interface Order {
  readonly paths: TreePaths
  /** Positions in `paths`. */
  readonly splits: Int32Array
  readonly forks: Int32Array
  readonly newForks: number
  readonly runs: readonly number[]
  /** Slot of every position in `paths`. */
  readonly slot: Int32Array
}

/** Writes the program of an ensemble over `features` features into the arena. */
export function writeTreeProgram(trees: TreeEnsemble, features: number, arena: Arena): TreeProgram {
  const orders = Array.from(trees.roots, (root) => tracePaths(trees, root))
    .filter((paths) => paths.node.length > 0)
    .map(orderNodes)
  const headers = arena.take(orders.length * TREE)
  const rules = new Map<number, number>()
  const shapes = orders.map((order, i) => {
    const points = pointsFor(order.paths.distinct)
    const rule = rules.get(points) ?? writeRule(arena, points)
    rules.set(points, rule)
    return writeTree(trees, features, order, points, rule, headers + i * TREE, arena)
  })
  return { trees: headers, count: orders.length, shapes, orders }
}

/** Returns the number of slots of a tree. */
export function slotsOf({ splits, forks, leaves }: TreeShape): number {
  return splits + forks + 1 + leaves
}

/** Returns the bytes of one double per point, the points in pairs. */
export function slotBytes(points: number): number {
  return Math.ceil(points / 2) * 16
}

function orderNodes(paths: TreePaths): Order {
  const { left, right, parent, ancestor } = paths
  const count = left.length
  const run = new Int32Array(count)
  const splits: number[] = []
  const newForks: number[] = []
  const repeatedForks: number[] = []
  let runCount = 0
  for (let i = 0; i < count; i++) {
    const above = parent[i]!
    const isRepeated = ancestor[i]! >= 0
    if (left[i]! < 0 && right[i]! < 0) {
      ;(isRepeated ? repeatedForks : newForks).push(i)
      continue
    }
    splits.push(i)
    const before = above < 0 ? 0 : run[above]!
    run[i] = before + (before % 2 === Number(isRepeated) ? 0 : 1)
    runCount = Math.max(runCount, run[i]! + 1)
  }
  const runs = new Array<number>(runCount).fill(0)
  for (const i of splits) runs[run[i]!] = runs[run[i]!]! + 1
  const next: number[] = []
  runs.reduce((sum, size) => {
    next.push(sum)
    return sum + size
  }, 0)
  const sorted = new Int32Array(splits.length)
  const slot = new Int32Array(count)
  for (const i of splits) {
    const at = next[run[i]!]!
    next[run[i]!] = at + 1
    sorted[at] = i
    slot[i] = at
  }
  const forks = Int32Array.from([...newForks, ...repeatedForks])
  for (let at = 0; at < forks.length; at++) slot[forks[at]!] = sorted.length + at
  return { paths, splits: sorted, forks, newForks: newForks.length, runs, slot }
}

/** Writes the nodes and the weights of a quadrature, in pairs; a point too many has the weight 0. */
function writeRule(arena: Arena, points: number): number {
  const { nodes, weights } = gaussLegendre(points)
  const size = slotBytes(points)
  const address = arena.take(2 * size)
  arena.f64.fill(0.5, address / 8, (address + size) / 8)
  arena.f64.set(nodes, address / 8)
  arena.f64.set(weights, (address + size) / 8)
  return address
}

function writeTree(
  trees: TreeEnsemble,
  features: number,
  order: Order,
  points: number,
  rule: number,
  header: number,
  arena: Arena,
): TreeShape {
  const { paths, splits, forks, runs, slot } = order
  const { outputs } = trees
  const leaves = listLeaves(order)
  const size = slotBytes(points)
  const repeated = countRepeated(paths)
  const runsAt = arena.take(runs.length * 4)
  const splitsAt = arena.take(splits.length * SPLIT)
  const forksAt = arena.take(forks.length * FORK)
  const valuesAt = arena.take(outputs * forks.length * 16)
  const leavesAt = arena.take(outputs * leaves.length * 8)
  let inverseAt = arena.take(repeated * size)
  const { i32, f64 } = arena
  i32.set(
    [
      points,
      splitsAt,
      splits.length,
      runsAt,
      runs.length,
      forksAt,
      order.newForks,
      forks.length,
      valuesAt,
      leavesAt,
      leaves.length,
      rule,
    ],
    header / 4,
  )
  i32.set(runs, runsAt / 4)
  for (let k = 0; k < outputs; k++)
    for (let i = 0; i < leaves.length; i++)
      f64[leavesAt / 8 + k * leaves.length + i] = trees.value[leaves[i]! * outputs + k]!

  const t = rule / 8
  const writeInverse = (position: number): number => {
    if (paths.ancestor[position]! < 0) return 0
    const R = paths.weightAbove[position]!
    const address = inverseAt
    inverseAt += size
    for (let q = 0; q < size / 8; q++) {
      const point = f64[t + q]!
      f64[address / 8 + q] = 1 / (R * (1 - point) + point)
    }
    return address
  }
  /** Place of the mask that tells whether a row is alive at a node: two per split, left and right. */
  const sideOf = (position: number): number => {
    const ancestor = paths.ancestor[position]!
    if (ancestor < 0) return 0
    return slot[ancestor]! * 2 + (paths.ancestorSide[position] === LEFT ? 0 : 1)
  }
  const trash = splits.length + forks.length
  let nextLeaf = trash + 1
  for (let at = 0; at < splits.length; at++) {
    const i = splits[at]!
    const node = paths.node[i]!
    const feature = trees.feature[node]!
    const record = splitsAt + at * SPLIT
    const rl = paths.leftWeight[i]!
    const R = paths.weightAbove[i]!
    const word = record / 4
    i32[word] = (feature + (trees.missingLeft[node] === 1 ? features : 0)) * 8
    i32[word + 1] = feature * 16
    f64[record / 8 + 1] = leftComparison(trees, node)
    f64[record / 8 + 2] = rl
    f64[record / 8 + 3] = R * rl
    f64[record / 8 + 4] = R
    const left = paths.left[i]!
    const right = paths.right[i]!
    i32[word + 10] = left < 0 ? trash : slot[left]!
    i32[word + 11] = right < 0 ? trash : slot[right]!
    i32[word + 12] = left < 0 ? nextLeaf++ : slot[left]!
    i32[word + 13] = right < 0 ? nextLeaf++ : slot[right]!
    i32[word + 14] = writeInverse(i)
    i32[word + 15] = sideOf(i)
  }
  for (let at = 0; at < forks.length; at++) {
    const i = forks[at]!
    const node = paths.node[i]!
    const feature = trees.feature[node]!
    const record = forksAt + at * FORK
    const rl = paths.leftWeight[i]!
    const word = record / 4
    i32[word] = (feature + (trees.missingLeft[node] === 1 ? features : 0)) * 8
    i32[word + 1] = feature * 16
    f64[record / 8 + 1] = leftComparison(trees, node)
    f64[record / 8 + 2] = rl
    f64[record / 8 + 3] = paths.weightAbove[i]!
    i32[word + 8] = writeInverse(i)
    i32[word + 9] = sideOf(i)
    const left = trees.left[node]! * outputs
    const right = trees.right[node]! * outputs
    for (let k = 0; k < outputs; k++) {
      const fromRight = trees.value[right + k]!
      const difference = trees.value[left + k]! - fromRight
      const pair = valuesAt / 8 + (k * forks.length + at) * 2
      f64[pair] = at < order.newForks ? fromRight + rl * difference : fromRight
      f64[pair + 1] = difference
    }
  }
  return {
    points,
    splits: splits.length,
    repeatedSplits: runs.reduce((sum, run, r) => sum + (r % 2) * run, 0),
    forks: forks.length,
    leaves: leaves.length,
  }
}

/** Leaves that hang on a split, in the order in which the splits ask for them. */
function listLeaves({ paths, splits }: Order): number[] {
  const leaves: number[] = []
  for (const i of splits) {
    for (const child of [paths.left[i]!, paths.right[i]!]) if (child < 0) leaves.push(-1 - child)
  }
  return leaves
}

function countRepeated({ ancestor }: TreePaths): number {
  let count = 0
  for (const above of ancestor) if (above >= 0) count++
  return count
}

/**
 * Writes what interactions need and SHAP values do not. Per edge of a split (left, right) what a partner below it is
 * multiplied by while the row is on it: (1 − R) / (R u + t); where it is not, −1 / u, once per tree. Per node its
 * partners: the nearest edge of every other feature on the path above.
 */
export function writePathTables(trees: TreeEnsemble, program: TreeProgram, arena: Arena): void {
  const { orders, shapes } = program
  orders.forEach((order, i) => {
    const size = slotBytes((shapes[i] as TreeShape).points)
    const edges = arena.take((order.splits.length * 2 + 1) * size)
    const partners = listPartners(trees, order)
    const offsets = arena.take(partners.offsets.length * 4)
    const entries = arena.take(partners.entries.length * 4)
    arena.i32.set(partners.offsets, offsets / 4)
    arena.i32.set(partners.entries, entries / 4)
    const header = (program.trees + i * TREE) / 4
    arena.i32.set([edges, offsets, entries], header + 12)
    writeEdges(order, arena.f64, edges / 8, size / 8, arena.i32[header + 11]! / 8)
  })
}

/** Writes the vectors of all edges, the one of rows that are not on them first. */
function writeEdges(
  { paths, splits }: Order,
  f64: Float64Array,
  edges: number,
  length: number,
  rule: number,
): void {
  for (let q = 0; q < length; q++) f64[edges + q] = -1 / (1 - f64[rule + q]!)
  for (let at = 0; at < splits.length; at++) {
    const i = splits[at]!
    const rl = paths.leftWeight[i]!
    const above = paths.weightAbove[i]!
    for (const [side, share] of [rl, 1 - rl].entries()) {
      const R = above * share
      const vector = edges + (1 + at * 2 + side) * length
      for (let q = 0; q < length; q++) {
        const t = f64[rule + q]!
        f64[vector + q] = (1 - R) / (R * (1 - t) + t)
      }
    }
  }
}

/** Per node in the order of slots: where its entries end; an entry is an edge and 16 times its feature. */
function listPartners(trees: TreeEnsemble, { paths, splits, forks, slot }: Order) {
  const { node, parent, parentSide } = paths
  const offsets: number[] = [0]
  const entries: number[] = []
  const met = new Map<number, number>()
  const add = (i: number) => {
    met.set(trees.feature[node[i]!]!, i)
    let side = parentSide[i]!
    for (let up = parent[i]!; up >= 0; up = parent[up]!) {
      const k = trees.feature[node[up]!]!
      if (met.get(k) !== i) {
        met.set(k, i)
        entries.push(slot[up]! * 2 + (side === LEFT ? 0 : 1), k * 16)
      }
      side = parentSide[up]!
    }
    offsets.push(entries.length * 4)
  }
  splits.forEach(add)
  forks.forEach(add)
  return { offsets, entries }
}

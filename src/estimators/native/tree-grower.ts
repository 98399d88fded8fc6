/** The compiled grower of trees: one instance per thread, working on columns in shared memory. */
import type { Random } from '../../data/random.ts'
import { createNodeHeap } from './node-heap.ts'
import { reserve, roomFor } from './shared-memory.ts'
import type { TrainingColumns } from './training-columns.ts'

export const criteria = ['gini', 'entropy', 'log_loss'] as const
/** `log_loss` is another name of `entropy`, as in scikit-learn. */
export type CriterionName = (typeof criteria)[number]

/** Limits of a tree, counts resolved; plain data. */
export interface TreeLimits {
  readonly criterion: CriterionName
  readonly maxDepth: number
  readonly maxFeatures: number
  /** With a limit the splits with the largest gain come first. */
  readonly maxLeafNodes: number | null
  readonly minSamplesSplit: number
  readonly minSamplesLeaf: number
  readonly minImpurityDecrease: number
}

/** The nodes of a tree as the grower leaves them; children have larger numbers than their parent. */
export interface RawTree {
  readonly count: number
  /** Records of `nodeSize(classes)` bytes; read by `readNode`. */
  readonly records: ArrayBuffer
}

/** Grows tree after tree on the same columns; reuses its memory. */
export interface TreeGrower {
  /** How often every row was drawn last; once at first. */
  readonly counts: Int32Array
  /** Draws rows with replacement, chosen by `random`. */
  draw(rows: number, random: Random): void
  /**
   * Grows a tree on the rows whose weight is above 0; undefined when there is none.
   * @param weights weight of every row; absent: how often it was drawn
   */
  grow(weights: Float64Array | undefined, random: Random): RawTree | undefined
}

/** Most rows of a node that sees every value of every column; larger ones see bins of columns with many values. */
const EXACT_ROWS = 256
/** Training sets up to this size are searched exactly in all nodes. */
const EXACT_TABLE = 2048
/** Sums of whole weights are packed in 32 bits per class; below this they cannot overflow. */
const PACKED_WEIGHT = 2 ** 31

interface Kernel {
  setData(...numbers: number[]): void
  setLimits(...numbers: number[]): void
  setScratch(at: number): number
  entries(): number
  weights(): number
  counts(): number
  drawRows(count: number): void
  fillPacked(): number
  seed(a: number, b: number, c: number): void
  begin(count: number): number
  addNode(start: number, end: number): number
  openNode(node: number, start: number, end: number, depth: number, known: number): number
  splitNode(node: number): void
  growDepthFirst(count: number): number
  middle(): number
  gain(): number
  countNodes(): number
}

/** A kernel that knows the columns and the limits, without memory of its own yet. */
function startKernel(
  data: TrainingColumns,
  labelsAt: number,
  classes: number,
  limits: TreeLimits,
  isPacked: boolean,
): Kernel {
  const { memory, rows } = data
  const instance = new WebAssembly.Instance(data.module, { env: { memory } })
  const kernel = instance.exports as unknown as Kernel
  kernel.setData(
    ...[rows, data.columns, data.rankColumns, data.bins, data.rowBins, data.ranks],
    ...[data.binCounts, data.rankColumn, data.distinct, data.hasMissing],
    ...[data.masks, data.maskWords, data.binColumn, labelsAt],
  )
  kernel.setLimits(
    classes,
    isPacked ? 1 : 0,
    limits.criterion === 'gini' ? 0 : 1,
    limits.maxDepth,
    limits.maxFeatures,
    limits.minSamplesSplit,
    limits.minSamplesLeaf,
    limits.minImpurityDecrease,
    rows <= EXACT_TABLE ? EXACT_TABLE : EXACT_ROWS,
  )
  return kernel
}

function scratchBytes(kernel: Kernel, rows: number, classes: number, limits: TreeLimits): number {
  return address(kernel.setScratch(0)) + mostNodes(rows, limits) * nodeSize(classes)
}

/** Addresses come out of WebAssembly as signed numbers. */
function address(signed: number): number {
  return signed >>> 0
}

/** Returns how many growers the memory still has room for. */
export function roomForGrowers(data: TrainingColumns, classes: number, limits: TreeLimits): number {
  const kernel = startKernel(data, 0, classes, limits, false)
  return roomFor(data.memory, [4 * data.rows, scratchBytes(kernel, data.rows, classes, limits)])
}

/**
 * Returns a grower.
 * @param y class of every row
 * @param totalWeight an upper bound of what the rows of a tree weigh; undefined: weights are not whole numbers
 * @throws InputError `too_large`
 */
export function createTreeGrower(
  data: TrainingColumns,
  y: Int32Array,
  classes: number,
  limits: TreeLimits,
  totalWeight: number | undefined,
): TreeGrower {
  const { memory, rows } = data
  const isPacked =
    classes === 2 &&
    limits.minSamplesLeaf === 1 &&
    totalWeight !== undefined &&
    totalWeight < PACKED_WEIGHT
  const labelsAt = reserve(memory, 4 * rows)
  new Int32Array(memory.buffer, labelsAt, rows).set(y)
  const kernel = startKernel(data, labelsAt, classes, limits, isPacked)
  const scratch = reserve(memory, scratchBytes(kernel, rows, classes, limits))
  const nodesAt = address(kernel.setScratch(scratch))
  const entries = new Uint32Array(memory.buffer, address(kernel.entries()), 2 * rows)
  const weightOf = isPacked
    ? undefined
    : new Float64Array(memory.buffer, address(kernel.weights()), rows)

  const counts = new Int32Array(memory.buffer, address(kernel.counts()), rows).fill(1)

  const fill = (weights: ArrayLike<number>): number => {
    let count = 0
    for (let row = 0; row < rows; row++) {
      const weight = weights[row]!
      if (weight <= 0) continue
      entries[2 * count] = row
      entries[2 * count + 1] = weightOf ? y[row]! : 2 * weight + y[row]!
      if (weightOf) weightOf[row] = weight
      count++
    }
    return count
  }
  const seed = (random: Random) => kernel.seed(random.next(), random.next(), random.next())

  return {
    counts,
    draw(count, random) {
      seed(random)
      kernel.drawRows(count)
    },
    grow(weights, random) {
      const count = isPacked && !weights ? kernel.fillPacked() : fill(weights ?? counts)
      if (count === 0) return undefined
      seed(random)
      if (limits.maxLeafNodes === null) kernel.growDepthFirst(count)
      else growBestFirst(kernel, count, limits.maxLeafNodes)
      const nodes = kernel.countNodes()
      const records = new ArrayBuffer(nodes * nodeSize(classes))
      new Uint8Array(records).set(new Uint8Array(memory.buffer, nodesAt, records.byteLength))
      return { count: nodes, records }
    },
  }
}

/** A node whose entries have been parted, waiting to be made a split. */
interface WaitingNode {
  readonly node: number
  readonly start: number
  readonly middle: number
  readonly end: number
  readonly depth: number
  readonly gain: number
}

/** The split with the largest gain comes next, until there are enough leaves. */
function growBestFirst(kernel: Kernel, count: number, maxLeaves: number): void {
  const waiting = createNodeHeap<WaitingNode>()
  const open = (node: number, start: number, end: number, depth: number) => {
    // What is known of constant columns holds depth first only.
    if (kernel.openNode(node, start, end, depth, 0) === 0) return
    waiting.push({ node, start, middle: kernel.middle(), end, depth, gain: kernel.gain() })
  }
  open(kernel.begin(count), 0, count, 0)
  for (let leaves = 1; leaves < maxLeaves; leaves++) {
    const next = waiting.pop()
    if (!next) return
    kernel.splitNode(next.node)
    const left = kernel.addNode(next.start, next.middle)
    const right = kernel.addNode(next.middle, next.end)
    open(left, next.start, next.middle, next.depth + 1)
    open(right, next.middle, next.end, next.depth + 1)
  }
}

function mostNodes(rows: number, limits: TreeLimits): number {
  const { maxLeafNodes, maxDepth, minSamplesLeaf } = limits
  const filled = Math.max(1, Math.floor(rows / minSamplesLeaf))
  const leaves = Math.min(filled, maxLeafNodes ?? rows, 2 ** Math.min(maxDepth, 40))
  return 2 * leaves - 1
}

function nodeSize(classes: number): number {
  return 32 + 8 * classes
}

/** A tree's records as arrays. */
export interface TreeNodes {
  readonly count: number
  /** Column of the split, −1 in leaves. */
  readonly feature: Int32Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly missingLeft: Uint8Array
  /** Rows that hold the largest value on the left and the smallest one on the right; −1: only missing values go right. */
  readonly rowBelow: Int32Array
  readonly rowAbove: Int32Array
  readonly impurity: Float64Array
  /** [node][class]: weight of the rows. */
  readonly weight: Float64Array
}

/** Returns the nodes of a raw tree. */
export function readNodes({ count, records }: RawTree, classes: number): TreeNodes {
  const ints = new Int32Array(records)
  const doubles = new Float64Array(records)
  const size = nodeSize(classes)
  const nodes: TreeNodes = {
    count,
    feature: new Int32Array(count),
    left: new Int32Array(count),
    right: new Int32Array(count),
    missingLeft: new Uint8Array(count),
    rowBelow: new Int32Array(count),
    rowAbove: new Int32Array(count),
    impurity: new Float64Array(count),
    weight: new Float64Array(count * classes),
  }
  for (let node = 0; node < count; node++) {
    const at = (node * size) / 4
    const feature = ints[at]!
    nodes.feature[node] = feature
    // A node that was opened and not split keeps marks of that in its record.
    nodes.left[node] = feature < 0 ? -1 : ints[at + 1]!
    nodes.right[node] = feature < 0 ? -1 : ints[at + 2]!
    nodes.missingLeft[node] = feature < 0 ? 0 : ints[at + 3]!
    nodes.rowBelow[node] = ints[at + 4]!
    nodes.rowAbove[node] = ints[at + 5]!
    nodes.impurity[node] = doubles[at / 2 + 3]!
    for (let k = 0; k < classes; k++) nodes.weight[node * classes + k] = doubles[at / 2 + 4 + k]!
  }
  return nodes
}

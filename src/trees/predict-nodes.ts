/** The nodes of an ensemble as the kernels that predict read them; assembly/layout.ts. */
import type { Arena } from './arena.ts'
import { type CodeNumbers, NO_BIT, WHOLE } from './code-numbers.ts'
import { leftComparison, type TreeEnsemble, valueWidth } from './ensemble.ts'
import {
  DOUBLE,
  MASKED_NODE_MASK,
  MASKED_NODE_SIZE,
  PREDICT_NODE_RIGHT,
  PREDICT_NODE_SIZE,
  PREDICT_NODE_THRESHOLD,
  PREDICT_NODE_X,
} from './layout.generated.ts'
import type { RowLayout } from './row-layout.ts'

/** The root of a tree that adds 0 to every output. */
export const NO_TREE = -1

/** By the root of a tree. */
export interface TreeNodes {
  /** Address of its first node. */
  readonly records: ReadonlyMap<number, number>
  /** Most inner nodes above a leaf. */
  readonly levels: ReadonlyMap<number, number>
}

/**
 * Writes the nodes of all trees, and of `NO_TREE`, siblings side by side.
 * @param x address of the first row's numbers: those of the layout, then −∞, then those of codes
 */
export function writeNodes(
  trees: TreeEnsemble,
  layout: RowLayout,
  codes: CodeNumbers,
  arena: Arena,
  x: number,
): TreeNodes {
  const width = valueWidth(trees)
  const isMasked = codes.count > 0
  const size = isMasked ? MASKED_NODE_SIZE : PREDICT_NODE_SIZE
  const nodes = arena.take((trees.feature.length + 1) * size)
  const zeros = arena.take(width * DOUBLE)
  const values = width > 1 ? arena.storeDoubles(trees.value) : 0
  const putLeaf = (node: number, record: number) => {
    arena.putInt(record + PREDICT_NODE_X, x + layout.length * DOUBLE)
    arena.putInt(record + PREDICT_NODE_RIGHT, record - size)
    if (width > 1) arena.putInt(record, node < 0 ? zeros : values + node * width * DOUBLE)
    else arena.putDouble(record, node < 0 ? 0 : trees.value[node]!)
  }
  const putInner = (node: number, record: number, right: number) => {
    const look = codes.lookOf(node)
    const place = look ? (layout.length + 1 + look.number) * DOUBLE : layout.offsetOf(node)
    arena.putInt(record + PREDICT_NODE_X, x + place)
    arena.putInt(record + PREDICT_NODE_RIGHT, right)
    arena.putDouble(record + PREDICT_NODE_THRESHOLD, look ? NO_BIT : leftComparison(trees, node))
    if (look) arena.putInts(record + MASKED_NODE_MASK, [look.mask.low, look.mask.high])
  }
  const records = new Map<number, number>()
  const levels = new Map<number, number>()
  let start = nodes
  for (const root of [...trees.roots, NO_TREE]) {
    if (records.has(root)) continue
    // Breadth first: the upper levels of a tree, which all rows pass, lie close together.
    const queue = [root]
    const depths = [0]
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!
      const record = start + i * size
      if (isMasked) arena.putInts(record + MASKED_NODE_MASK, [WHOLE.low, WHOLE.high])
      if (node < 0 || trees.feature[node]! < 0) {
        putLeaf(node, record)
        continue
      }
      putInner(node, record, start + queue.length * size)
      queue.push(trees.right[node]!, trees.left[node]!)
      depths.push(depths[i]! + 1, depths[i]! + 1)
    }
    records.set(root, start)
    levels.set(root, depths.at(-1)!)
    start += queue.length * size
  }
  return { records, levels }
}

/** The nodes of an ensemble as the kernels that predict read them; assembly/layout.ts. */
import type { Arena } from './arena.ts'
import { type CodeNumbers, type Mask, NO_BIT, WHOLE } from './code-numbers.ts'
import { leftComparison, type TreeEnsemble, valueWidth } from './ensemble.ts'
import {
  DOUBLE,
  MASKED_NODE_MASK,
  MASKED_NODE_SIZE,
  PREDICT_NODE_RIGHT,
  PREDICT_NODE_SIZE,
  PREDICT_NODE_THRESHOLD,
  PREDICT_NODE_X,
  WORD,
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
  // Nothing more is taken, so the views stay; a call for every number would cost more than the numbers.
  const { i32, f64 } = arena
  const putLeaf = (node: number, record: number) => {
    i32[(record + PREDICT_NODE_X) / WORD] = x + layout.length * DOUBLE
    i32[(record + PREDICT_NODE_RIGHT) / WORD] = record - size
    if (width > 1) i32[record / WORD] = node < 0 ? zeros : values + node * width * DOUBLE
    else f64[record / DOUBLE] = node < 0 ? 0 : trees.value[node]!
  }
  const putMask = (record: number, { low, high }: Mask) => {
    i32[(record + MASKED_NODE_MASK) / WORD] = low
    i32[(record + MASKED_NODE_MASK) / WORD + 1] = high
  }
  const putInner = (node: number, record: number, right: number) => {
    const look = isMasked ? codes.lookOf(node) : undefined
    const place = look ? (layout.length + 1 + look.number) * DOUBLE : layout.offsetOf(node)
    i32[(record + PREDICT_NODE_X) / WORD] = x + place
    i32[(record + PREDICT_NODE_RIGHT) / WORD] = right
    f64[(record + PREDICT_NODE_THRESHOLD) / DOUBLE] = look ? NO_BIT : leftComparison(trees, node)
    if (look) putMask(record, look.mask)
  }
  // Breadth first: the upper levels of a tree, which all rows pass, lie close together.
  const queue = new Int32Array(trees.feature.length + 1)
  const depths = new Int32Array(trees.feature.length + 1)
  const records = new Map<number, number>()
  const levels = new Map<number, number>()
  let start = nodes
  for (const root of [...trees.roots, NO_TREE]) {
    if (records.has(root)) continue
    queue[0] = root
    depths[0] = 0
    let [count, i] = [1, 0]
    for (; i < count; i++) {
      const node = queue[i]!
      const record = start + i * size
      if (isMasked) putMask(record, WHOLE)
      if (node < 0 || trees.feature[node]! < 0) {
        putLeaf(node, record)
        continue
      }
      putInner(node, record, start + count * size)
      queue[count] = trees.right[node]!
      queue[count + 1] = trees.left[node]!
      depths[count] = depths[i]! + 1
      depths[count + 1] = depths[i]! + 1
      count += 2
    }
    records.set(root, start)
    levels.set(root, depths[count - 1]!)
    start += count * size
  }
  return { records, levels }
}

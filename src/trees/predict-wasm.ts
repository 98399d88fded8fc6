/** Predictions by the WebAssembly kernels, bit for bit those of the plain walk. */
import { type Arena, createArena } from './arena.ts'
import { type CodeNumbers, hasBits, NO_BIT, planCodes, WHOLE } from './code-numbers.ts'
import {
  groupTrees,
  leftComparison,
  type TreeEnsemble,
  treeWeights,
  valueWidth,
} from './ensemble.ts'
import type { Kernels } from './kernels.ts'
import {
  DOUBLE,
  MASKED_NODE_MASK,
  MASKED_NODE_SIZE,
  PREDICT_NODE_LEFT,
  PREDICT_NODE_SIZE,
  PREDICT_NODE_THRESHOLD,
  PREDICT_NODE_X,
  PREDICT_NODES,
  PREDICT_OUTPUTS,
  PREDICT_ROOT_COUNT,
  PREDICT_ROOTS,
  PREDICT_ROWS,
  PREDICT_SCORES,
  PREDICT_SIZE,
  PREDICT_VALUES,
  PREDICT_X,
  PREDICT_X_SIZE,
  WORD,
} from './layout.generated.ts'
import { planRows, type RowLayout } from './row-layout.ts'
import type { TreePredictor } from './tree-predictor.ts'

/** Most rows that are predicted at a time, so that they stay in the cache, and most bytes that they take. */
const MOST_ROWS = 256
const MOST_BYTES = 4 << 20

/** Returns the predictor of an ensemble on an instance of the kernels. */
export function compileTreePredictorWasm(trees: TreeEnsemble, kernels: Kernels): TreePredictor {
  const { outputs } = trees
  const width = valueWidth(trees)
  // Features that no split asks are not needed.
  const features = trees.feature.reduce((most, feature) => Math.max(most, feature), -1) + 1
  const codes = planCodes(trees)
  const layout = planRows(trees, features, hasBits)
  // One number more, for the leaves to look at; those of codes come last.
  const firstCode = layout.length + 1
  const stride = firstCode + codes.count
  const arena = createArena(kernels.memory)
  const { nodes, values, recordOf } = writeNodes(trees, layout, codes, arena)
  const chunk = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (stride * DOUBLE))))
  const x = arena.take(chunk * stride * DOUBLE)
  // [row][output], or [output][row] where every tree adds to one output.
  const scores = arena.take(chunk * outputs * DOUBLE)
  const [rowStep, outputStep] = width === outputs ? [outputs, 1] : [1, chunk]
  const contexts = groupTrees(trees).map(({ output = 0, roots }) => {
    const context = arena.take(PREDICT_SIZE)
    arena.putFields(context, [
      [PREDICT_ROOTS, arena.storeInts(roots.map(recordOf))],
      [PREDICT_ROOT_COUNT, roots.length],
      [PREDICT_NODES, nodes],
      [PREDICT_VALUES, values],
      [PREDICT_X, x],
      [PREDICT_X_SIZE, stride * DOUBLE],
      [PREDICT_SCORES, scores + output * outputStep * DOUBLE],
      [PREDICT_OUTPUTS, width],
    ])
    return context
  })
  const weights = treeWeights(trees)
  const { f64 } = arena
  const hasCodes = codes.count > 0
  const put = (data: Float64Array, from: number, to: number) => {
    layout.put(data, from, f64, to, 1)
    if (hasCodes) codes.put(data, from, f64, to + firstCode)
  }
  const addRow = hasCodes ? kernels.predictMaskedRow : kernels.predictRow
  const addRows = hasCodes ? kernels.predictMaskedRows : kernels.predictRows
  const [firstX, firstScore] = [x / DOUBLE, scores / DOUBLE]
  const addUp = (from: number, out: Float64Array, to: number) => {
    for (let k = 0; k < outputs; k++)
      out[to + k] = f64[from + k * outputStep]! * weights[k]! + trees.base[k]!
  }
  return {
    predict(row, out) {
      put(row, 0, firstX)
      for (let k = 0; k < outputs; k++) f64[firstScore + k * outputStep] = 0
      for (let i = 0; i < contexts.length; i++) addRow(contexts[i]!)
      addUp(firstScore, out, 0)
    },
    predictRows(X, out) {
      for (let first = 0; first < X.rows; first += chunk) {
        const rows = Math.min(chunk, X.rows - first)
        for (let row = 0; row < rows; row++)
          put(X.data, (first + row) * X.columns, firstX + row * stride)
        arena.clear(scores, chunk * outputs * DOUBLE)
        for (const context of contexts) {
          arena.putInt(context + PREDICT_ROWS, rows)
          addRows(context)
        }
        for (let row = 0; row < rows; row++)
          addUp(firstScore + row * rowStep, out, (first + row) * outputs)
      }
    },
  }
}

/** Writes the nodes, siblings side by side, and where the values of every leaf stand. */
function writeNodes(trees: TreeEnsemble, layout: RowLayout, codes: CodeNumbers, arena: Arena) {
  const count = trees.feature.length
  const width = valueWidth(trees)
  const isMasked = codes.count > 0
  const size = isMasked ? MASKED_NODE_SIZE : PREDICT_NODE_SIZE
  const nodes = arena.take(count * size)
  const values = arena.take(count * WORD)
  const leaves = arena.storeDoubles(trees.value)
  const { i32, f64 } = arena
  const records = new Map<number, number>()
  let next = 0
  for (const root of trees.roots) {
    // Breadth first: the upper levels of a tree, which all rows pass, lie close together.
    const queue = [root]
    const start = next
    next += 1
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!
      const record = nodes + (start + i) * size
      const isLeaf = trees.feature[node]! < 0
      const look = codes.lookOf(node)
      let threshold = Number.POSITIVE_INFINITY
      // A leaf leads to itself: it looks at the number behind the row.
      let offset = layout.length * DOUBLE
      if (look) {
        threshold = NO_BIT
        offset += (1 + look.number) * DOUBLE
      } else if (!isLeaf) {
        threshold = leftComparison(trees, node)
        offset = layout.offsetOf(node)
      }
      f64[(record + PREDICT_NODE_THRESHOLD) / DOUBLE] = threshold
      i32[(record + PREDICT_NODE_X) / WORD] = offset
      if (isMasked) {
        const { low, high } = look?.mask ?? WHOLE
        arena.putInts(record + MASKED_NODE_MASK, [low, high])
      }
      i32[(record + PREDICT_NODE_LEFT) / WORD] = isLeaf ? record : nodes + next * size
      if (isLeaf) {
        i32[values / WORD + start + i] = leaves + node * width * DOUBLE
        continue
      }
      queue.push(trees.left[node]!, trees.right[node]!)
      next += 2
    }
    records.set(root, nodes + start * size)
  }
  return { nodes, values, recordOf: (root: number) => records.get(root) as number }
}

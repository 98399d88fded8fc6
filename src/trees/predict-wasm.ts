/** Predictions by the WebAssembly kernels, bit for bit those of `ensembleOutput`. */
import { type Arena, createArena } from './arena.ts'
import { leftComparison, type TreeEnsemble, treeWeight } from './ensemble.ts'
import type { Kernels } from './kernels.ts'
import {
  DOUBLE,
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

/** Rows that are predicted at a time, so that they stay in the cache. */
const CHUNK = 256

/** Returns the predictor of an ensemble on an instance of the kernels. */
export function compileTreePredictorWasm(trees: TreeEnsemble, kernels: Kernels): TreePredictor {
  const { outputs } = trees
  // Features that no split asks are not needed.
  const features = trees.feature.reduce((most, feature) => Math.max(most, feature), -1) + 1
  const layout = planRows(trees, features)
  // One number more, for the leaves to look at.
  const stride = layout.length + 1
  const arena = createArena(kernels.memory)
  const { roots, nodes, values } = writeNodes(trees, layout, arena)
  const x = arena.take(CHUNK * stride * DOUBLE)
  const scores = arena.take(CHUNK * outputs * DOUBLE)
  const context = arena.take(PREDICT_SIZE)
  arena.putFields(context, [
    [PREDICT_ROOTS, roots],
    [PREDICT_ROOT_COUNT, trees.roots.length],
    [PREDICT_NODES, nodes],
    [PREDICT_VALUES, values],
    [PREDICT_X, x],
    [PREDICT_X_SIZE, stride * DOUBLE],
    [PREDICT_SCORES, scores],
    [PREDICT_OUTPUTS, outputs],
  ])
  const weight = treeWeight(trees)
  const { f64 } = arena
  const [firstX, firstScore] = [x / DOUBLE, scores / DOUBLE]
  const addUp = (from: number, out: Float64Array, to: number) => {
    for (let k = 0; k < outputs; k++) out[to + k] = f64[from + k]! * weight + trees.base[k]!
  }
  return {
    predict(row, out) {
      layout.put(row, 0, f64, firstX, 1)
      arena.clear(scores, outputs * DOUBLE)
      kernels.predictRow(context)
      addUp(firstScore, out, 0)
    },
    predictRows(X, out) {
      for (let first = 0; first < X.rows; first += CHUNK) {
        const rows = Math.min(CHUNK, X.rows - first)
        for (let row = 0; row < rows; row++)
          layout.put(X.data, (first + row) * X.columns, f64, firstX + row * stride, 1)
        arena.clear(scores, rows * outputs * DOUBLE)
        arena.putInt(context + PREDICT_ROWS, rows)
        kernels.predictRows(context)
        for (let row = 0; row < rows; row++)
          addUp(firstScore + row * outputs, out, (first + row) * outputs)
      }
    },
  }
}

/** Writes the nodes, siblings side by side, and where the values of every leaf stand. */
function writeNodes(trees: TreeEnsemble, layout: RowLayout, arena: Arena) {
  const count = trees.feature.length
  const roots = arena.take(trees.roots.length * WORD)
  const nodes = arena.take(count * PREDICT_NODE_SIZE)
  const values = arena.take(count * WORD)
  const leaves = arena.storeDoubles(trees.value)
  let next = 0
  trees.roots.forEach((root, tree) => {
    // Breadth first: the upper levels of a tree, which all rows pass, lie close together.
    const queue = [root]
    const start = next
    next += 1
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!
      const record = nodes + (start + i) * PREDICT_NODE_SIZE
      const isLeaf = trees.feature[node]! < 0
      // A leaf leads to itself: it looks at the number behind the row.
      const threshold = isLeaf ? Number.POSITIVE_INFINITY : leftComparison(trees, node)
      arena.putDouble(record + PREDICT_NODE_THRESHOLD, threshold)
      arena.putInt(record + PREDICT_NODE_X, isLeaf ? layout.length * DOUBLE : layout.offsetOf(node))
      arena.putInt(record + PREDICT_NODE_LEFT, isLeaf ? record : nodes + next * PREDICT_NODE_SIZE)
      if (isLeaf) {
        arena.putInt(values + (start + i) * WORD, leaves + node * trees.outputs * DOUBLE)
        continue
      }
      queue.push(trees.left[node]!, trees.right[node]!)
      next += 2
    }
    arena.putInt(roots + tree * WORD, nodes + start * PREDICT_NODE_SIZE)
  })
  return { roots, nodes, values }
}

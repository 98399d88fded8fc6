/** Predictions by the WebAssembly kernels, bit for bit those of `ensembleOutput`. */
import { type Arena, createArena } from './arena.ts'
import { leftComparison, type TreeEnsemble, treeWeight } from './ensemble.ts'
import type { Kernels } from './kernels.ts'
import { putRow } from './put-row.ts'
import type { TreePredictor } from './tree-predictor.ts'

const NODE = 16
/** Rows that are predicted at a time, so that they stay in the cache. */
const CHUNK = 256
const ROWS = 8

/** Returns the predictor of an ensemble on an instance of the kernels. */
export function compileTreePredictorWasm(trees: TreeEnsemble, kernels: Kernels): TreePredictor {
  const { outputs } = trees
  // Features that no split asks are not needed.
  const features = trees.feature.reduce((most, feature) => Math.max(most, feature), -1) + 1
  const copies = trees.missingLeft.includes(1) ? 2 : 1
  // One number more, for the leaves to look at.
  const xSize = copies * features + 1
  const arena = createArena(kernels.memory)
  const { roots, nodes, values } = writeNodes(trees, features, (xSize - 1) * 8, arena)
  const x = arena.take(CHUNK * xSize * 8)
  const scores = arena.take(CHUNK * outputs * 8)
  const context = arena.take(48)
  arena.i32.set(
    [roots, trees.roots.length, nodes, values, x, xSize * 8, scores, outputs, 0],
    context / 4,
  )
  const weight = treeWeight(trees)
  const { i32, f64 } = arena
  const place = { start: x / 8, stride: 1, copies }
  return {
    predict(row, out) {
      putRow(trees, features, row, 0, f64, place)
      f64.fill(0, scores / 8, scores / 8 + outputs)
      kernels.predictRow(context)
      for (let k = 0; k < outputs; k++) out[k] = f64[scores / 8 + k]! * weight + trees.base[k]!
    },
    predictRows(X, out) {
      for (let first = 0; first < X.rows; first += CHUNK) {
        const rows = Math.min(CHUNK, X.rows - first)
        for (let row = 0; row < rows; row++) {
          const to = { start: x / 8 + row * xSize, stride: 1, copies }
          putRow(trees, features, X.data, (first + row) * X.columns, f64, to)
        }
        f64.fill(0, scores / 8, scores / 8 + rows * outputs)
        i32[context / 4 + ROWS] = rows
        kernels.predictRows(context)
        for (let row = 0; row < rows; row++) {
          const from = scores / 8 + row * outputs
          const to = (first + row) * outputs
          for (let k = 0; k < outputs; k++) out[to + k] = f64[from + k]! * weight + trees.base[k]!
        }
      }
    },
  }
}

/** Writes the nodes, siblings side by side, and where the values of every leaf stand. */
function writeNodes(trees: TreeEnsemble, features: number, constant: number, arena: Arena) {
  const count = trees.feature.length
  const roots = arena.take(trees.roots.length * 4)
  const nodes = arena.take(count * NODE)
  const values = arena.take(count * 4)
  const leaves = arena.take(trees.value.length * 8)
  const { i32, f64 } = arena
  f64.set(trees.value, leaves / 8)
  let next = 0
  trees.roots.forEach((root, tree) => {
    // Breadth first: the upper levels of a tree, which all rows pass, lie close together.
    const queue = [root]
    const start = next
    next += 1
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!
      const address = nodes + (start + i) * NODE
      const word = address / 4
      const feature = trees.feature[node]!
      if (feature < 0) {
        f64[word / 2] = Number.POSITIVE_INFINITY
        i32[word + 2] = constant
        i32[word + 3] = address
        i32[values / 4 + start + i] = leaves + node * trees.outputs * 8
        continue
      }
      f64[word / 2] = leftComparison(trees, node)
      i32[word + 2] = (feature + (trees.missingLeft[node] === 1 ? features : 0)) * 8
      i32[word + 3] = nodes + next * NODE
      queue.push(trees.left[node]!, trees.right[node]!)
      next += 2
    }
    i32[roots / 4 + tree] = nodes + start * NODE
  })
  return { roots, nodes, values }
}

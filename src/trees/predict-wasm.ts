/** Predictions by the WebAssembly kernels, bit for bit those of the plain walk. */
import { createArena } from './arena.ts'
import { hasBits, planCodes } from './code-numbers.ts'
import { groupTrees, type TreeEnsemble, treeWeights, valueWidth } from './ensemble.ts'
import type { Kernels } from './kernels.ts'
import {
  DOUBLE,
  GROUP_TREES,
  PREDICT_GROUP_LEVELS,
  PREDICT_LEVELS,
  PREDICT_OUTPUTS,
  PREDICT_ROOT_COUNT,
  PREDICT_ROOTS,
  PREDICT_ROWS,
  PREDICT_SCORES,
  PREDICT_SIZE,
  PREDICT_X_SIZE,
} from './layout.generated.ts'
import { NO_TREE, writeNodes } from './predict-nodes.ts'
import { planRows } from './row-layout.ts'
import type { TreePredictor } from './tree-predictor.ts'

/** Most rows that are predicted at a time, so that they stay in the cache, and most bytes that they take. */
const MOST_ROWS = 256
const MOST_BYTES = 4 << 20

/** Most levels that all walks go to the last, where they may have ended before. */
const MOST_LEVELS = 9

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
  const chunk = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (stride * DOUBLE))))
  const x = arena.take(chunk * stride * DOUBLE)
  const tables = writeNodes(trees, layout, codes, arena, x)
  // What leaves look at.
  for (let row = 0; row < chunk; row++)
    arena.putDouble(x + (row * stride + layout.length) * DOUBLE, Number.NEGATIVE_INFINITY)
  // [row][output], or [output][row] where every tree adds to one output.
  const scores = arena.take(chunk * outputs * DOUBLE)
  const [rowStep, outputStep] = width === outputs ? [outputs, 1] : [1, chunk]
  const contexts = groupTrees(trees).map(({ output = 0, roots }) => {
    const context = arena.take(PREDICT_SIZE)
    const own = [...roots, ...new Array<number>(-roots.length & (GROUP_TREES - 1)).fill(NO_TREE)]
    const levels = own.map((root) => tables.levels.get(root)!)
    arena.putFields(context, [
      [PREDICT_ROOTS, arena.storeInts(own.map((root) => tables.records.get(root)!))],
      [PREDICT_ROOT_COUNT, roots.length],
      [PREDICT_LEVELS, arena.storeInts(levels.map(unlessDeep))],
      [PREDICT_GROUP_LEVELS, arena.storeInts(mostOfGroups(levels).map(unlessDeep))],
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

function unlessDeep(levels: number): number {
  return levels > MOST_LEVELS ? 0 : levels
}

function mostOfGroups(levels: readonly number[]): number[] {
  const most = new Array<number>(Math.ceil(levels.length / GROUP_TREES)).fill(0)
  levels.forEach((own, tree) => {
    const group = Math.floor(tree / GROUP_TREES)
    most[group] = Math.max(most[group]!, own)
  })
  return most
}

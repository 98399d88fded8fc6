/** Path-dependent SHAP values of many rows by the kernel that takes them in blocks. */
import type { Matrix } from '../data/matrix.ts'
import { valueWidth } from '../trees/ensemble.ts'
import {
  BLOCK_ROWS,
  BLOCK_SIDES_SIZE,
  CONTEXT_BELOW_SIZE,
  CONTEXT_BLOCKS,
  CONTEXT_X_SIZE,
  DOUBLE,
} from '../trees/layout.generated.ts'
import { spreadOutputs } from './outputs-asked.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import {
  largest,
  runKernel,
  type ShapProgram,
  takeSides,
  writeContext,
} from './tree-shap-context.ts'

/** Rows and SHAP values that stay in the cache while the trees go over them, in bytes. */
const CHUNK_BYTES = 256 * 1024
/** Most blocks of a chunk. */
const MOST_BLOCKS = 256
/** Bytes of one number of every row of a block. */
const LANES = BLOCK_ROWS * DOUBLE

/** Returns the explainer of many rows; its memory is taken at the first call. */
export function compileBatch(shared: ShapProgram): TreeShap['explainRows'] {
  const { trees, features, kernels, arena, layout, weights } = shared
  const blockBytes = (layout.length + trees.outputs * features) * LANES
  const blocks = Math.max(1, Math.min(MOST_BLOCKS, Math.floor(CHUNK_BYTES / blockBytes)))
  let areas: BatchAreas | undefined
  const explainChunk = (
    X: Matrix,
    first: number,
    outputs: readonly number[],
    out: Float64Array,
  ) => {
    areas ??= takeAreas(shared, blocks)
    const { context, x, phi } = areas
    const { f64 } = arena
    const plan = shared.ask(outputs)
    const rows = Math.min(X.rows - first, blocks * BLOCK_ROWS)
    const used = Math.ceil(rows / BLOCK_ROWS)
    const startOf = (row: number, area: number, numbers: number) =>
      area / DOUBLE + Math.floor(row / BLOCK_ROWS) * numbers * BLOCK_ROWS + (row % BLOCK_ROWS)
    for (let row = 0; row < rows; row++) {
      const start = startOf(row, x, layout.length)
      layout.put(X.data, (first + row) * features, f64, start, BLOCK_ROWS)
    }
    arena.putInt(context + CONTEXT_BLOCKS, used)
    // [block][output][feature], or [output][block][feature] where every tree adds to one output.
    const isByOutput = trees.output !== undefined
    const sums = isByOutput ? features : plan.count * features
    const size = isByOutput ? used * features : features
    arena.clear(phi, plan.count * used * features * LANES)
    runKernel(shared, kernels.explainRows, context, plan, phi, size * LANES)
    for (let row = 0; row < rows; row++) {
      const from = {
        data: f64,
        start: startOf(row, phi, sums),
        size: size * BLOCK_ROWS,
        stride: BLOCK_ROWS,
        lanes: 1,
      } as const
      const to = (first + row) * outputs.length * features
      spreadOutputs(plan, outputs, features, from, weights, out, to)
    }
  }
  return (X, outputs, out) => {
    for (let first = 0; first < X.rows; first += blocks * BLOCK_ROWS)
      explainChunk(X, first, outputs, out)
  }
}

interface BatchAreas {
  readonly context: number
  readonly x: number
  readonly phi: number
}

function takeAreas(shared: ShapProgram, blocks: number): BatchAreas {
  const { trees, features, arena, layout, program } = shared
  const slots = largest(program, (tree) => tree.slots * tree.points * LANES)
  const width = valueWidth(trees)
  const x = arena.take(blocks * layout.length * LANES)
  const phi = arena.take(blocks * trees.outputs * features * LANES)
  const above = arena.take(slots)
  const context = writeContext(shared, {
    // Nodes have addresses in a single row.
    x: x - program.x * BLOCK_ROWS,
    phi,
    above,
    below: width > 1 ? arena.take(width * slots) : above,
    sides: takeSides(shared, BLOCK_SIDES_SIZE),
  })
  arena.putFields(context, [
    [CONTEXT_X_SIZE, layout.length * LANES],
    [CONTEXT_BELOW_SIZE, slots],
  ])
  return { context, x, phi }
}

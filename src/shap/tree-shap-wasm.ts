/** Path-dependent SHAP values by the WebAssembly kernels; the method is that of tree-shap-reference.ts. */
import { createArena } from '../trees/arena.ts'
import { expectedOutput, type TreeEnsemble, treeWeights } from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import { BLOCK_ROWS, CONTEXT_BELOW, DOUBLE, SUM_SIZE, WORD } from '../trees/layout.generated.ts'
import { planRows } from '../trees/row-layout.ts'
import { planOutputs, spreadOutputs } from './outputs-asked.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import { type TreeProgram, writeTreeProgram } from './tree-program.ts'
import { compileBatch } from './tree-shap-batch.ts'
import { runKernel, type ShapProgram, takeRowAreas, writeContext } from './tree-shap-context.ts'
import { compileInteractions } from './tree-shap-pairs.ts'

/** Nodes after which the kernels run at full speed. */
const WARM_UP_NODES = 200_000

/** Estimated nanoseconds of a feature's sums. */
const FEATURE_NANOSECONDS = 20
/** What a cache holds of the slots of a tree; with more than that a node takes longer, up to this share more. */
const CACHE_BYTES = 4e6
const MOST_MISSED = 1.5

/** Returns the explainer of an ensemble over `features` model features on an instance of the kernels. */
export function compileTreeShapWasm(
  trees: TreeEnsemble,
  features: number,
  kernels: Kernels,
): TreeShap {
  const arena = createArena(kernels.memory)
  const layout = planRows(trees, features)
  const program = writeTreeProgram(trees, layout, arena)
  const shared: ShapProgram = {
    trees,
    features,
    kernels,
    arena,
    layout,
    program,
    ask: planOutputs(trees).ask,
    asked: arena.take(trees.outputs * WORD),
    weights: treeWeights(trees),
  }
  const explain = compileRow(shared)
  warmUp(explain, features, trees.feature.length)
  return {
    baseValues: expectedOutput(trees),
    explain,
    explainRows: compileBatch(shared),
    interactions: compileInteractions(shared, explain),
    cost: costOf(program, 1.2, 0.7) + features * FEATURE_NANOSECONDS,
    interactionCost: costOf(program, 3, 3.2),
  }
}

/**
 * Explains a few rows, because V8 runs new code slowly until it has proved worth compiling well. Of large models one row
 * is enough for that.
 */
function warmUp(explain: TreeShap['explain'], features: number, nodes: number): void {
  const rows = Math.max(1, Math.min(30, Math.floor(WARM_UP_NODES / nodes)))
  const x = new Float64Array(features)
  const phi = new Float64Array(features)
  for (let row = 0; row < rows; row++) explain(x, [0], phi)
}

function compileRow(shared: ShapProgram): TreeShap['explain'] {
  const { trees, features, kernels, arena, layout, weights } = shared
  const size = features * SUM_SIZE
  const areas = takeRowAreas(shared, trees.outputs)
  const { x, above, below, phi } = areas
  const context = writeContext(shared, areas)
  return (row, outputs, out) => {
    const plan = shared.ask(outputs)
    const { f64 } = arena
    layout.put(row, 0, f64, x / DOUBLE, 1)
    arena.putInt(context + CONTEXT_BELOW, plan.count > 1 ? below : above)
    arena.clear(phi, plan.count * size)
    runKernel(shared, kernels.explainRow, context, plan, phi, size)
    const sums = {
      data: f64,
      start: phi / DOUBLE,
      size: size / DOUBLE,
      stride: SUM_SIZE / DOUBLE,
      lanes: 2,
    } as const
    spreadOutputs(plan, outputs, features, sums, weights, out, 0)
  }
}

/**
 * Estimated nanoseconds of all nodes: so many each, and so many more per point; more where what a block of rows writes
 * for a tree does not stay in the cache.
 */
function costOf({ trees }: TreeProgram, node: number, point: number): number {
  return trees.reduce((sum, { order, points, slots }) => {
    const missed = Math.min(MOST_MISSED, (slots * points * BLOCK_ROWS * DOUBLE) / CACHE_BYTES)
    return sum + (order.splits.length + order.forks.length) * (node + point * points) * (1 + missed)
  }, 0)
}

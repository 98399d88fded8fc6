/**
 * Interventional SHAP values by tables; assembly/tables.ts. What a leaf gives to the features of its path depends on
 * which of them the explained row satisfies only, and the background enters once, when the tables are made:
 *
 *   phi_j[s] = v ∫₀¹ mean_b (s_j − b_j) Π_{i ≠ j} (s_i t + b_i (1 − t)) dt
 *
 * with s_i, b_i = 1 where the row, or the background row, satisfies all splits on feature i. The mean of the whole
 * product is made for all s at once, feature by feature, from the counts of the b (WOODELF: Nadel and Wettenstein).
 * Leaves that hang close together share a table.
 */
import type { Matrix } from '../data/matrix.ts'
import { type Arena, createArena } from '../trees/arena.ts'
import { meanOutput, type TreeEnsemble, treeWeights } from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import {
  DOUBLE,
  TABLES_COUNT,
  TABLES_INDEX,
  TABLES_MASKS,
  TABLES_OUTPUT_COUNT,
  TABLES_OUTPUTS,
  TABLES_PHI,
  TABLES_PHI_SIZE,
  TABLES_ROWS,
  TABLES_SIZE,
  TABLES_TREES,
  TABLES_X,
  WORD,
} from '../trees/layout.generated.ts'
import { planRows, type RowLayout } from '../trees/row-layout.ts'
import { fillTables } from './fill-tables.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import {
  type OutputPlanner,
  planOutputs,
  spreadOutputs,
  storedOutputs,
  visitGroups,
} from './outputs-asked.ts'
import { type TablePlanTree, tableLength } from './table-plan.ts'
import { type TableGroup, writeTableProgram } from './table-program.ts'

/** Most rows that are explained at a time, so that they stay in the cache with their addresses. */
const MOST_ROWS = 512
/** Most bytes of their numbers. */
const MOST_BYTES = 16 << 20
/** Rows that the kernel takes at a time. */
const GROUP = 4

/** Returns the explainer of an ensemble against background rows on an instance of the kernels. */
export function compileInterventionalTables(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  kernels: Kernels,
  plan: readonly TablePlanTree[],
): InterventionalShap {
  const arena = createArena(kernels.memory)
  const planner = planOutputs(trees, false)
  const stored = storedOutputs(trees)
  const length = plan.reduce(
    (sum, tree) => tree.units.reduce((total, unit) => total + tableLength(unit), sum),
    0,
  )
  const tables = arena.take(length * stored * DOUBLE)
  const layout = planRows(trees, features)
  const groups = writeTableProgram(trees, layout, plan, { tables, stored }, arena)
  fillTables(trees, background, plan, { tables, stored }, kernels, arena)
  const most = Math.min(MOST_ROWS, Math.ceil(MOST_BYTES / DOUBLE / layout.length / GROUP) * GROUP)
  const chunk = compileChunk(trees, features, layout, plan, groups, planner, most, kernels, arena)
  const explainRows: InterventionalShap['explainRows'] = (X, outputs, phi) => {
    for (let first = 0; first < X.rows; first += most)
      chunk(X.data, first, Math.min(most, X.rows - first), outputs, phi)
  }
  return {
    baseValues: meanOutput(trees, background),
    explain: (x, outputs, phi) => chunk(x, 0, 1, outputs, phi),
    explainRows,
    cost: plan.reduce((sum, tree) => sum + tree.top.length * 2 + tree.units.length * 28, 0),
    plan: 'tables',
  }
}

type ExplainChunk = (
  data: Float64Array,
  first: number,
  rows: number,
  outputs: readonly number[],
  phi: Float64Array,
) => void

function compileChunk(
  trees: TreeEnsemble,
  features: number,
  layout: RowLayout,
  plan: readonly TablePlanTree[],
  groups: readonly TableGroup[],
  planner: OutputPlanner,
  most: number,
  kernels: Kernels,
  arena: Arena,
): ExplainChunk {
  const largest = (of: (tree: TablePlanTree) => number) =>
    plan.reduce((most, tree) => Math.max(most, of(tree)), 0)
  const masks = largest(({ top, units }) => top.length + units.length) * most * WORD
  const index = largest(({ units }) => units.length) * most * WORD
  const areas = {
    masks: arena.take(masks),
    index: arena.take(index),
    asked: arena.take(trees.outputs * WORD),
    x: arena.take(most * layout.length * DOUBLE),
    phi: arena.take(most * trees.outputs * features * DOUBLE),
  }
  const { asked, x, phi } = areas
  const context = arena.take(TABLES_SIZE)
  arena.putFields(context, [
    [TABLES_X, x],
    [TABLES_MASKS, areas.masks],
    [TABLES_INDEX, areas.index],
    [TABLES_PHI_SIZE, features * DOUBLE],
    [TABLES_OUTPUTS, asked],
  ])
  const weights = treeWeights(trees)
  const isByOutput = trees.output !== undefined
  return (data, first, rows, outputs, out) => {
    const { f64 } = arena
    const asking = planner.ask(outputs)
    const stride = Math.ceil(rows / GROUP) * GROUP
    for (let row = 0; row < rows; row++)
      layout.put(data, (first + row) * features, f64, x / DOUBLE + row, stride)
    arena.putInt(context + TABLES_ROWS, rows)
    arena.clear(phi, rows * asking.count * features * DOUBLE)
    // [row][output][feature], or [output][row][feature] where every tree adds to one output.
    const [rowSize, size] = isByOutput
      ? [features, rows * features]
      : [asking.count * features, features]
    visitGroups(groups, asking, ({ headers, count: treeCount }, values, count, place) => {
      arena.putInts(asked, values)
      arena.putInt(context + TABLES_OUTPUT_COUNT, count)
      arena.putInt(context + TABLES_TREES, headers)
      arena.putInt(context + TABLES_COUNT, treeCount)
      arena.putInt(context + TABLES_PHI, phi + place * size * DOUBLE)
      kernels.explainTables(context)
    })
    for (let row = 0; row < rows; row++) {
      const start = phi / DOUBLE + row * rowSize
      const sums = { data: f64, start, size, stride: 1, lanes: 1 } as const
      const to = (first + row) * outputs.length * features
      spreadOutputs(asking, outputs, features, sums, weights, out, to)
    }
  }
}

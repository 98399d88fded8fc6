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
import { type Matrix, rowOf } from '../data/matrix.ts'
import { type Arena, createArena } from '../trees/arena.ts'
import {
  goesLeft,
  leftComparison,
  meanOutput,
  type TreeEnsemble,
  treeWeight,
} from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import { putRow } from '../trees/put-row.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import { type OutputPlanner, planOutputs } from './outputs-asked.ts'
import { type TablePlanTree, tableLength, type Unit, type UnitLeaf } from './table-plan.ts'
import { LEFT, pointsFor, RIGHT } from './tree-paths.ts'

const TREE = 16
const NODE = 32
const UNIT = 64
/** Most rows that are explained at a time, so that they stay in the cache with their addresses. */
const CHUNK = 512
/** Numbers of the context that change from call to call, in words: assembly/layout.ts. */
const ROWS = 3
const OUTPUT_COUNT = 9

/** Returns the explainer of an ensemble against background rows on an instance of the kernels. */
export function compileInterventionalTables(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  kernels: Kernels,
  plan: readonly TablePlanTree[],
  made?: Float64Array,
): InterventionalShap {
  const arena = createArena(kernels.memory)
  const planner = planOutputs(trees, false)
  const { stored } = planner
  const length = plan.reduce(
    (sum, tree) => tree.units.reduce((total, unit) => total + tableLength(unit), sum),
    0,
  )
  const tables = arena.take(length * stored * 8)
  const headers = writeTrees(trees, features, plan, tables, stored, arena)
  if (made) {
    if (made.length !== length * stored)
      throw new RangeError(`tables of ${made.length} numbers where ${length * stored} are needed`)
    arena.f64.set(made, tables / 8)
  } else makeTables(trees, background, plan, tables, stored, kernels, arena)
  const chunk = compileChunk(trees, features, plan, headers, planner, kernels, arena)
  const explainRows: InterventionalShap['explainRows'] = (X, outputs, phi) => {
    for (let first = 0; first < X.rows; first += CHUNK)
      chunk(X.data, first, Math.min(CHUNK, X.rows - first), outputs, phi)
  }
  return {
    baseValues: meanOutput(trees, background),
    explain: (x, outputs, phi) => chunk(x, 0, 1, outputs, phi),
    explainRows,
    cost: plan.reduce((sum, tree) => sum + tree.top.length * 2 + tree.units.length * 28, 0),
    plan: 'tables',
    tables: () => arena.f64.slice(tables / 8, tables / 8 + length * stored),
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
  plan: readonly TablePlanTree[],
  headers: number,
  planner: OutputPlanner,
  kernels: Kernels,
  arena: Arena,
): ExplainChunk {
  const largest = (of: (tree: TablePlanTree) => number) =>
    plan.reduce((most, tree) => Math.max(most, of(tree)), 0)
  const masks = arena.take(largest(({ top, units }) => top.length + units.length) * CHUNK * 4)
  const index = arena.take(largest(({ units }) => units.length) * CHUNK * 4)
  const asked = arena.take(trees.outputs * 4)
  const x = arena.take(CHUNK * 2 * features * 8)
  const phi = arena.take(CHUNK * trees.outputs * features * 8)
  const context = arena.take(64)
  arena.i32.set(
    [headers, plan.length, x, 0, masks, index, phi, features * 8, asked, 0],
    context / 4,
  )
  const weight = treeWeight(trees)
  return (data, first, rows, outputs, out) => {
    const { i32, f64 } = arena
    const { computed, count, place } = planner.ask(outputs)
    // The kernel takes four rows at a time.
    const stride = Math.ceil(rows / 4) * 4
    for (let row = 0; row < rows; row++) {
      const to = { start: x / 8 + row, stride, copies: 2 }
      putRow(trees, features, data, (first + row) * features, f64, to)
    }
    i32.set(computed, asked / 4)
    i32[context / 4 + ROWS] = rows
    i32[context / 4 + OUTPUT_COUNT] = count
    const size = count * features
    f64.fill(0, phi / 8, phi / 8 + rows * size)
    kernels.explainTables(context)
    for (let row = 0; row < rows; row++) {
      const from = phi / 8 + row * size
      for (let k = 0; k < outputs.length; k++) {
        const to = ((first + row) * outputs.length + k) * features
        const own = place[outputs[k]!]!
        for (let j = 0; j < features; j++) {
          let value = 0
          if (own >= 0) value = f64[from + own * features + j]!
          else
            for (let other = 0; other < count; other++) value -= f64[from + other * features + j]!
          out[to + j] = weight * value
        }
      }
    }
  }
}

function writeTrees(
  trees: TreeEnsemble,
  features: number,
  plan: readonly TablePlanTree[],
  tables: number,
  stored: number,
  arena: Arena,
): number {
  const headers = arena.take(plan.length * TREE)
  let table = tables
  plan.forEach((tree, at) => {
    const { paths, bit, top, units, unitBelow } = tree
    const nodes = arena.take(top.length * NODE)
    const first = arena.take(units.length * UNIT)
    arena.i32.set([nodes, top.length, first, units.length], (headers + at * TREE) / 4)
    const topAt = new Map(top.map((position, i) => [position, i]))
    const x = (position: number) => {
      const node = paths.node[position]!
      const copy = trees.missingLeft[node] === 1 ? features : 0
      return (trees.feature[node]! + copy) * 8
    }
    const threshold = (position: number) => leftComparison(trees, paths.node[position]!)
    top.forEach((position, i) => {
      const word = (nodes + i * NODE) / 4
      const maskOf = (side: number) => {
        const unit = unitBelow[position * 2 + side]!
        const child = (side === LEFT ? paths.left : paths.right)[position]!
        return unit >= 0 ? top.length + unit : (topAt.get(child) as number)
      }
      arena.i32.set([x(position), ~(1 << bit[position]!)], word)
      arena.f64[word / 2 + 1] = threshold(position)
      arena.i32.set([maskOf(LEFT), maskOf(RIGHT)], word + 4)
    })
    units.forEach((unit, i) => {
      const list = arena.take(unit.features.length * 4)
      arena.i32.set(
        unit.features.map((feature) => feature * 8),
        list / 4,
      )
      const word = (first + i * UNIT) / 4
      const bytes = tableLength(unit) * 8
      const { above, nodes: own } = unit
      arena.i32.set([table, bytes, above, own.length, unit.features.length, list], word)
      arena.i32.set(own.map(x), word + 6)
      arena.f64.set(own.map(threshold), word / 2 + 5)
      table += bytes * stored
    })
  })
  return headers
}

function makeTables(
  trees: TreeEnsemble,
  background: Matrix,
  plan: readonly TablePlanTree[],
  tables: number,
  stored: number,
  kernels: Kernels,
  arena: Arena,
): void {
  const width = plan.reduce(
    (most, { units }) =>
      units.reduce(
        (most, { leaves }) =>
          leaves.reduce((most, { conditions }) => Math.max(most, conditions.length), most),
        most,
      ),
    0,
  )
  const masks = arena.take(background.rows * 4)
  const conditions = arena.take(width * 12)
  const C = arena.take(2 ** width * 16)
  const A = arena.take(2 ** width * 8)
  const B = arena.take(2 ** width * 8)
  const rules = Array.from({ length: pointsFor(width) + 1 }, (_, n) =>
    n === 0 ? 0 : writeRule(arena, n),
  )
  const addLeaf = (unit: Unit, leaf: UnitLeaf, rows: Int32Array, table: number) => {
    const { above, nodes, features } = unit
    const own = leaf.conditions.length
    const points = pointsFor(own)
    arena.i32.set(rows, masks / 4)
    arena.i32.set(leaf.conditions.flat(), conditions / 4)
    const size = Math.ceil(points / 2) * 16
    kernels.prepareLeaf(masks, rows.length, own, rules[points]!, size, C, A, B)
    for (let k = 0; k < stored; k++) {
      const value = trees.value[leaf.leaf * trees.outputs + k]!
      const at = table + k * tableLength(unit) * 8
      kernels.addLeaf(A, B, own, conditions, at, above + nodes.length, features.length, value)
    }
  }
  let table = tables
  for (const tree of plan) {
    const masksAt = findMasks(trees, background, tree)
    for (const unit of tree.units) {
      for (const leaf of unit.leaves) addLeaf(unit, leaf, masksAt(leaf), table)
      table += tableLength(unit) * 8 * stored
    }
  }
}

/** Returns what tells which features of a leaf's path every background row satisfies, as bits. */
function findMasks(
  trees: TreeEnsemble,
  background: Matrix,
  { paths, bit }: TablePlanTree,
): (leaf: UnitLeaf) => Int32Array {
  const { node, parent, parentSide } = paths
  const { rows } = background
  const isLeft = new Uint8Array(node.length * rows)
  const alive = new Int32Array(node.length * rows).fill(-1)
  const follow = (row: number, position: number, side: number): number => {
    const at = position * rows + row
    const mask = alive[at]!
    return isLeft[at] === side ? mask : mask & ~(1 << bit[position]!)
  }
  for (let row = 0; row < rows; row++) {
    const b = rowOf(background, row)
    for (let i = 0; i < node.length; i++) {
      const up = parent[i]!
      if (up >= 0) alive[i * rows + row] = follow(row, up, parentSide[i]!)
      isLeft[i * rows + row] = goesLeft(trees, node[i]!, b) ? LEFT : RIGHT
    }
  }
  const found = new Int32Array(rows)
  return (leaf) => {
    const bits = (1 << leaf.conditions.length) - 1
    for (let row = 0; row < rows; row++) found[row] = follow(row, leaf.parent, leaf.side) & bits
    return found
  }
}

function writeRule(arena: Arena, points: number): number {
  const { nodes, weights } = gaussLegendre(points)
  const size = Math.ceil(points / 2) * 2
  const address = arena.take(2 * size * 8)
  arena.f64.fill(0.5, address / 8, address / 8 + size)
  arena.f64.set(nodes, address / 8)
  arena.f64.set(weights, address / 8 + size)
  return address
}

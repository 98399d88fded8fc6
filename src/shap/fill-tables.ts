/** Makes the tables of interventional SHAP values from the background rows; interventional-tables.ts has the method. */
import { type Matrix, rowOf } from '../data/matrix.ts'
import type { Arena } from '../trees/arena.ts'
import { goesLeft, type TreeEnsemble, valueWidth } from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import {
  CONDITION_FORBIDDEN,
  CONDITION_NEEDED,
  CONDITION_PLACE,
  CONDITION_SIZE,
  DOUBLE,
  VECTOR,
  WORD,
} from '../trees/layout.generated.ts'
import { slotBytes, writeRule } from './quadrature-rule.ts'
import { type TablePlanTree, tableLength, type Unit, type UnitLeaf } from './table-plan.ts'
import type { TableArea } from './table-program.ts'
import { LEFT, pointsFor, RIGHT } from './tree-paths.ts'

/** Fills the tables of an ensemble: every leaf is prepared once and added to the tables of all stored outputs. */
export function fillTables(
  trees: TreeEnsemble,
  background: Matrix,
  plan: readonly TablePlanTree[],
  { tables, stored }: TableArea,
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
  const masks = arena.take(background.rows * WORD)
  const conditions = arena.take(width * CONDITION_SIZE)
  const C = arena.take(2 ** width * VECTOR)
  const A = arena.take(2 ** width * DOUBLE)
  const B = arena.take(2 ** width * DOUBLE)
  const rules = Array.from({ length: pointsFor(width) + 1 }, (_, points) =>
    points === 0 ? 0 : writeRule(arena, points),
  )
  const values = valueWidth(trees)
  const addLeaf = (unit: Unit, leaf: UnitLeaf, rows: Int32Array, table: number) => {
    const { above, nodes, features } = unit
    const own = leaf.conditions.length
    const points = pointsFor(own)
    arena.putInts(masks, rows)
    leaf.conditions.forEach(([needed, forbidden, place], i) => {
      arena.putFields(conditions + i * CONDITION_SIZE, [
        [CONDITION_NEEDED, needed],
        [CONDITION_FORBIDDEN, forbidden],
        [CONDITION_PLACE, place],
      ])
    })
    kernels.prepareLeaf(masks, rows.length, own, rules[points]!, slotBytes(points), C, A, B)
    for (let k = 0; k < stored; k++) {
      const value = trees.value[leaf.leaf * values + k]!
      const at = table + k * tableLength(unit) * DOUBLE
      kernels.addLeaf(A, B, own, conditions, at, above + nodes.length, features.length, value)
    }
  }
  let table = tables
  for (const tree of plan) {
    const masksAt = findMasks(trees, background, tree)
    for (const unit of tree.units) {
      for (const leaf of unit.leaves) addLeaf(unit, leaf, masksAt(leaf), table)
      table += tableLength(unit) * DOUBLE * stored
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

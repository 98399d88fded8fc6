/** The plan of an ensemble's tables as the kernel that looks them up reads it; assembly/layout.ts. */
import type { Arena } from '../trees/arena.ts'
import { leftComparison, type TreeEnsemble, type TreeGroup } from '../trees/ensemble.ts'
import {
  DOUBLE,
  TABLE_NODE_BIT,
  TABLE_NODE_LEFT,
  TABLE_NODE_RIGHT,
  TABLE_NODE_SIZE,
  TABLE_NODE_THRESHOLD,
  TABLE_NODE_X,
  TABLE_TREE_NODE_COUNT,
  TABLE_TREE_NODES,
  TABLE_TREE_SIZE,
  TABLE_TREE_UNIT_COUNT,
  TABLE_TREE_UNITS,
  UNIT_ABOVE,
  UNIT_BYTES,
  UNIT_ENTRY,
  UNIT_FEATURES,
  UNIT_NODES,
  UNIT_SIZE,
  UNIT_TABLE,
  UNIT_THRESHOLDS,
  UNIT_XS,
} from '../trees/layout.generated.ts'
import type { RowLayout } from '../trees/row-layout.ts'
import { type TablePlanTree, tableLength } from './table-plan.ts'
import { LEFT, RIGHT } from './tree-paths.ts'

/** Where tables stand: one after the other, of every unit one per stored output. */
export interface TableArea {
  /** Address of the first. */
  readonly tables: number
  /** Outputs that have tables. */
  readonly stored: number
}

/** Trees that add to the same outputs: the address of their first record, and their number. */
export interface TableGroup extends Pick<TreeGroup, 'output'> {
  readonly headers: number
  count: number
}

/** Writes the nodes above the units and the units of every tree; returns the trees' records by their outputs. */
export function writeTableProgram(
  trees: TreeEnsemble,
  layout: RowLayout,
  plan: readonly TablePlanTree[],
  { tables, stored }: TableArea,
  arena: Arena,
): TableGroup[] {
  const headers = arena.take(plan.length * TABLE_TREE_SIZE)
  const groups: TableGroup[] = []
  let table = tables
  plan.forEach((tree, at) => {
    const last = groups.at(-1)
    if (last && last.output === tree.output) last.count++
    else groups.push({ output: tree.output, headers: headers + at * TABLE_TREE_SIZE, count: 1 })
    const { top, units } = tree
    const nodes = arena.take(top.length * TABLE_NODE_SIZE)
    const first = arena.take(units.length * UNIT_SIZE)
    arena.putFields(headers + at * TABLE_TREE_SIZE, [
      [TABLE_TREE_NODES, nodes],
      [TABLE_TREE_NODE_COUNT, top.length],
      [TABLE_TREE_UNITS, first],
      [TABLE_TREE_UNIT_COUNT, units.length],
    ])
    writeTop(trees, layout, tree, nodes, arena)
    const nodeAt = (position: number) => tree.paths.node[position]!
    units.forEach((unit, i) => {
      const { above, nodes: own, features } = unit
      const record = first + i * UNIT_SIZE
      const bytes = tableLength(unit) * DOUBLE
      arena.putFields(record, [
        [UNIT_TABLE, table],
        [UNIT_BYTES, bytes],
        [UNIT_ABOVE, above],
        [UNIT_NODES, own.length],
        [UNIT_ENTRY, features.length],
        [UNIT_FEATURES, arena.storeInts(features.map((feature) => feature * DOUBLE))],
      ])
      arena.putInts(
        record + UNIT_XS,
        own.map((position) => layout.offsetOf(nodeAt(position))),
      )
      arena.putDoubles(
        record + UNIT_THRESHOLDS,
        own.map((position) => leftComparison(trees, nodeAt(position))),
      )
      table += bytes * stored
    })
  })
  return groups
}

/** Writes the nodes above the units; masks are numbered as these nodes, then as the units. */
function writeTop(
  trees: TreeEnsemble,
  layout: RowLayout,
  { paths, bit, top, unitBelow }: TablePlanTree,
  nodes: number,
  arena: Arena,
): void {
  const topAt = new Map(top.map((position, i) => [position, i]))
  const maskOf = (position: number, side: number): number => {
    const unit = unitBelow[position * 2 + side]!
    const child = (side === LEFT ? paths.left : paths.right)[position]!
    return unit >= 0 ? top.length + unit : topAt.get(child)!
  }
  top.forEach((position, i) => {
    const record = nodes + i * TABLE_NODE_SIZE
    const node = paths.node[position]!
    arena.putDouble(record + TABLE_NODE_THRESHOLD, leftComparison(trees, node))
    arena.putFields(record, [
      [TABLE_NODE_X, layout.offsetOf(node)],
      [TABLE_NODE_BIT, ~(1 << bit[position]!)],
      [TABLE_NODE_LEFT, maskOf(position, LEFT)],
      [TABLE_NODE_RIGHT, maskOf(position, RIGHT)],
    ])
  })
}

/** What the kernel of interactions needs beyond a compiled ensemble: vectors of edges, and partners of nodes. */
import type { Arena } from '../trees/arena.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'
import {
  DOUBLE,
  PARTNER_EDGE,
  PARTNER_FEATURE,
  PARTNER_SIZE,
  SUM_SIZE,
  TREE_EDGES,
  TREE_PARTNER_ENDS,
  TREE_PARTNERS,
  TREE_SIZE,
} from '../trees/layout.generated.ts'
import { slotBytes } from './quadrature-rule.ts'
import type { TreeOrder } from './tree-order.ts'
import { LEFT } from './tree-paths.ts'
import type { CompiledTree, TreeProgram } from './tree-program.ts'

/**
 * Writes the tables of all trees and where they stand into the trees' headers. Per edge of a split (left, right) what
 * a partner below it is multiplied by while the row is on it: (1 − R) / (R u + t); where it is not, −1 / u, once per
 * tree. Per node its partners: the nearest edge of every other feature on the path above.
 */
export function writePathTables(trees: TreeEnsemble, program: TreeProgram, arena: Arena): void {
  program.trees.forEach((tree, i) => {
    const edges = writeEdges(tree, arena)
    const { partners, ends } = listPartners(trees, tree.order)
    const partnerEnds = arena.storeInts(ends.map((end) => end * PARTNER_SIZE))
    const list = arena.take(partners.length * PARTNER_SIZE)
    partners.forEach(([edge, feature], at) => {
      arena.putFields(list + at * PARTNER_SIZE, [
        [PARTNER_EDGE, edge],
        [PARTNER_FEATURE, feature * SUM_SIZE],
      ])
    })
    arena.putFields(program.headers + i * TREE_SIZE, [
      [TREE_EDGES, edges],
      [TREE_PARTNER_ENDS, partnerEnds],
      [TREE_PARTNERS, list],
    ])
  })
}

/** Writes the vectors of all edges, the one of rows that are not on them first. */
function writeEdges({ order, points, rule }: CompiledTree, arena: Arena): number {
  const { paths, splits } = order
  const size = slotBytes(points)
  const edges = arena.take((splits.length * 2 + 1) * size)
  const { f64 } = arena
  const t = f64.subarray(rule / DOUBLE, (rule + size) / DOUBLE)
  let vector = edges / DOUBLE
  for (const point of t) f64[vector++] = -1 / (1 - point)
  for (const i of splits) {
    const rl = paths.leftWeight[i]!
    for (const share of [rl, 1 - rl]) {
      const R = paths.weightAbove[i]! * share
      for (const point of t) f64[vector++] = (1 - R) / (R * (1 - point) + point)
    }
  }
  return edges
}

/** Returns the partners of all nodes in the order of slots, each an edge and its feature, and where a node's end. */
function listPartners(trees: TreeEnsemble, { paths, splits, forks, slot }: TreeOrder) {
  const { node, parent, parentSide } = paths
  const ends: number[] = [0]
  const partners: [edge: number, feature: number][] = []
  const met = new Map<number, number>()
  const add = (i: number) => {
    met.set(trees.feature[node[i]!]!, i)
    let side = parentSide[i]!
    for (let up = parent[i]!; up >= 0; up = parent[up]!) {
      const k = trees.feature[node[up]!]!
      if (met.get(k) !== i) {
        met.set(k, i)
        partners.push([slot[up]! * 2 + (side === LEFT ? 0 : 1), k])
      }
      side = parentSide[up]!
    }
    ends.push(partners.length)
  }
  splits.forEach(add)
  forks.forEach(add)
  return { partners, ends }
}

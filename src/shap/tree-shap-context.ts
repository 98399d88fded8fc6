/** What the kernels that explain by paths work on: an ensemble's program and areas of working memory. */
import type { Arena } from '../trees/arena.ts'
import { type TreeEnsemble, valueWidth } from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import {
  CONTEXT_ABOVE,
  CONTEXT_BELOW,
  CONTEXT_FEATURES,
  CONTEXT_OUTPUT_COUNT,
  CONTEXT_OUTPUTS,
  CONTEXT_PHI,
  CONTEXT_SIDES,
  CONTEXT_SIZE,
  CONTEXT_TREE_COUNT,
  CONTEXT_TREES,
  CONTEXT_X,
  SIDES_SIZE,
  SUM_SIZE,
  VECTOR,
  WORD,
} from '../trees/layout.generated.ts'
import type { RowLayout } from '../trees/row-layout.ts'
import { type OutputsAsked, visitGroups } from './outputs-asked.ts'
import { slotBytes } from './quadrature-rule.ts'
import type { CompiledTree, TreeProgram } from './tree-program.ts'

/** A compiled ensemble with what all its kernels share. */
export interface ShapProgram {
  readonly trees: TreeEnsemble
  /** Model features. */
  readonly features: number
  readonly kernels: Kernels
  readonly arena: Arena
  readonly layout: RowLayout
  readonly program: TreeProgram
  readonly ask: (outputs: readonly number[]) => OutputsAsked
  /** Address of the outputs to compute. */
  readonly asked: number
  /** What a tree counts in every output. */
  readonly weights: Float64Array
}

/** Addresses of working memory. */
export interface Areas {
  readonly x: number
  readonly above: number
  readonly below: number
  readonly sides: number
  readonly phi: number
}

/** Takes the areas in which one row is explained, for so many outputs at a time. */
export function takeRowAreas(shared: ShapProgram, outputs: number): Areas {
  const { arena, features, program, trees } = shared
  const slots = slotsOfRow(program)
  const above = arena.take(slots)
  const sides = takeSides(shared, SIDES_SIZE)
  // What turns the mask of the left side into those of both.
  arena.putInts(sides + VECTOR, [0, 0, -1, -1])
  return {
    x: program.x,
    above,
    // One output may overwrite what the pass down wrote, which keeps less in the cache.
    below: outputs > 1 && valueWidth(trees) > 1 ? arena.take(slots) : above,
    phi: arena.take(outputs * features * SUM_SIZE),
    sides,
  }
}

/** Takes the sides of the largest tree's splits, of so many bytes each, and what is alive everywhere before them. */
export function takeSides({ arena, program }: ShapProgram, size: number): number {
  const sides = arena.take(size + largest(program, ({ order }) => order.splits.length * size))
  arena.i32.fill(-1, sides / WORD, (sides + size) / WORD)
  return sides
}

/** Returns the bytes of the slots of the largest tree, for one row. */
export function slotsOfRow(program: TreeProgram): number {
  return largest(program, ({ slots, points }) => slots * slotBytes(points))
}

/** Writes a context and returns its address. */
export function writeContext(shared: ShapProgram, areas: Areas): number {
  const { features, arena, asked } = shared
  const context = arena.take(CONTEXT_SIZE)
  arena.putFields(context, [
    [CONTEXT_X, areas.x],
    [CONTEXT_ABOVE, areas.above],
    [CONTEXT_BELOW, areas.below],
    [CONTEXT_SIDES, areas.sides],
    [CONTEXT_FEATURES, features],
    [CONTEXT_OUTPUTS, asked],
  ])
  return context
}

/**
 * Runs a kernel for all trees that add to an output to compute.
 * @param phi address of the sums of the first computed output
 * @param size bytes from there to the sums of the next, where every tree adds to one output
 */
export function runKernel(
  { arena, asked, program }: ShapProgram,
  kernel: (context: number) => void,
  context: number,
  plan: OutputsAsked,
  phi: number,
  size: number,
): void {
  visitGroups(program.groups, plan, ({ headers, count: trees }, values, count, place) => {
    arena.putInts(asked, values)
    arena.putInt(context + CONTEXT_OUTPUT_COUNT, count)
    arena.putInt(context + CONTEXT_TREES, headers)
    arena.putInt(context + CONTEXT_TREE_COUNT, trees)
    arena.putInt(context + CONTEXT_PHI, phi + place * size)
    kernel(context)
  })
}

/** Returns the largest number of bytes, or of something else, that a tree needs. */
export function largest({ trees }: TreeProgram, of: (tree: CompiledTree) => number): number {
  return trees.reduce((most, tree) => Math.max(most, of(tree)), 0)
}

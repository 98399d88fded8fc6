/** SHAP interaction values of one row by the kernel of pairs. */
import {
  CONTEXT_GAINS,
  CONTEXT_PAIRS,
  CONTEXT_PARTNERS,
  DOUBLE,
  SUM_SIZE,
  WORD,
} from '../trees/layout.generated.ts'
import { fillDiagonal } from './interactions.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import { writePathTables } from './path-tables.ts'
import {
  largest,
  runKernel,
  type ShapProgram,
  slotsOfRow,
  takeRowAreas,
  writeContext,
} from './tree-shap-context.ts'

/** Returns the explainer of interactions; most models are never asked, so its memory is taken at the first call. */
export function compileInteractions(
  shared: ShapProgram,
  explain: TreeShap['explain'],
): TreeShap['interactions'] {
  const { features, kernels, arena, layout, weights } = shared
  let areas: PairAreas | undefined
  return (row, outputs, out) => {
    areas ??= takeAreas(shared)
    const { context, x, phi: sums, pairs } = areas
    const { f64 } = arena
    const phi = new Float64Array(outputs.length * features)
    explain(row, outputs, phi)
    layout.put(row, 0, f64, x / DOUBLE, 1)
    /** What nodes on feature i got from partners on feature j, in two lanes. */
    const sumAt = (i: number, j: number) => {
      const at = (pairs + (i * features + j) * SUM_SIZE) / DOUBLE
      return f64[at]! + f64[at + 1]!
    }
    outputs.forEach((output, k) => {
      arena.clear(pairs, features * features * SUM_SIZE)
      runKernel(shared, kernels.explainPairs, context, shared.ask([output]), sums, 0)
      const own = out.subarray(k * features * features, (k + 1) * features * features)
      for (let i = 0; i < features; i++) {
        for (let j = 0; j < i; j++) {
          const half = (weights[output]! * (sumAt(i, j) + sumAt(j, i))) / 2
          own[i * features + j] = half
          own[j * features + i] = half
        }
      }
      fillDiagonal(own, phi.subarray(k * features, (k + 1) * features))
    })
  }
}

interface PairAreas {
  readonly context: number
  readonly x: number
  readonly phi: number
  readonly pairs: number
}

function takeAreas(shared: ShapProgram): PairAreas {
  const { arena, features, program, trees } = shared
  writePathTables(trees, program, arena)
  const areas = takeRowAreas(shared, 1)
  const pairs = arena.take(features * features * SUM_SIZE)
  const context = writeContext(shared, areas)
  arena.putFields(context, [
    [CONTEXT_GAINS, arena.take(slotsOfRow(program))],
    // The address of a vector per edge, two edges per split.
    [CONTEXT_PARTNERS, arena.take(largest(program, ({ order }) => order.splits.length * 2 * WORD))],
    [CONTEXT_PAIRS, pairs],
  ])
  return { context, x: areas.x, phi: areas.phi, pairs }
}

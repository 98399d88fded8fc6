import { rowOf, zeros } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import type { FitContext } from '../../../src/estimators/estimator.ts'
import type { decisionTree } from '../../../src/estimators/native/decision-tree.ts'
import type { TreesSpec } from '../../../src/models/model.ts'
import { fit, type Labelled } from '../../contract.ts'

/** Parameters by name. */
export type Given = Readonly<Record<string, unknown>>

/** Fits, and checks that trees came out. */
export async function fitTrees(
  estimator: typeof decisionTree,
  data: Labelled,
  params: Given = {},
  context: Partial<FitContext> = {},
): Promise<TreesSpec> {
  const spec = await fit(estimator, data, context, params)
  if (spec.kind !== 'trees') throw new Error(`it made a ${spec.kind} model`)
  return spec
}

/** Two classes that hang on two columns, with noise; `levels` different values per column. */
export function noisy(rows: number, columns: number, levels = 1_000_000): Labelled {
  const random = createRandom(17, 301)
  const X = zeros(rows, columns)
  for (let i = 0; i < X.data.length; i++) X.data[i] = random.below(levels) / levels
  const y = Int32Array.from({ length: rows }, (_, row) => {
    const x = rowOf(X, row)
    const score = 2 * (x[0] as number) + (x[columns - 1] as number) - 1.5
    return random.uniform() < 1 / (1 + Math.exp(-4 * score)) ? 1 : 0
  })
  return { X, y, classes: 2 }
}

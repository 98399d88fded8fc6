/** What one output of ten costs, and all ten beside the same trees that add to one output. */
import { rowOf } from '../../src/data/matrix.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import { cpu, readTrees } from './measure.ts'
import type { ReferenceModel } from './reference.ts'

const ROWS = 200

export function tenClasses(model: ReferenceModel, rounds: number): string[] {
  const { trees } = readTrees(model)
  const F = model.rows.columns
  const { output: _, ...rest } = trees
  // The same nodes and leaves, all of whose trees add to the same number.
  const single = compileTreeShap({ ...rest, outputs: 1, base: new Float64Array(1) }, F)
  const ten = compileTreeShap(trees, F)
  const all = Array.from({ length: trees.outputs }, (_, i) => i)
  const X = { rows: ROWS, columns: F, data: model.rows.data.subarray(0, ROWS * F) }
  const phi = new Float64Array(ROWS * F * trees.outputs)
  const figures = {
    'one output, one row': () => rowsOneByOne((x) => ten.explain(x, [3], phi)),
    'all ten, one row': () => rowsOneByOne((x) => ten.explain(x, all, phi)),
    'one output of the same trees, one row': () => rowsOneByOne((x) => single.explain(x, [0], phi)),
    'one output, batch': () => cpu(() => ten.explainRows(X, [3], phi)) / ROWS,
    'all ten, batch': () => cpu(() => ten.explainRows(X, all, phi)) / ROWS,
    'one output of the same trees, batch': () => cpu(() => single.explainRows(X, [0], phi)) / ROWS,
  }
  const least: Record<string, number> = {}
  for (let round = 0; round < rounds; round++)
    for (const [what, measure] of Object.entries(figures))
      least[what] = Math.min(least[what] ?? Number.POSITIVE_INFINITY, measure())
  return ['one row', 'batch'].flatMap((how) => {
    const [one, ten, same] = ['one output', 'all ten', 'one output of the same trees'].map(
      (what) => least[`${what}, ${how}`]!,
    )
    return [
      `| one output, ${how} | ${one!.toFixed(1)} | ${(one! / ten!).toFixed(3)} of all ten | about 0.1 |`,
      `| all ten, ${how} | ${ten!.toFixed(1)} | ${(ten! / same!).toFixed(2)} of one output with all trees | 1.3 |`,
    ]
  })

  function rowsOneByOne(explain: (x: Float64Array) => void): number {
    return (
      cpu(() => {
        for (let row = 0; row < ROWS; row++) explain(rowOf(X, row))
      }) / ROWS
    )
  }
}

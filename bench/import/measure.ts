/** Our side: the imported trees, checked against their library, and the CPU time of what it is asked to do. */
import { type Matrix, rowOf } from '../../src/data/matrix.ts'
import { readModelFile } from '../../src/import/index.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import { compileTreePredictor } from '../../src/trees/predict.ts'
import type { ReferenceModel } from './reference.ts'

/** XGBoost computes in float32. */
const TOLERANCE = 1e-4
const BATCH = 2000

/** Least CPU microseconds of several runs of a call. */
export function cpu(call: () => void, seconds = 0.25): number {
  let least = Number.POSITIVE_INFINITY
  for (let total = 0; total < seconds * 1e6; ) {
    const start = process.cpuUsage()
    let repeats = 0
    let took = 0
    do {
      call()
      repeats++
      const { user, system } = process.cpuUsage(start)
      took = user + system
    } while (took < 20_000)
    least = Math.min(least, took / repeats)
    total += took
  }
  return least
}

/** Returns the trees of a model's file and how many leaves they have. */
export function readTrees({ bytes, file }: ReferenceModel): { trees: TreesSpec; leaves: number } {
  const trees = readModelFile(bytes, file, 'auto', {}).spec as TreesSpec
  return { trees, leaves: trees.feature.reduce((sum, feature) => sum + (feature < 0 ? 1 : 0), 0) }
}

/**
 * Returns what measures a call: CPU microseconds per row.
 * @throws Error where margins or contributions are not the library's
 */
export function measureModel(model: ReferenceModel): (what: string) => number {
  const { rows } = model
  const { trees } = readTrees(model)
  const F = rows.columns
  const predictor = compileTreePredictor(trees)
  const shap = compileTreeShap(trees, F)
  const all = Array.from({ length: trees.outputs }, (_, i) => i)
  const phi = new Float64Array(trees.outputs * F)
  const score = new Float64Array(trees.outputs)
  const checked = model.margins.length / trees.outputs
  for (let row = 0; row < checked; row++) {
    const x = rowOf(rows, row)
    predictor.predict(x, score)
    shap.explain(x, all, phi)
    for (const k of all) {
      const at = row * trees.outputs + k
      compare(score[k]!, model.margins[at]!, `margin of row ${row}`)
      for (let f = 0; f < F; f++)
        compare(phi[k * F + f]!, model.contributions[at * (F + 1) + f]!, `row ${row}, column ${f}`)
    }
  }
  const scores = new Float64Array(rows.rows * trees.outputs)
  const some: Matrix = { rows: BATCH, columns: F, data: rows.data.subarray(0, BATCH * F) }
  const values = new Float64Array(BATCH * phi.length)
  const one = (call: (x: Float64Array) => void) =>
    cpu(() => {
      // Rows that follow each other: one row alone would be learnt by the branch predictor.
      for (let row = 0; row < 200; row++) call(rowOf(rows, row))
    }) / 200
  const calls: Readonly<Record<string, () => number>> = {
    predict_one: () => one((x) => predictor.predict(x, score)),
    predict_batch: () => cpu(() => predictor.predictRows(rows, scores)) / rows.rows,
    explain_one: () => one((x) => shap.explain(x, all, phi)),
    explain_batch: () => cpu(() => shap.explainRows(some, all, values)) / BATCH,
  }
  return (what) => calls[what]!()
}

function compare(ours: number, theirs: number, where: string): void {
  if (!(Math.abs(ours - theirs) <= TOLERANCE * Math.max(1, Math.abs(theirs))))
    throw new Error(`${where}: ${ours} here, ${theirs} there`)
}

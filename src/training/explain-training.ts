/** What a trained model looks at: global importance in three ways, and the summary of its explanations. */
import { type DataFrame, sliceRows, takeRows } from '../data/frame.ts'
import { stratifiedSample } from '../data/split.ts'
import type { Params } from '../estimators/params.ts'
import { kindOf } from '../models/index.ts'
import type { Predictor } from '../predictor/predictor.ts'
import {
  explainColumns,
  planSummary,
  startSummary,
  summaryLabels,
} from '../predictor/summarize-rows.ts'
import { BLOCK_ROWS } from '../trees/layout.generated.ts'
import type { Fitted } from './fit.ts'
import type { LabelledRows } from './measure.ts'
import { type Pace, SHARES } from './pace.ts'
import {
  type PermutationImportance,
  planPermutation,
  startPermutation,
} from './permutation-importance.ts'
import { measureImportance } from './shap-importance.ts'

/** Rows over which global importance is measured: fewer where explaining them would take too long. */
const MOST_ROWS = 500
const LEAST_ROWS = 2 * BLOCK_ROWS
const MOST_NANOSECONDS = 2e9
/** Estimated nanoseconds that may pass before other work runs. */
const TURN_NANOSECONDS = 5e7

/**
 * Returns SHAP importance and impurity importance, and the summary of SHAP values, over a sample of the training rows.
 * @param frame the table whose rows were fitted
 */
export async function explainTraining(
  predictor: Predictor,
  frame: DataFrame,
  { model, X, y, rows }: Fitted,
  params: Params,
  seed: number,
  pace: Pace,
) {
  const labels = summaryLabels(predictor)
  const cost = predictor.explainer.cost * labels.length
  const criterion =
    params.criterion === undefined || params.criterion === 'gini' ? 'gini' : 'entropy'
  const impurity = kindOf(model).impurityImportance?.(model, X.columns, criterion)
  const sampleOf = (count: number): DataFrame =>
    takeRows(
      frame,
      stratifiedSample(y, predictor.classes.length, count, seed).map((i) => rows[i]!),
    )
  const explain = async (count: number, isCut: () => boolean) => {
    const sampled = sampleOf(count)
    const phi = await explainInTurns(predictor, sampled, cost, { ...pace, isCut })
    return phi && { sampled, phi }
  }
  const most = explainedRows(cost, pace.nanoseconds * SHARES.explain)
  const { sampled, phi } =
    (await explain(most, pace.isCut)) ?? (await explain(LEAST_ROWS, () => false))!
  const summary = startSummary(predictor, planSummary(predictor, sampled))
  summary.add(sampled, phi)
  return {
    ...measureImportance(predictor, sampled, phi, impurity),
    summary: summary.finish(),
    criterion: impurity && criterion,
  }
}

/** Returns the SHAP values of all rows, block by block, or undefined where the training was asked to end meanwhile. */
async function explainInTurns(
  predictor: Predictor,
  sampled: DataFrame,
  cost: number,
  { turn, isCut }: Pick<Pace, 'turn' | 'isCut'>,
): Promise<Float64Array | undefined> {
  const labels = summaryLabels(predictor)
  const columns = predictor.preprocessor.featureNamesIn.length
  const phi = new Float64Array(sampled.length * labels.length * columns)
  const step = Math.max(1, Math.floor(TURN_NANOSECONDS / cost / BLOCK_ROWS)) * BLOCK_ROWS
  for (let from = 0; from < sampled.length; from += step) {
    await turn('rows explained', from, sampled.length)
    if (isCut()) return undefined
    const block = sliceRows(sampled, from, from + step)
    const values = explainColumns(predictor, predictor.explainer, block, labels)
    phi.set(values, from * labels.length * columns)
  }
  await turn('rows explained', sampled.length, sampled.length)
  return phi
}

/**
 * Returns how many rows are explained in so many nanoseconds, as the model's estimated cost of a row has it: 500, and
 * fewer of large models.
 */
export function explainedRows(cost: number, nanoseconds: number): number {
  const affordable = Math.min(MOST_NANOSECONDS, nanoseconds) / cost
  if (affordable >= MOST_ROWS) return MOST_ROWS
  return Math.max(LEAST_ROWS, Math.floor(affordable / BLOCK_ROWS) * BLOCK_ROWS)
}

/**
 * Returns permutation importance over a sample of labelled rows; undefined where the training was asked to end
 * meanwhile.
 */
export async function permuteSample(
  predictor: Predictor,
  { model }: Pick<Fitted, 'model'>,
  { frame, y, rows }: LabelledRows,
  seed: number,
  pace: Pace,
): Promise<PermutationImportance | undefined> {
  const { preprocessor, classes } = predictor
  const kind = kindOf(model)
  const used = kind.usedFeatures(model, preprocessor.featureNamesOut.length)
  const looked = new Set(preprocessor.inputOf.filter((_, feature) => used[feature] === 1))
  const plan = planPermutation(
    {
      columns: preprocessor.featureNamesIn.length,
      used: looked.size,
      classes: classes.length,
    },
    kind.predictCost(model),
    pace.nanoseconds * SHARES.permutation,
  )
  const sample = stratifiedSample(y, classes.length, plan.rows, seed)
  const labels = sample.map((row) => y[row]!)
  const taken = rows ? sample.map((i) => rows[i]!) : sample
  if (pace.isCut()) return undefined
  const permutation = startPermutation(predictor, takeRows(frame, taken), labels, {
    seed,
    repeats: plan.repeats,
    used,
  })
  for (let column = 0; column < permutation.columns; column++) {
    await pace.turn('columns shuffled', column, permutation.columns)
    if (pace.isCut()) return undefined
    permutation.next()
  }
  await pace.turn('columns shuffled', permutation.columns, permutation.columns)
  return permutation.finish()
}

/** What a trained model looks at: global importance in three ways, and the summary of its explanations. */
import { type DataFrame, takeRows } from '../data/frame.ts'
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
import type { Fitted } from './fit.ts'
import type { LabelledRows } from './measure.ts'
import {
  type PermutationImportance,
  permutationImportance,
  permutationRows,
} from './permutation-importance.ts'
import { measureImportance } from './shap-importance.ts'

/** Rows over which global importance is measured: fewer where explaining them would take longer than this. */
const MOST_ROWS = 500
const LEAST_ROWS = 100
const MOST_NANOSECONDS = 2e9

/**
 * Returns SHAP importance and impurity importance, and the summary of SHAP values, over a sample of the training rows.
 * @param frame the table whose rows were fitted
 */
export function explainTraining(
  predictor: Predictor,
  frame: DataFrame,
  { model, X, y, rows }: Fitted,
  params: Params,
  seed: number,
) {
  const labels = summaryLabels(predictor)
  const most = affordableRows(predictor.explainer.cost * labels.length)
  const sample = stratifiedSample(y, predictor.classes.length, most, seed)
  const criterion =
    params.criterion === undefined || params.criterion === 'gini' ? 'gini' : 'entropy'
  const impurity = kindOf(model).impurityImportance?.(model, X.columns, criterion)
  const sampled = takeRows(
    frame,
    sample.map((i) => rows[i]!),
  )
  const summary = startSummary(predictor, planSummary(predictor, sampled))
  const phi = explainColumns(predictor, predictor.explainer, sampled, labels)
  summary.add(sampled, phi)
  return {
    ...measureImportance(predictor, sampled, phi, impurity),
    summary: summary.finish(),
    criterion: impurity && criterion,
  }
}

/** By the estimated cost of a row, in nanoseconds, so that the same model always gets the same rows. */
function affordableRows(cost: number): number {
  return Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(MOST_NANOSECONDS / cost)))
}

/** Returns permutation importance over a sample of labelled rows. */
export function permuteSample(
  predictor: Predictor,
  { frame, y, rows }: LabelledRows,
  seed: number,
): PermutationImportance {
  const most = permutationRows(predictor.preprocessor.featureNamesIn.length)
  const sample = stratifiedSample(y, predictor.classes.length, most, seed)
  const labels = sample.map((row) => y[row]!)
  const taken = rows ? sample.map((i) => rows[i]!) : sample
  return permutationImportance(predictor, takeRows(frame, taken), labels, seed)
}

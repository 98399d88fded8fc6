/** Global summaries: a model's SHAP values over many rows, per column and by the column's values. */
import { type Column, type DataFrame, findColumn } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import type { ModelExplainer } from '../models/model.ts'
import { foldToColumns } from '../shap/explanation.ts'
import {
  buildSummary,
  type GlobalSummary,
  type GroupPlan,
  planGroups,
  type SummaryBuilder,
} from '../shap/global-summary.ts'
import type { ExplainOptions, Predictor } from './predictor.ts'

/** The classes that a summary is about: the positive one of two, otherwise all. */
export function summaryLabels({ classes }: Pick<Predictor, 'classes'>): number[] {
  return classes.length === 2 ? [1] : classes.map((_, label) => label)
}

/** Returns the SHAP values of every row, summed to the input columns; [row][class asked][column]. */
export function explainColumns(
  predictor: Predictor,
  explainer: ModelExplainer,
  frame: DataFrame,
  labels: readonly number[],
): Float64Array {
  return explainFeatures(predictor, explainer, predictor.preprocessor.transform(frame), labels)
}

/** Returns the SHAP values of rows of features, summed to the input columns; [row][class asked][column]. */
export function explainFeatures(
  { preprocessor }: Predictor,
  explainer: ModelExplainer,
  X: Matrix,
  labels: readonly number[],
): Float64Array {
  const columns = preprocessor.featureNamesIn.length
  const phi = new Float64Array(X.rows * labels.length * X.columns)
  explainer.explainRows(X, labels, phi)
  const folded = new Float64Array(X.rows * labels.length * columns)
  for (let i = 0; i < X.rows * labels.length; i++) {
    foldToColumns(
      phi.subarray(i * X.columns, (i + 1) * X.columns),
      preprocessor.inputOf,
      folded.subarray(i * columns, (i + 1) * columns),
    )
  }
  return folded
}

/** Returns how rows are grouped, by the values that a sample has. */
export function planSummary({ preprocessor }: Predictor, sample: DataFrame): GroupPlan[] {
  const { inputs, derived } = preprocessor.spec
  const made = preprocessor.derive(sample)
  const firstFrom = new Map(derived.toReversed().map((entry) => [entry.from, entry]))
  return inputs.map(({ name, type, categories }) => {
    const from = firstFrom.get(name)
    if (type === 'text' && !categories && from)
      return planGroups(name, from.column, made.get(from.column) as Column, true)
    // Free text is grouped by nothing: a summary must not quote what rows say.
    if (type === 'text' && !categories) return { column: name, by: name, values: [] }
    return planGroups(name, name, findColumn(sample, name) as Column, categories !== undefined)
  })
}

/** A summary that grows by frames whose columns are the model's inputs. */
export interface RowSummary {
  /** @param phi the frame's SHAP values, as `explainColumns` gives them, where they are known already */
  add(frame: DataFrame, phi?: Float64Array): void
  readonly builder: SummaryBuilder
  finish(): GlobalSummary
}

/** Returns an empty summary of a model's rows in the given groups. */
export function startSummary(
  predictor: Predictor,
  plans: readonly GroupPlan[],
  options: ExplainOptions = {},
): RowSummary {
  const { classes, preprocessor } = predictor
  const explainer = predictor.chooseExplainer(options)
  const labels = summaryLabels(predictor)
  const builder = buildSummary(plans, labels.length)
  return {
    builder,
    add(frame, phi = explainColumns(predictor, explainer, frame, labels)) {
      const made = preprocessor.derive(frame)
      const sources = plans.map(({ by }) => findColumn(frame, by) ?? (made.get(by) as Column))
      builder.add(sources, frame.length, phi)
    },
    finish: () =>
      builder.finish({
        space: explainer.space,
        method: explainer.method,
        outputNames: labels.map((label) => classes[label]!),
        baseValues: labels.map((label) => explainer.baseValue(label)),
      }),
  }
}

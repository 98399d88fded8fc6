/** The way of a single row: predictions and explanations of cells, without a frame, bit for bit those of a frame. */
import type { Cell } from '../data/frame.ts'
import { type Matrix, zeros } from '../data/matrix.ts'
import type { ModelExplainer } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Preprocessor } from '../preprocess/preprocessor.ts'
import { type RowCounts, rowChecks } from '../preprocess/row-checks.ts'
import type { Explanations } from '../shap/explanation.ts'
import { labelsAsked } from './explain-rows.ts'
import { writeRow } from './write-row.ts'

/** What the explanations of all rows share, and who makes them. */
export interface DefaultExplanation {
  readonly explainer: ModelExplainer
  readonly shared: Omit<Explanations, 'rows'>
}

/** Answers rows one by one. Cells are in the order of the inputs, null = missing, as the decoders make them. */
export interface OneRow {
  /**
   * Returns the prediction of a row; undefined for one that is refused where it stands in a frame.
   * @throws InputError `non_finite`
   */
  predict(cells: readonly Cell[]): (RowCounts & { readonly predictions: Predictions }) | undefined
  /**
   * Returns the explanation of a row by the default method, for the default class; undefined as in `predict`, and for
   * one of which something was not understood.
   * @throws InputError `cannot_explain` or `non_finite`
   */
  explain(cells: readonly Cell[]): Explanations | undefined
}

/**
 * @param predict returns the predictions of a matrix
 * @param explain returns the default explainer, which is made when it is first asked for
 */
export function buildOneRow(
  preprocessor: Preprocessor,
  predict: (X: Matrix) => Predictions,
  explain: () => DefaultExplanation,
): OneRow | undefined {
  const { rowTransform } = preprocessor
  if (!rowTransform) return undefined
  const checks = rowChecks(preprocessor)
  const features = preprocessor.featureNamesOut.length
  // What is computed of a row does not outlive the call.
  const X = zeros(1, features)
  let phi = new Float64Array(features)
  let made: DefaultExplanation | undefined
  return {
    predict(cells) {
      const derived = rowTransform.derive(cells)
      if (!rowTransform.write(cells, derived, X.data)) return undefined
      const { warnings, unknownCategories } = checks.countCells(cells, derived)
      return { predictions: predict(X), warnings, unknownCategories }
    },
    explain(cells) {
      made ??= explain()
      const { explainer, shared } = made
      const derived = rowTransform.derive(cells)
      if (!rowTransform.write(cells, derived, X.data)) return undefined
      if (checks.countCells(cells, derived).warnings > 0) return undefined
      const predictions = predict(X)
      const labels = labelsAsked(predictions.classes, undefined, predictions.labels[0]!)
      // Summed to columns right away; a new array of this size costs as much as the values in it.
      if (phi.length !== labels.length * features) phi = new Float64Array(labels.length * features)
      const outputs = new Float64Array(labels.length)
      explainer.explain(X.data, labels, phi)
      explainer.outputRows(X, labels, outputs)
      const writer = {
        X,
        predictions,
        preprocessor,
        explainer,
        options: {},
        cellsOf: () => cells,
        counterfactual: undefined,
      }
      const baseValues =
        shared.shared?.baseValues ?? labels.map((label) => explainer.baseValue(label))
      const row = writeRow(writer, 0, labels, baseValues, phi, Array.from(outputs))
      return { ...shared, rows: [row] }
    },
  }
}

/** The JSON objects of predictions and explanations, for JSON and JSON Lines alike. */
import type { Cell } from '../data/frame.ts'
import type { Predictions } from '../models/prediction.ts'
import type { RowWarning } from '../preprocess/row-warnings.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'

/** A class name as it is written: a number where every class is one. */
export type Label = string | number

/** Returns a class name as it is written. */
export function writeLabel(name: string, numericClasses: boolean): Label {
  return numericClasses ? Number(name) : name
}

/** P(positive class) of a binary model, the list of probabilities otherwise. */
export function writeScore(probabilities: ArrayLike<number>): number | number[] {
  return probabilities.length === 2 ? probabilities[1]! : Array.from(probabilities)
}

/** Returns one row's predicted class as it is written. */
export function labelAt({ classes, numericClasses, labels }: Predictions, row: number): Label {
  return writeLabel(classes[labels[row]!]!, numericClasses)
}

/** Returns one row's probabilities, one per class. */
export function probabilitiesAt({ classes, probabilities }: Predictions, row: number): number[] {
  return Array.from(probabilities.subarray(row * classes.length, (row + 1) * classes.length))
}

/** Returns one row's prediction as it is written. */
export function writePrediction(predictions: Predictions, row: number) {
  const probabilities = probabilitiesAt(predictions, row)
  return {
    predicted_label: labelAt(predictions, row),
    score: writeScore(probabilities),
    probabilities: Object.fromEntries(
      predictions.classes.map((name, k) => [name, probabilities[k]!]),
    ),
  }
}

/** Returns what all rows of an answer share. */
export function writeExplanationHead(explanations: Explanations) {
  const { modelId, space, method, shared } = explanations
  return {
    model_id: modelId,
    space,
    method,
    output_names: shared?.outputNames,
    base_values: shared?.baseValues,
  }
}

/**
 * Returns one row's explanation as it is written.
 * @param own whether names and base values stand in it, because rows differ or stand alone
 */
export function writeExplanation(
  explanations: Explanations,
  row: Explanation,
  own: boolean,
  warnings?: readonly RowWarning[],
) {
  const isAlone = own || !explanations.shared
  return {
    predicted_label: writeLabel(row.predictedLabel, explanations.numericClasses),
    score: writeScore(row.probabilities),
    output_names: isAlone ? row.outputNames : undefined,
    base_values: isAlone ? row.baseValues : undefined,
    outputs: row.outputs,
    feature_names: own || row.others ? row.featureNames : undefined,
    data: row.data,
    imputed: row.imputed && Object.fromEntries(row.imputed),
    shap_values: row.shapValues.map((values) => Array.from(values)),
    interaction_values: row.interactions?.map(asSquare),
    others: row.others,
    additivity_error: row.additivityError,
    counterfactual: writeCounterfactual(explanations, row),
    warnings,
  }
}

/** A square matrix as a list of rows. */
function asSquare(values: Float64Array): number[][] {
  const size = Math.sqrt(values.length)
  return Array.from({ length: size }, (_, i) =>
    Array.from(values.subarray(i * size, (i + 1) * size)),
  )
}

/** Returns one row's counterfactual as it is written, where there is one. */
function writeCounterfactual(
  { numericClasses }: Explanations,
  { counterfactual: found }: Explanation,
) {
  if (!found) return undefined
  return {
    class: writeLabel(found.targetClass, numericClasses),
    found: found.found,
    optimal: found.optimal,
    distance: found.distance,
    bound: found.bound,
    changes: found.changes,
    predicted_label:
      found.predictedLabel === undefined
        ? undefined
        : writeLabel(found.predictedLabel, numericClasses),
    score: found.probabilities && writeScore(found.probabilities),
  }
}

interface Contribution {
  readonly feature: string
  readonly value: Cell
  readonly imputed?: Cell
  readonly shap_value: number
}

/** Returns one row's explanation for people: per output a list of contributions, largest first. */
export function writeContributions(
  explanations: Explanations,
  row: Explanation,
  warnings?: readonly RowWarning[],
) {
  return row.outputNames.map((outputName, k) => {
    const contributions = row.featureNames.map((feature, j): Contribution => {
      return {
        feature,
        value: row.data[j] as Cell,
        imputed: row.imputed?.get(feature),
        shap_value: row.shapValues[k]![j]!,
      }
    })
    contributions.sort((a, b) => Math.abs(b.shap_value) - Math.abs(a.shap_value))
    return {
      row: row.row,
      predicted_label: writeLabel(row.predictedLabel, explanations.numericClasses),
      score: writeScore(row.probabilities),
      output_name: outputName,
      base_value: row.baseValues[k]!,
      output: row.outputs[k]!,
      contributions,
      others: row.others?.[k],
      additivity_error: row.additivityError,
      counterfactual: writeCounterfactual(explanations, row),
      warnings,
    }
  })
}

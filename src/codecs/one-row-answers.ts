/** The answer to one row as text, byte for byte what the codecs of JSON and CSV write. */
import type { Predictions } from '../models/prediction.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'
import type { Dialect } from './codec.ts'
import { writeExplanationHead, writeLabel } from './wire.ts'

/** Writes the prediction of one row. */
export type RowPredictionWriter = (predictions: Predictions, dialect: Dialect) => string

/** Writes the explanation of one row: no options, no warnings. */
export type RowExplanationWriter = (explanations: Explanations) => string

/** Returns what writes predictions of a model of these classes as JSON. */
export function compileJsonPrediction(
  classes: readonly string[],
  numericClasses: boolean,
): RowPredictionWriter {
  const labels = classes.map((name) => JSON.stringify(writeLabel(name, numericClasses)))
  // An object has names that are whole numbers first, and one of equal names.
  const order = Object.keys(Object.fromEntries(classes.map((name) => [name, 0])))
  const members = order.map(
    (name) => [`${JSON.stringify(name)}:`, classes.lastIndexOf(name)] as const,
  )
  const listOf = (probabilities: Float64Array) => `[${probabilities.join(',')}]`
  return ({ labels: [label = 0], probabilities }, dialect) => {
    switch (dialect) {
      case 'labels':
        return `[${labels[label]}]`
      case 'values':
        return `{"predictions":[${labels[label]}]}`
      case 'probabilities':
        return `{"predictions":[${listOf(probabilities)}]}`
      case 'predictions': {
        const score = probabilities.length === 2 ? probabilities[1]! : listOf(probabilities)
        let named = ''
        for (const [name, k] of members)
          named += named === '' ? name + probabilities[k]! : `,${name}${probabilities[k]!}`
        return `{"predictions":[{"predicted_label":${labels[label]},"score":${score},"probabilities":{${named}}}]}`
      }
    }
  }
}

/** A prediction as a line of CSV: P(positive class) of two, otherwise the probabilities. */
export const writeCsvPrediction: RowPredictionWriter = ({ probabilities }) =>
  probabilities.length === 2 ? `${probabilities[1]!}\n` : `${probabilities.join(',')}\n`

/** Returns what writes explanations of a model as JSON. */
export function compileJsonExplanation(): RowExplanationWriter {
  let latest:
    | { readonly of: Explanations['shared']; readonly head: string; names: string }
    | undefined
  return (explanations) => {
    const { numericClasses, featureNames, rows, shared } = explanations
    const row = rows[0] as Explanation
    if (!latest || latest.of !== shared) {
      const head = JSON.stringify(writeExplanationHead(explanations))
      latest = { of: shared, head: head.slice(0, -1), names: JSON.stringify(featureNames) }
    }
    const { probabilities } = row
    const score = probabilities.length === 2 ? probabilities[1]! : `[${probabilities.join(',')}]`
    const label = JSON.stringify(writeLabel(row.predictedLabel, numericClasses))
    const own = shared
      ? ''
      : `"output_names":${JSON.stringify(row.outputNames)},"base_values":[${row.baseValues.join(',')}],`
    const imputed = row.imputed
      ? `"imputed":${JSON.stringify(Object.fromEntries(row.imputed))},`
      : ''
    let values = ''
    for (const of of row.shapValues)
      values += values === '' ? `[${of.join(',')}]` : `,[${of.join(',')}]`
    return (
      `${latest.head},"feature_names":${latest.names},"explanations":[{"predicted_label":${label},` +
      `"score":${score},${own}"outputs":[${row.outputs.join(',')}],"data":${JSON.stringify(row.data)},` +
      `${imputed}"shap_values":[${values}],"additivity_error":${row.additivityError}}]}`
    )
  }
}

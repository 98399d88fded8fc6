import type { Cell } from '../data/frame.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'
import { unwrapEvent } from './cloud-event.ts'
import type { Codec, DecodeContext, Decoded } from './codec.ts'
import { decodeRow } from './instances.ts'
import { areLists, readForm } from './json-forms.ts'
import { parseJson } from './json-text.ts'
import { checkRowCount } from './rows.ts'
import { selectMembers } from './selection.ts'
import {
  type Label,
  labelAt,
  probabilitiesAt,
  writeContributions,
  writeExplanation,
  writeExplanationHead,
  writeLabel,
  writePrediction,
} from './wire.ts'

/** JSON: one row as an object, or several in any of the forms that clients send. */
export const json = {
  name: 'json',
  mediaTypes: ['application/json'],
  form: 'json',
  explains: { interactions: true, counterfactuals: true },

  decode(body, context) {
    const value = unwrapEvent(parseJson(decodeUtf8(body)), context)
    const { rows, dialect, parameters } = readForm(value, context)
    const { frame, ignoredColumns } = decodeInstances(rows, context)
    return { frame, dialect, parameters, ignoredColumns }
  },

  encodePredictions(predictions, { dialect, selection }) {
    const rows = Array.from({ length: predictions.rows }, (_, row) => row)
    if (selection) {
      return JSON.stringify({
        predictions: rows.map((row) => selectMembers(predictions, row, selection)),
      })
    }
    switch (dialect) {
      case 'predictions':
        return JSON.stringify({ predictions: rows.map((row) => writePrediction(predictions, row)) })
      case 'labels':
        return JSON.stringify(rows.map((row) => labelAt(predictions, row)))
      case 'values':
        return JSON.stringify({ predictions: rows.map((row) => labelAt(predictions, row)) })
      case 'probabilities':
        return JSON.stringify({ predictions: rows.map((row) => probabilitiesAt(predictions, row)) })
    }
  },

  encodeExplanations(explanations, { format, predictions: form }) {
    const head = writeExplanationHead(explanations)
    const predictions =
      form && explanations.rows.map((row) => writeExplained(explanations, row, form))
    if (format === 'contributions') {
      const { model_id, space, method } = head
      const rows = explanations.rows.flatMap((row) => writeContributions(explanations, row))
      return JSON.stringify({ model_id, space, method, predictions, explanations: rows })
    }
    const rows = explanations.rows.map((row) => writeExplanation(explanations, row, false))
    const { featureNames } = explanations
    return JSON.stringify({ ...head, predictions, feature_names: featureNames, explanations: rows })
  },
} satisfies Codec

/** One explained row's prediction, as `encodePredictions` writes it. */
function writeExplained(
  { numericClasses }: Explanations,
  { predictedLabel, probabilities }: Explanation,
  form: 'values' | 'probabilities',
): Label | number[] {
  return form === 'values' ? writeLabel(predictedLabel, numericClasses) : Array.from(probabilities)
}

/**
 * Returns the frame of rows that are all objects or all lists, as JSON has them.
 * @throws InputError naming row, column and value
 */
export function decodeInstances(
  rows: readonly unknown[],
  context: DecodeContext,
): Pick<Decoded, 'frame' | 'ignoredColumns'> {
  checkRowCount(rows.length, context)
  const asLists = areLists(rows, context)
  let ignoredColumns = 0
  const cells = rows.map((value, index): Cell[] => {
    const { cells, ignored } = decodeRow(value, context, index + 1, asLists)
    ignoredColumns += ignored
    return cells
  })
  return { frame: frameOfCells(context.inputs, cells), ignoredColumns }
}

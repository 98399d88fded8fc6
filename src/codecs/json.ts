import type { Cell } from '../data/frame.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'
import { unwrapEvent } from './cloud-event.ts'
import type { Codec, DecodeContext, Decoded } from './codec.ts'
import { ignoredByRow } from './ignored-names.ts'
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
  hasWarnings: true,
  explains: { interactions: true, counterfactuals: true },

  decode(body, context) {
    const value = unwrapEvent(parseJson(decodeUtf8(body), context), context)
    const { rows, dialect, parameters } = readForm(value, context)
    const { frame, ignored } = decodeInstances(rows, context)
    return { frame, dialect, parameters, ignoredColumns: ignored.count, ignored }
  },

  encodePredictions(predictions, { dialect, selection, warnings }) {
    const rows = Array.from({ length: predictions.rows }, (_, row) => row)
    const withOwn = (row: number, written: object) =>
      warnings ? { ...written, warnings: warnings[row] } : written
    if (selection) {
      return JSON.stringify({
        predictions: rows.map((row) => withOwn(row, selectMembers(predictions, row, selection))),
      })
    }
    switch (dialect) {
      case 'predictions':
        return JSON.stringify({
          predictions: rows.map((row) => withOwn(row, writePrediction(predictions, row))),
        })
      case 'labels': {
        const labels = rows.map((row) => labelAt(predictions, row))
        return JSON.stringify(warnings ? { predictions: labels, warnings } : labels)
      }
      case 'values':
        return JSON.stringify({
          predictions: rows.map((row) => labelAt(predictions, row)),
          warnings,
        })
      case 'probabilities':
        return JSON.stringify({
          predictions: rows.map((row) => probabilitiesAt(predictions, row)),
          warnings,
        })
    }
  },

  encodeExplanations(explanations, { format, predictions: form, warnings }) {
    const head = writeExplanationHead(explanations)
    const predictions =
      form && explanations.rows.map((row) => writeExplained(explanations, row, form))
    if (format === 'contributions') {
      const { model_id, space, method } = head
      const rows = explanations.rows.flatMap((row, i) =>
        writeContributions(explanations, row, warnings?.[i]),
      )
      return JSON.stringify({ model_id, space, method, predictions, explanations: rows })
    }
    const rows = explanations.rows.map((row, i) =>
      writeExplanation(explanations, row, false, warnings?.[i]),
    )
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
): Pick<Decoded, 'frame' | 'ignored'> {
  checkRowCount(rows.length, context)
  const asLists = areLists(rows, context)
  const ignored: (readonly string[])[] = []
  const cells = rows.map((value, index): Cell[] => {
    const row = decodeRow(value, context, index + 1, asLists)
    ignored.push(row.ignored)
    return row.cells
  })
  return { frame: frameOfCells(context.inputs, cells), ignored: ignoredByRow(ignored) }
}

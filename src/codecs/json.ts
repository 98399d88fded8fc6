import { joinBytes } from '../data/bytes.ts'
import type { Cell } from '../data/frame.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'
import { blocksOfText, numberedFrom } from './blocks.ts'
import { unwrapEvent } from './cloud-event.ts'
import type { BlockPlace, Codec, DecodeContext, Decoded, Encoded } from './codec.ts'
import { ignoredByRow } from './ignored-names.ts'
import { decodeRow } from './instances.ts'
import { findRowList, type RowList } from './json-blocks.ts'
import { areLists, FORM_KEYS, readForm } from './json-forms.ts'
import { invalidJson, parseJson } from './json-text.ts'
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
    return decodeValue(parseJson(decodeUtf8(body), context), context)
  },

  decodeBlocks(body, context, _mediaParameters, blockBytes) {
    // A column of such a name makes the body a row.
    if (context.inputs.some(({ name }) => FORM_KEYS.includes(name))) return undefined
    const list = findRowList(body, blockBytes)
    return list && blocksOfText(body, readBlocks(body, list, context))
  },

  joinBlocks: joinLists,

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

/** Every block is a body of its own: what stands around the rows, and some of them. */
function* readBlocks(
  body: Uint8Array,
  { blocks, head, tail, shell }: RowList,
  context: DecodeContext,
): Generator<Decoded> {
  let rowsBefore = 0
  let asLists: boolean | undefined
  try {
    parseJson(decodeUtf8(shell), context)
    for (const { from, to } of blocks) {
      const text = decodeUtf8(joinBytes([head, body.subarray(from, to), tail]))
      const decoded = numberedFrom(rowsBefore, () =>
        decodeValue(parseJson(text, context), context, asLists),
      )
      asLists = decoded.asLists
      rowsBefore += decoded.frame.length
      if (rowsBefore > context.maxRows) checkRowCount(Number.POSITIVE_INFINITY, context)
      yield decoded
    }
  } catch (error) {
    // Where it is wrong is told by its place in the whole.
    if (error instanceof InputError && error.code === 'invalid_json')
      throw invalidJson(decodeUtf8(body))
    throw error
  }
}

function decodeValue(value: unknown, context: DecodeContext, asLists?: boolean) {
  const { rows, dialect, parameters } = readForm(unwrapEvent(value, context), context)
  const decoded = decodeInstances(rows, context, asLists)
  return { ...decoded, dialect, parameters, ignoredColumns: decoded.ignored.count }
}

/** Cuts the list of rows out of a block, whose end is that of the answer to no rows. */
function joinLists(block: Encoded, { isFirst, isLast, empty }: BlockPlace): Encoded {
  const around = empty() as string
  const close = around.endsWith(']}') ? 2 : 1
  const open = around.length - close
  const rows = (block as string).slice(open, (block as string).length - close)
  return `${isFirst ? around.slice(0, open) : ','}${rows}${isLast ? around.slice(open) : ''}`
}

/**
 * Returns the frame of rows that are all objects or all lists, as JSON has them.
 * @param before whether rows before these were lists
 * @throws InputError naming row, column and value
 */
export function decodeInstances(
  rows: readonly unknown[],
  context: DecodeContext,
  before?: boolean,
): Pick<Decoded, 'frame' | 'ignored'> & { readonly asLists: boolean } {
  checkRowCount(rows.length, context)
  const asLists = before ?? areLists(rows, context)
  const ignored: (readonly string[])[] = []
  const cells = rows.map((value, index): Cell[] => {
    const row = decodeRow(value, context, index + 1, asLists)
    ignored.push(row.ignored)
    return row.cells
  })
  return { frame: frameOfCells(context.inputs, cells), ignored: ignoredByRow(ignored), asLists }
}

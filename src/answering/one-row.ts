/**
 * The way of one row: from its body straight to the text of its answer, for the usual requests. The general way is the
 * reference; it takes over at the first doubt, and says everything that is to be said of bad input.
 */

import { csv } from '../codecs/csv.ts'
import { json } from '../codecs/json.ts'
import {
  compileJsonExplanation,
  compileJsonPrediction,
  type RowPredictionWriter,
  writeCsvPrediction,
} from '../codecs/one-row-answers.ts'
import { compileCsvRow } from '../codecs/one-row-csv.ts'
import type { RowReader } from '../codecs/one-row-json.ts'
import { compileJsonRow } from '../codecs/one-row-json.ts'
import type { Predictor } from '../predictor/predictor.ts'
import {
  explanationRowBytes,
  INLINE_BYTES,
  INLINE_SECONDS,
  type Limits,
  predictionBytes,
} from './limits.ts'
import type { Operation } from './media-type.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Larger bodies are hardly one row. */
export const ONE_ROW_BYTES = 8 << 10

/** Returns the text of UTF-8 bytes; undefined for others, which the general way knows how to refuse. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** What is asked of one row, besides its text. */
export interface OneRowAsk {
  readonly operation: Operation
  /** Media types of the body and of the answer, without parameters. */
  readonly sent: string
  readonly accepted: string
  readonly limits: Limits
}

/** The answer to one row. */
export interface OneRowAnswer {
  readonly text: string
  readonly warnings: number
  readonly unknownCategories: number
}

/** Returns the answer to a body that holds one row in a usual form; undefined = ask in the general way. */
export type AnswerOneRow = (text: string, ask: OneRowAsk) => OneRowAnswer | undefined

const ways = new WeakMap<Predictor, AnswerOneRow>()

/** Returns the way of one row of a model, which is compiled once. */
export function oneRowOf(predictor: Predictor): AnswerOneRow {
  const made = ways.get(predictor) ?? compileOneRow(predictor)
  ways.set(predictor, made)
  return made
}

function compileOneRow(predictor: Predictor): AnswerOneRow {
  const { oneRow, classes, numericClasses, preprocessor } = predictor
  if (!oneRow) return () => undefined
  const { inputs } = preprocessor.spec
  const readers = new Map<string, RowReader | undefined>([
    [json.mediaTypes[0], compileJsonRow(inputs)],
    [csv.mediaTypes[0], compileCsvRow(inputs)],
  ])
  const writers = new Map<string, { write: RowPredictionWriter; bytes: number }>([
    [
      json.mediaTypes[0],
      {
        write: compileJsonPrediction(classes, numericClasses),
        bytes: predictionBytes(classes, json, undefined),
      },
    ],
    [
      csv.mediaTypes[0],
      { write: writeCsvPrediction, bytes: predictionBytes(classes, csv, undefined) },
    ],
  ])
  const writeExplanation = compileJsonExplanation()
  const explanationBytes = explanationRowBytes(predictor, {})
  let explainSeconds = Number.POSITIVE_INFINITY

  return (text, { operation, sent, accepted, limits }) => {
    const read = readers.get(sent)
    if (!read || limits.maxRows < 1) return undefined
    try {
      if (operation === 'predict') {
        const writer = writers.get(accepted)
        if (!writer || writer.bytes > limits.maxAnswerBytes) return undefined
        const row = read(text)
        const found = row && oneRow.predict(row.cells)
        if (!row || !found) return undefined
        const { predictions, warnings, unknownCategories } = found
        return { text: writer.write(predictions, row.dialect), warnings, unknownCategories }
      }
      if (accepted !== json.mediaTypes[0]) return undefined
      // Texts stand in the answer as they were sent, and in quotes.
      const bytes = explanationBytes + 2 * text.length + 4 * inputs.length
      if (bytes > Math.min(limits.maxAnswerBytes, INLINE_BYTES)) return undefined
      // An explainer that is not ready yet is another one's to make.
      if (explainSeconds === Number.POSITIVE_INFINITY) {
        const seconds = predictor.estimateSeconds(1, {}, false)
        if (seconds > INLINE_SECONDS) return undefined
        explainSeconds = seconds
      }
      if (explainSeconds > limits.maxSeconds) return undefined
      const row = read(text)
      const found = row && oneRow.explain(row.cells)
      return found && { text: writeExplanation(found), warnings: 0, unknownCategories: 0 }
    } catch {
      // Of what is wrong, the general way finds the words.
      return undefined
    }
  }
}

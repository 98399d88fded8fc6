/** Answers rows block by block, so that an answer of any size passes through constant memory. */
import type { BlockPlace, Codec, Encoded } from '../codecs/codec.ts'
import { sliceIgnored } from '../codecs/ignored-names.ts'
import { sliceRows } from '../data/frame.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { beginAnswer } from './begin-answer.ts'
import { type ExplainRequest, parseExplainOptions } from './explain-options.ts'
import {
  checkForm,
  hasRoomForWarnings,
  numberFrom,
  styleOf,
  withDefaults,
} from './explained-rows.ts'
import type { JobResult, RowJob } from './job.ts'
import { findWarnings, tellRows } from './job-warnings.ts'
import { checkSeconds, explanationRowBytes, predictionBytes } from './limits.ts'
import type { CheckedRows, RowBlock } from './read-rows.ts'

/** Encodes a block of rows. */
type EncodeBlock = (block: RowBlock, rowsBefore: number) => Encoded

/** How the rows of an answer are encoded, and about how many of them make a block. */
interface Plan {
  readonly rowBytes: number
  readonly encode: EncodeBlock
}

const encoder = new TextEncoder()

/**
 * Returns the answer to checked rows: whole where it is no larger than a block, otherwise its beginning and the blocks
 * that follow, each made when it is asked for.
 * @param explains options of explanations; undefined for predictions
 * @throws InputError for options that cannot be followed, and for what would take too long
 */
export function answerInBlocks(
  predictor: Predictor,
  job: RowJob & { readonly blockBytes: number },
  rows: CheckedRows,
  writer: Codec,
  explains: RowJob['options'] | undefined,
): JobResult {
  const plan = explains
    ? planExplanations(predictor, job, rows, writer, parseExplainOptions(explains))
    : planPredictions(predictor, job, rows, writer)
  const blocks = encodeBlocks(plan, rows, writer, job.blockBytes)
  return {
    ...beginAnswer(blocks, job.blockBytes),
    contentType: job.answer.essence,
    rows: rows.length,
    ignoredColumns: rows.ignoredColumns,
    unknownCategories: rows.unknownCategories,
    warnings: rows.warnings,
  }
}

function planPredictions(
  predictor: Predictor,
  { selection, dialect }: RowJob,
  rows: CheckedRows,
  writer: Codec,
): Plan {
  const style = { dialect: dialect ?? rows.dialect, selection }
  return {
    rowBytes: predictionBytes(predictor.classes, writer, selection),
    encode: ({ frame }) => writer.encodePredictions?.(predictor.predict(frame), style) as Encoded,
  }
}

function planExplanations(
  predictor: Predictor,
  job: RowJob,
  rows: CheckedRows,
  writer: Codec,
  given: ExplainRequest,
): Plan {
  const options = withDefaults(predictor, given)
  checkForm(options, writer)
  predictor.checkOptions(options)
  checkSeconds(predictor.estimateSeconds(rows.length, options), rows.length, job.limits)
  const style = styleOf(options, job.answer)
  const tells = hasRoomForWarnings(options, writer)
  // A header stands once, before all rows.
  const later = {
    ...style,
    mediaParameters: new Map([...style.mediaParameters, ['header', 'absent']]),
  }
  return {
    rowBytes: explanationRowBytes(predictor, options),
    encode(block, rowsBefore) {
      const explanations = predictor.explain(block.frame, { ...options, isPart: rows.length > 1 })
      const numbered = numberFrom(explanations, rowsBefore)
      const warnings = tells
        ? tellRows(findWarnings(predictor, block), options.warnings)
        : undefined
      const own = { ...(rowsBefore > 0 ? later : style), warnings }
      return writer.encodeExplanations?.(numbered, own) as Encoded
    },
  }
}

function* encodeBlocks(
  { encode, rowBytes }: Plan,
  rows: CheckedRows,
  writer: Codec,
  blockBytes: number,
): Generator<Uint8Array> {
  const step = Math.max(1, Math.floor(blockBytes / rowBytes))
  let before = 0
  for (const { frame, ignored } of rows.blocks()) {
    for (let from = 0; from < frame.length; from += step) {
      const to = Math.min(from + step, frame.length)
      const slice = (start: number, end: number): RowBlock => ({
        frame: sliceRows(frame, start, end),
        ignored: sliceIgnored(ignored, start, end),
      })
      const block = slice(from, to)
      const place: BlockPlace = {
        isFirst: before === 0,
        isLast: before + block.frame.length === rows.length,
        rows: rows.length,
        empty: () => encode(slice(from, from), before),
      }
      const encoded = writer.joinBlocks?.(encode(block, before), place) as Encoded
      before += block.frame.length
      yield typeof encoded === 'string' ? encoder.encode(encoded) : encoded
    }
  }
}

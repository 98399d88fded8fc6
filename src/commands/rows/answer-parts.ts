/** Answers of the parts of a file, written in the order of its rows. */
import { writeField } from '../../codecs/csv.ts'
import { predictionColumns } from '../../codecs/selection.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import type { Part } from '../../tables/row-files.ts'
import { openOutputFile } from '../output/output-file.ts'
import type { Progress } from './file-progress.ts'
import type { AnswerFormat } from './formats.ts'
import type { HeardWarnings } from './heard-warnings.ts'
import { joinKept } from './kept-answers.ts'
import { type Kept, keptOf } from './kept-columns.ts'
import { jobOf, mapParts } from './part-jobs.ts'
import { inOrder, type Runner } from './part-runner.ts'
import type { RowsRequest } from './rows-request.ts'
import { type TextAnswer, writeTextAnswer } from './text-answer.ts'
import { writeTextPredictions } from './text-prediction.ts'

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]

/** Writes the answers of all parts; on an error no half answer is left in a file. */
export async function answerParts(
  request: RowsRequest,
  format: AnswerFormat,
  predictor: Predictor,
  parts: AsyncIterable<Part>,
  runner: Runner,
  progress: Progress,
  heard: HeardWarnings,
  text: TextAnswer,
): Promise<void> {
  const sink = await openOutputFile(request.out)
  try {
    const jobs = mapParts(parts, (part, isFirst) => jobOf(request, part, format, isFirst))
    let isFirst = true
    for await (const { result, part } of inOrder(jobs, runner)) {
      const kept = keptOf(request, predictor, part, isFirst)
      const written = write(result.body, { request, format, part, kept, isFirst, predictor, text })
      if (written.length > 0) await sink.write(written)
      isFirst = false
      heard.add(part, result)
      await progress.show(part)
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

interface Written {
  readonly request: RowsRequest
  readonly format: AnswerFormat
  readonly part: Part
  readonly kept: Kept | undefined
  readonly isFirst: boolean
  readonly predictor: Predictor
  readonly text: TextAnswer
}

/** Returns the answer to a part as it is written. */
function write(body: Uint8Array, own: Written): Uint8Array {
  const { request, format, part, kept, isFirst, predictor, text } = own
  if (format === 'png' || format === 'npy') return body
  const isPrediction = request.operation === 'predict' && format === 'csv'
  const isHeaded = isPrediction && isFirst && (request.hasOutputHeader || kept !== undefined)
  // A table without rows has its names all the same.
  if (body.length === 0 && !isHeaded) return body
  if (format === 'svg') return withLineEnd(body)
  if (format === 'text') {
    const writeText = request.operation === 'predict' ? writeTextPredictions : writeTextAnswer
    return encoder.encode(writeText(decoder.decode(body), part.rowOffset, text, kept))
  }
  const headed = isHeaded ? Buffer.concat([headerOf(request, predictor), body]) : body
  if (!kept) return withLineEnd(headed)
  const hasHeader = isFirst && format === 'csv'
  return withLineEnd(encoder.encode(joinKept(decoder.decode(headed), format, kept, hasHeader)))
}

/** The names of what a line of predictions has. */
function headerOf({ selection }: RowsRequest, { classes }: Predictor): Uint8Array {
  const names = predictionColumns(classes, selection)
  return encoder.encode(`${names.map(writeField).join(',')}\n`)
}

function withLineEnd(body: Uint8Array): Uint8Array {
  return body.at(-1) === 10 ? body : Buffer.concat([body, Buffer.from('\n')])
}

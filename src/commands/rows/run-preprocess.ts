/** `shapserve preprocess`: what a model's preprocessor makes of the rows of a file, part by part. */
import { findWarnings } from '../../answering/job-warnings.ts'
import { decodeRows } from '../../answering/read-rows.ts'
import { writeField } from '../../codecs/csv.ts'
import { writeArray } from '../../codecs/npy.ts'
import { type Matrix, rowOf } from '../../data/matrix.ts'
import { InputError } from '../../errors.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import { PART_BYTES, type Part } from '../../tables/row-files.ts'
import { openOutputFile } from '../output/output-file.ts'
import { createProgress } from './file-progress.ts'
import { type AnswerFormat, chooseFormat, numbersOnly } from './formats.ts'
import { hearWarnings } from './heard-warnings.ts'
import { joinKept } from './kept-answers.ts'
import { keptOf } from './kept-columns.ts'
import { openRows, withEncodingHint } from './open-rows.ts'
import { jobOf } from './part-jobs.ts'
import type { RowsRequest } from './rows-request.ts'

/**
 * Writes the features of the rows of a file: one column per feature in the order of the model, missing ones empty in CSV,
 * null in JSON Lines, NaN in NumPy's format.
 * @throws InputError for a file, format or column that cannot be used, ArtifactError for a model that is refused
 */
export async function runPreprocess(request: RowsRequest): Promise<void> {
  const { model, file } = await openRows(request)
  const { predictor } = model
  const format = chooseFormat(request, file.format)
  if (format === 'npy' && request.keep) throw numbersOnly()
  const progress = createProgress('rows', request.out === '-' && process.stdout.isTTY === true)
  const heard = hearWarnings()
  const sink = await openOutputFile(request.out)
  const kept: Uint8Array[] = []
  try {
    let [isFirst, rows] = [true, 0]
    for await (const part of file.parts(
      predictor.preprocessor.spec,
      request.partBytes ?? PART_BYTES,
      request.keep,
    )) {
      const { matrix, tally } = await transform(request, predictor, part, isFirst)
      // The size of an array stands in front of it.
      if (format === 'npy') kept.push(bytesOf(matrix))
      else await sink.write(writeRows(matrix, request, { format, predictor, part, isFirst }))
      rows += matrix.rows
      isFirst = false
      heard.add(part, { tally })
      await progress.show(part)
    }
    if (format === 'npy') {
      const width = predictor.preprocessor.featureNamesOut.length
      await sink.write(writeArray([rows, width], new Uint8Array()))
      for (const bytes of kept) await sink.write(bytes)
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw withEncodingHint(error)
  } finally {
    progress.close()
  }
  heard.tell(request, format, predictor)
}

/** Rows are numbered as in the file, whatever part they are in. */
async function transform(request: RowsRequest, predictor: Predictor, part: Part, isFirst: boolean) {
  try {
    const decoded = await decodeRows(predictor, jobOf(request, part, 'csv', isFirst))
    const matrix = predictor.preprocessor.transform(decoded.frame)
    return { matrix, tally: findWarnings(predictor, decoded).tally() }
  } catch (error) {
    throw error instanceof InputError ? error.numberRows((row) => row + part.rowOffset) : error
  }
}

interface Place {
  readonly format: AnswerFormat
  readonly predictor: Predictor
  readonly part: Part
  readonly isFirst: boolean
}

function writeRows(
  matrix: Matrix,
  request: RowsRequest,
  { format, predictor, part, isFirst }: Place,
): Uint8Array {
  const names = predictor.preprocessor.featureNamesOut
  const isCsv = format === 'csv'
  const lines = Array.from({ length: matrix.rows }, (_, row) =>
    isCsv ? csvOf(rowOf(matrix, row)) : jsonOf(rowOf(matrix, row), names),
  )
  if (isCsv && isFirst) lines.unshift(`${names.map(writeField).join(',')}\n`)
  const text = lines.join('')
  const kept = keptOf(request, predictor, part, isFirst)
  const joined = kept ? joinKept(text, isCsv ? 'csv' : 'jsonl', kept, isCsv && isFirst) : text
  return Buffer.from(joined)
}

function csvOf(values: Float64Array): string {
  return `${Array.from(values, (value) => (Number.isNaN(value) ? '' : String(value))).join(',')}\n`
}

/** Numbers are the shortest that mean the same double. */
function jsonOf(values: Float64Array, names: readonly string[]): string {
  const members = names.map((name, j) => {
    const value = values[j]!
    return `${JSON.stringify(name)}:${Number.isNaN(value) ? 'null' : value}`
  })
  return `{${members.join(',')}}\n`
}

function bytesOf({ data }: Matrix): Uint8Array {
  const view = new DataView(new ArrayBuffer(data.length * 8))
  data.forEach((value, at) => {
    view.setFloat64(at * 8, value, true)
  })
  return new Uint8Array(view.buffer)
}

/** Answers of the parts of a file, written in the order of its rows. */
import type { Part } from '../../tables/row-files.ts'
import { openOutputFile } from '../output/output-file.ts'
import type { Progress } from './file-progress.ts'
import type { AnswerFormat } from './formats.ts'
import type { HeardWarnings } from './heard-warnings.ts'
import { jobOf, mapParts } from './part-jobs.ts'
import { inOrder, type Runner } from './part-runner.ts'
import type { RowsRequest } from './rows-request.ts'
import { type TextAnswer, writeTextAnswer } from './text-answer.ts'

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]

/** Writes the answers of all parts; on an error no half answer is left in a file. */
export async function answerParts(
  request: RowsRequest,
  format: AnswerFormat,
  parts: AsyncIterable<Part>,
  runner: Runner,
  progress: Progress,
  heard: HeardWarnings,
  text: TextAnswer,
): Promise<void> {
  const sink = await openOutputFile(request.out)
  try {
    let isFirst = true
    const jobs = mapParts(parts, (part) => {
      const job = jobOf(request, part, format, isFirst)
      isFirst = false
      return job
    })
    for await (const { result, part } of inOrder(jobs, runner)) {
      if (format === 'text')
        await sink.write(
          encoder.encode(writeTextAnswer(decoder.decode(result.body), part.rowOffset, text)),
        )
      else if (result.body.length > 0)
        await sink.write(format === 'png' ? result.body : withLineEnd(result.body))
      heard.add(part, result)
      await progress.show(part)
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

function withLineEnd(body: Uint8Array): Uint8Array {
  return body.at(-1) === 10 ? body : Buffer.concat([body, Buffer.from('\n')])
}

/** Parts of a file as jobs, the same that requests become. */
import type { RowJob } from '../../answering/job.ts'
import type { Part } from '../../tables/row-files.ts'
import { type AnswerFormat, mediaTypes } from './formats.ts'
import type { RowsRequest } from './rows-request.ts'

export interface PartJob {
  readonly job: RowJob
  readonly part: Part
}

/** Returns the job of every part, in their order; `build` is told which one is the first. */
export async function* mapParts(
  parts: AsyncIterable<Part>,
  build: (part: Part, isFirst: boolean) => RowJob | Promise<RowJob>,
): AsyncGenerator<PartJob> {
  let isFirst = true
  for await (const part of parts) {
    yield { part, job: await build(part, isFirst) }
    isFirst = false
  }
}

/** Returns a part's job without the limits of requests; only the first part's answer has a header. */
export function jobOf(
  {
    operation,
    options,
    plot = [],
    selection,
  }: Pick<RowsRequest, 'operation' | 'options' | 'plot' | 'selection'>,
  part: Part,
  format: AnswerFormat,
  isFirst: boolean,
): RowJob {
  // A text of predictions is made of lines, whatever form the rows have.
  const answered = format === 'text' && operation === 'predict' ? 'jsonl' : format
  const unlimited = Number.POSITIVE_INFINITY
  const header = isFirst ? [] : ([['header', 'absent']] as const)
  return {
    // What is only decoded is decoded as for a prediction.
    operation: operation === 'preprocess' ? 'predict' : operation,
    body: part.body,
    media: { essence: mediaTypes[part.format], parameters: part.parameters },
    answer: { essence: mediaTypes[answered], parameters: new Map([...header, ...plot]) },
    options,
    selection,
    tally: true,
    rowOffset: part.rowOffset,
    limits: {
      maxRows: Number.MAX_SAFE_INTEGER,
      maxAnswerBytes: unlimited,
      maxSeconds: unlimited,
    },
  }
}

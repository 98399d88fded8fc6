/** The rows of a body, all of them read and checked before any is answered, in bounded memory. */
import type { Codec, DecodeContext, Decoded } from '../codecs/codec.ts'
import { findCodec } from '../codecs/index.ts'
import type { DataFrame } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { MaybePromise, RowJob } from './job.ts'
import { wholeRows } from './limits.ts'
import { countUnknown } from './unknown-categories.ts'

/** Rows that were checked, to be answered block by block. */
export interface CheckedRows extends Omit<Decoded, 'frame'> {
  readonly length: number
  readonly unknownCategories: number
  /** Yields the rows in their order. */
  frames(): Iterable<DataFrame>
}

/** Bytes of decoded rows that are kept until they are answered; more rows than that are decoded a second time. */
const KEPT_BYTES = 64 << 20

/** Returns the rows in a job's body at once. */
export function decodeRows(predictor: Predictor, job: RowJob): MaybePromise<Decoded> {
  const reader = readerOf(job)
  const { inputs, otherColumns } = predictor.preprocessor.spec
  // A part of a file is as large as whoever reads the file wants it.
  const most = job.rowOffset === undefined ? wholeRows(inputs.length) : Number.POSITIVE_INFINITY
  const maxRows = Math.min(job.limits.maxRows, most)
  return reader.decode(job.body, { inputs, otherColumns, maxRows }, job.media.parameters)
}

/**
 * Reads and checks the rows in a job's body, block by block where its type allows it.
 * @throws InputError for anything wrong in any of them
 */
export async function readRows(
  predictor: Predictor,
  job: RowJob,
  blockBytes: number,
): Promise<CheckedRows> {
  const reader = readerOf(job)
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const context: DecodeContext = { inputs, otherColumns, maxRows: job.limits.maxRows }
  const decode = () =>
    job.body.length > blockBytes
      ? reader.decodeBlocks?.(job.body, context, job.media.parameters, blockBytes)
      : undefined
  const blocks = decode() ?? [await decodeRows(predictor, job)]
  let kept: DataFrame[] | undefined = []
  let bytes = 0
  let first: Decoded | undefined
  let length = 0
  let ignoredColumns = 0
  let unknownCategories = 0
  for (const decoded of blocks) {
    const { frame } = decoded
    first ??= decoded
    length += frame.length
    ignoredColumns += decoded.ignoredColumns
    unknownCategories += countUnknown(inputs, frame)
    bytes += frame.length * frame.columns.length * 8
    if (bytes > KEPT_BYTES && !Array.isArray(blocks)) kept = undefined
    kept?.push(frame)
  }
  const { dialect, parameters } = first as Decoded
  return {
    dialect,
    parameters,
    length,
    ignoredColumns,
    unknownCategories,
    *frames() {
      if (kept) yield* kept
      else for (const { frame } of decode() ?? []) yield frame
    },
  }
}

function readerOf(job: RowJob): Codec & Required<Pick<Codec, 'decode'>> {
  if (job.body.length === 0) throw new InputError('empty_body', 'the request has no body')
  const reader = findCodec(job.media.essence)
  if (!reader?.decode) throw new Error(`no decoder for ${job.media.essence}`)
  return reader as ReturnType<typeof readerOf>
}

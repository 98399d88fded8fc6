/** The rows of a body, all of them read and checked before any is answered, in bounded memory. */
import type { Codec, DecodeContext, Decoded } from '../codecs/codec.ts'
import { ignoredByRow } from '../codecs/ignored-names.ts'
import { findCodec } from '../codecs/index.ts'
import { joinRows } from '../data/frame.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { MaybePromise, RowJob } from './job.ts'
import { findWarnings } from './job-warnings.ts'
import { wholeRows } from './limits.ts'

/** Rows that follow each other, and what was ignored in them. */
export type RowBlock = Pick<Decoded, 'frame' | 'ignored'>

/** Rows that were checked, to be answered block by block. */
export interface CheckedRows extends Omit<Decoded, 'frame' | 'ignored'> {
  readonly length: number
  readonly unknownCategories: number
  /** How many warnings there are in all rows. */
  readonly warnings: number
  /** Yields the rows in their order. */
  blocks(): Iterable<RowBlock>
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
  const again = () => decode() ?? []
  return checkBlocks(predictor, decode() ?? [await decodeRows(predictor, job)], again)
}

/**
 * Checks rows that are decoded block by block.
 * @param again decodes them a second time, where they are too many to be kept; a list of blocks is kept in any case
 * @throws InputError for anything wrong in any of them
 */
export function checkBlocks(
  predictor: Predictor,
  read: Iterable<Decoded>,
  again: () => Iterable<RowBlock>,
): CheckedRows {
  let kept: RowBlock[] | undefined = []
  let bytes = 0
  let first: Decoded | undefined
  let length = 0
  let ignoredColumns = 0
  let unknownCategories = 0
  let warnings = 0
  for (const decoded of read) {
    const { frame, ignored } = decoded
    first ??= decoded
    length += frame.length
    ignoredColumns += decoded.ignoredColumns
    const found = findWarnings(predictor, decoded)
    unknownCategories += found.unknownCategories
    warnings += found.count
    bytes += frame.length * frame.columns.length * 8
    if (bytes > KEPT_BYTES && !Array.isArray(read)) kept = undefined
    kept?.push({ frame, ignored })
  }
  const { dialect, parameters } = first as Decoded
  return {
    dialect,
    parameters,
    length,
    ignoredColumns,
    unknownCategories,
    warnings,
    *blocks() {
      yield* kept ?? again()
    },
  }
}

/** Returns blocks as one. */
export function joinBlocks(blocks: readonly RowBlock[]): RowBlock {
  const [first, ...others] = blocks
  if (first && others.length === 0) return first
  const names = blocks.flatMap(({ frame, ignored }) =>
    Array.from({ length: frame.length }, (_, row) => ignored.at(row)),
  )
  const frames = blocks.map(({ frame }) => frame)
  return { frame: joinRows(frames as [RowBlock['frame']]), ignored: ignoredByRow(names) }
}

function readerOf(job: RowJob): Codec & Required<Pick<Codec, 'decode'>> {
  if (job.body.length === 0) throw new InputError('empty_body', 'the request has no body')
  const reader = findCodec(job.media.essence)
  if (!reader?.decode) throw new Error(`no decoder for ${job.media.essence}`)
  return reader as ReturnType<typeof readerOf>
}

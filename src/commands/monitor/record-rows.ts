/** The rows of captured bodies, in whatever form they were sent, as far as the model's columns can be read from them. */
import { readTensorRows } from '../../answering/tensor-rows.ts'
import type { Codec, DecodeContext } from '../../codecs/codec.ts'
import { findCodec } from '../../codecs/index.ts'
import { decodeInstances } from '../../codecs/json.ts'
import { parseJson } from '../../codecs/json-text.ts'
import { compileCsvRow } from '../../codecs/one-row-csv.ts'
import { compileJsonRow, type RowReader } from '../../codecs/one-row-json.ts'
import type { Cell, DataFrame } from '../../data/frame.ts'
import { InputError, quote } from '../../errors.ts'
import type { PreprocessorSpec } from '../../preprocess/preprocessor.ts'
import type { CaptureRecord } from './capture-lines.ts'

/** Returns the columns of a model with every cell allowed to be missing: that some are is for the monitor to say. */
export function lenientColumns({
  inputs,
  otherColumns,
}: Pick<PreprocessorSpec, 'inputs' | 'otherColumns'>) {
  return {
    otherColumns,
    inputs: inputs.map(({ closed: _, ...input }) => ({ ...input, nullable: true })),
  }
}

/** Reads the rows of records: one alone as its cells, others as a frame. */
export type RecordReader = (
  record: CaptureRecord,
) => readonly Cell[] | DataFrame | Promise<DataFrame>

/** Returns the reader of a model's records; it throws InputError for what is no row of the model. */
export function readRecords(columns: ReturnType<typeof lenientColumns>): RecordReader {
  const { inputs, otherColumns } = columns
  const context: DecodeContext = { inputs, otherColumns, maxRows: Number.MAX_SAFE_INTEGER }
  const fast = new Map<string, RowReader | undefined>([
    ['text/csv', compileCsvRow(inputs)],
    ['application/json', compileJsonRow(inputs)],
  ])
  return (record) => {
    const { type, data } = record
    const cells = record.isBase64 ? undefined : readFast(fast.get(type), data)
    if (cells) return cells
    const { essence, parameters } = readMedia(type)
    const codec = findCodec(essence)
    if (!codec?.decode)
      throw new InputError('unsupported_media_type', `${quote(essence)} holds no rows`)
    const body = Buffer.from(data, record.isBase64 ? 'base64' : 'utf8')
    if (body.length === 0) throw new InputError('empty_body', 'the record is empty')
    if (codec.name === 'json' && TENSORS.test(data)) {
      const tensors = readTensors(body, context)
      if (tensors) return tensors
    }
    return decode(codec, body, context, parameters)
  }
}

function readFast(read: RowReader | undefined, data: string): readonly Cell[] | undefined {
  try {
    return read?.(data)?.cells
  } catch {
    // The general way finds the words.
    return undefined
  }
}

function decode(
  codec: Codec,
  body: Uint8Array,
  context: DecodeContext,
  parameters: ReadonlyMap<string, string>,
): DataFrame | Promise<DataFrame> {
  const decoded = codec.decode?.(body, context, parameters)
  if (decoded instanceof Promise) return decoded.then(({ frame }) => frame)
  return (decoded as { frame: DataFrame }).frame
}

/** What tensors of the Open Inference Protocol have, and rows have not. */
const TENSORS = /"datatype"\s*:/

function readTensors(body: Uint8Array, context: DecodeContext): DataFrame | undefined {
  const { inputs } = (parseJson(Buffer.from(body).toString('utf8')) ?? {}) as { inputs?: unknown }
  if (!Array.isArray(inputs)) return undefined
  const rows = readTensorRows(inputs, context.inputs, MOST_TENSOR_ROWS, undefined)
  return decodeInstances(rows.slice(0, rows.length), context).frame
}

const MOST_TENSOR_ROWS = 100_000_000

function readMedia(type: string) {
  const [essence = '', ...rest] = type.split(';').map((part) => part.trim())
  const parameters = rest.map((part): [string, string] => {
    const at = part.indexOf('=')
    return at < 0
      ? [part.toLowerCase(), '']
      : [part.slice(0, at).toLowerCase(), part.slice(at + 1).replace(/^"(.*)"$/, '$1')]
  })
  return { essence: essence.toLowerCase(), parameters: new Map(parameters) }
}

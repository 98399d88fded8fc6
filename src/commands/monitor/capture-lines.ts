/** Files of SageMaker's data capture, record by record, packed by gzip or not. */
import { InputError, quote } from '../../errors.ts'
import { unpackChunks } from '../../tables/row-text.ts'

/** What went in and what the row's columns lack, in the form of `captureData`. */
export interface CaptureRecord {
  readonly type: string
  readonly data: string
  readonly isBase64: boolean
  readonly modelId: string | undefined
  readonly masked: readonly string[]
}

/** Longest line: the largest payload of an endpoint in Base64, and its answer. */
const MOST_LINE = 256 << 20
/** How far a file is looked into for what it is: longer lines than are captured, the first of which may be torn. */
const LOOKED_AT = 4 << 20
const LF = 10

/** A file of captured records, or something else. */
export interface OpenedCapture {
  readonly isCapture: boolean
  /** Returns its lines. */
  lines(): AsyncGenerator<string>
  close(): Promise<void>
}

/** Opens a file and looks whether one of its first lines is a captured record: that before may be torn. */
export async function openCapture(path: string): Promise<OpenedCapture> {
  const { chunks } = unpackChunks(path)
  const begun: Uint8Array[] = []
  let [length, ends] = [0, 0]
  // Where a second line ends, a whole one has been seen.
  while (length < LOOKED_AT && ends < 2) {
    const next = await chunks.next()
    if (next.done) break
    const piece = Buffer.from(next.value)
    begun.push(piece)
    length += piece.length
    for (let at = piece.indexOf(LF); at >= 0; at = piece.indexOf(LF, at + 1)) ends++
  }
  return {
    isCapture: Buffer.concat(begun).toString('utf8').split('\n').some(isRecord),
    async *lines() {
      yield* linesOf(begun, chunks, path)
    },
    close: async () => void (await chunks.return(undefined)),
  }
}

/** Whether a line begins as a captured record does. */
function isRecord(line: string): boolean {
  return /^\s*\{/.test(line) && /"captureData"\s*:/.test(line)
}

async function* linesOf(
  begun: readonly Uint8Array[],
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string> {
  let rest: Buffer[] = []
  let waiting = 0
  async function* all() {
    yield* begun
    yield* chunks
  }
  for await (const chunk of all()) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
      const line = bytes.subarray(from, at)
      yield (rest.length === 0 ? line : Buffer.concat([...rest, line])).toString('utf8')
      rest = []
      waiting = 0
      from = at + 1
    }
    if (from === bytes.length) continue
    // The chunk's memory may be used again.
    rest.push(Buffer.from(bytes.subarray(from)))
    waiting += bytes.length - from
    if (waiting > MOST_LINE)
      throw new InputError(
        'invalid_file',
        `the file ${quote(path, 256)} has a line of more than ${MOST_LINE} bytes`,
      )
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8')
}

type Json = Readonly<Record<string, unknown>>

/** Returns the record of a line; `no_input` for one that was captured without what went in, undefined for what is none. */
export function readCapture(line: string): CaptureRecord | 'no_input' | undefined {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  const captured = objectIn(record, 'captureData')
  if (!captured) return undefined
  const input = objectIn(captured, 'endpointInput')
  if (!input) return 'no_input'
  const { data, encoding, observedContentType: type } = input
  if (typeof data !== 'string') return undefined
  const event = objectIn(record, 'eventMetadata') ?? {}
  const usual = encoding === 'CSV' ? 'text/csv' : 'application/json'
  return {
    type: typeof type === 'string' && type !== '' ? type : usual,
    data,
    isBase64: encoding === 'BASE64',
    modelId: typeof event.modelId === 'string' ? event.modelId : undefined,
    masked: Array.isArray(event.maskedColumns) ? event.maskedColumns.map(String) : [],
  }
}

function objectIn(value: unknown, key: string): Json | undefined {
  if (value === null || typeof value !== 'object') return undefined
  const found = (value as Json)[key]
  return found !== null && typeof found === 'object' && !Array.isArray(found)
    ? (found as Json)
    : undefined
}

/** One request and its answer as a line of SageMaker's data capture (event version 0). */
import { codecs } from '../../codecs/index.ts'
import type { MediaType } from '../media-type.ts'
import { type Constant, constant, type LineSink } from './line-writer.ts'

/** What was sent in one direction: text that stands in memory already, or bytes. */
export type CapturedData = string | Uint8Array

/** A request and its answer, as they are written. */
export interface CapturedExchange {
  /** Media types with their parameters. */
  readonly bodyType: string
  readonly body: CapturedData
  readonly answerType: string
  /** Absent where it would tell what is masked. */
  readonly answer: CapturedData | undefined
  /** A UUID. */
  readonly id: string
  /** What SageMaker's caller calls it. */
  readonly inferenceId: string | undefined
  readonly modelId: string
  /** Columns whose cells were left out. */
  readonly masked: readonly string[]
  /** Milliseconds since 1970. */
  readonly time: number
}

type Encoding = 'CSV' | 'JSON' | 'BASE64'

/** Media types of text; all others are written in Base64. */
const encodings = new Map<string, Encoding>(
  codecs.flatMap(({ name, mediaTypes }) => {
    const encoding = name === 'csv' ? 'CSV' : name.startsWith('json') ? 'JSON' : undefined
    return encoding ? mediaTypes.map((type) => [type, encoding] as const) : []
  }),
)

const EVENT = constant('},"eventMetadata":{"eventId":"')
const INFERENCE = constant('","inferenceId":"')

/** Writes the line of an exchange, with its end. */
export function writeRecord(exchange: CapturedExchange, sink: LineSink): void {
  const { bodyType, body, answerType, answer, id, inferenceId, modelId, masked, time } = exchange
  writeData(body, inputFrames(bodyType), sink)
  if (answer !== undefined) writeData(answer, outputFrames(answerType), sink)
  sink.constant(EVENT)
  sink.escaped(id)
  if (inferenceId !== undefined) {
    sink.constant(INFERENCE)
    sink.escaped(inferenceId)
  }
  sink.constant(endOf(time, modelId, masked))
}

/** What stands before and behind the data of a type. */
interface Frame {
  readonly before: Constant
  readonly behind: Constant
  readonly encoding: Encoding
}

/** Types are few; a client may still make many of them. */
const MOST_FRAMES = 256
const inputFrames = framesOf('{"captureData":{"endpointInput":', 'INPUT')
const outputFrames = framesOf(',"endpointOutput":', 'OUTPUT')

function framesOf(head: string, mode: 'INPUT' | 'OUTPUT'): (type: string) => Frame {
  const frames = new Map<string, Frame>()
  return (type) => {
    const known = frames.get(type)
    if (known) return known
    const essence = type.split(';')[0]!.trim().toLowerCase()
    const encoding = encodings.get(essence) ?? 'BASE64'
    const made: Frame = {
      before: constant(
        `${head}{"observedContentType":${JSON.stringify(type)},"mode":"${mode}","data":"`,
      ),
      behind: constant(`","encoding":"${encoding}"}`),
      encoding,
    }
    if (frames.size >= MOST_FRAMES) frames.clear()
    frames.set(type, made)
    return made
  }
}

const BYTES_END = constant('","encoding":"BASE64"}')

function writeData(data: CapturedData, { before, behind, encoding }: Frame, sink: LineSink): void {
  sink.constant(before)
  if (encoding !== 'BASE64' && sink.escaped(data)) {
    sink.constant(behind)
    return
  }
  sink.plain(base64(data))
  sink.constant(BYTES_END)
}

function base64(data: CapturedData): string {
  if (typeof data === 'string') return Buffer.from(data).toString('base64')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}

/** The end of a line, which is the same for all of a second. */
let latest:
  | { second: number; modelId: string; masked: readonly string[]; end: Constant }
  | undefined

/** The time to the second, which is SageMaker's form. */
function endOf(time: number, modelId: string, masked: readonly string[]): Constant {
  const second = Math.floor(time / 1000)
  if (latest?.second === second && latest.modelId === modelId && latest.masked === masked)
    return latest.end
  const left = masked.length === 0 ? '' : `,"maskedColumns":${JSON.stringify(masked)}`
  const written = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  const end = constant(
    `","inferenceTime":"${written}","modelId":${JSON.stringify(modelId)}${left}},"eventVersion":"0"}\n`,
  )
  latest = { second, modelId, masked, end }
  return end
}

/** Returns a media type as a header has it. */
export function writeMedia({ essence, parameters }: MediaType): string {
  if (parameters.size === 0) return essence
  let text = essence
  for (const [name, value] of parameters) text += `; ${name}=${value}`
  return text
}

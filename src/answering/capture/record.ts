/** One request and its answer as a line of SageMaker's data capture (event version 0). */
import { codecs } from '../../codecs/index.ts'
import type { MediaType } from '../media-type.ts'

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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where a line goes, piece by piece: to put it together first would cost as much again. */
export interface LineSink {
  text(piece: string): void
  bytes(piece: Buffer): void
}

const EVENT = Buffer.from('},"eventMetadata":{"eventId":"')

/** Returns the characters of an exchange that are not the same in all lines. */
export function lengthOf(exchange: CapturedExchange): number {
  const { body, bodyType, answer, answerType, inferenceId, modelId, masked } = exchange
  let length = body.length + bodyType.length + answerType.length + modelId.length
  if (answer !== undefined) length += answer.length
  if (inferenceId !== undefined) length += inferenceId.length
  for (const name of masked) length += name.length + 3
  return length
}

/** Writes the line of an exchange, with its end. */
export function writeRecord(exchange: CapturedExchange, sink: LineSink): void {
  const { bodyType, body, answerType, answer, id, inferenceId, modelId, masked, time } = exchange
  writeData(body, inputFrames(bodyType), sink)
  if (answer !== undefined) writeData(answer, outputFrames(answerType), sink)
  sink.bytes(EVENT)
  sink.text(id)
  // Its closing quote is the one that the end of the line begins with.
  if (inferenceId !== undefined)
    sink.text(`","inferenceId":${JSON.stringify(inferenceId).slice(0, -1)}`)
  sink.bytes(endOf(time, modelId, masked))
}

/** What stands before and behind the data of a type. */
interface Frame {
  readonly before: Buffer
  readonly behind: Buffer
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
      before: Buffer.from(
        `${head}{"observedContentType":${JSON.stringify(type)},"mode":"${mode}","data":`,
      ),
      behind: Buffer.from(`,"encoding":"${encoding}"}`),
      encoding,
    }
    if (frames.size >= MOST_FRAMES) frames.clear()
    frames.set(type, made)
    return made
  }
}

function writeData(data: CapturedData, { before, behind, encoding }: Frame, sink: LineSink): void {
  const text = encoding === 'BASE64' ? undefined : typeof data === 'string' ? data : textOf(data)
  sink.bytes(before)
  if (text === undefined) {
    sink.text(`"${base64(data)}","encoding":"BASE64"}`)
    return
  }
  sink.text(JSON.stringify(text))
  sink.bytes(behind)
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return utf8.decode(data)
  } catch {
    return undefined
  }
}

function base64(data: CapturedData): string {
  if (typeof data === 'string') return Buffer.from(data).toString('base64')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}

/** The end of a line, which is the same for all of a second. */
let latest: { second: number; modelId: string; masked: readonly string[]; end: Buffer } | undefined

/** The time to the second, which is SageMaker's form. */
function endOf(time: number, modelId: string, masked: readonly string[]): Buffer {
  const second = Math.floor(time / 1000)
  if (latest?.second === second && latest.modelId === modelId && latest.masked === masked)
    return latest.end
  const left = masked.length === 0 ? '' : `,"maskedColumns":${JSON.stringify(masked)}`
  const written = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  const end = Buffer.from(
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

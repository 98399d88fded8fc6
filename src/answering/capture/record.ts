/** One request and its answer as a line of SageMaker's data capture (event version 0). */
import { codecs } from '../../codecs/index.ts'
import type { MediaType } from '../media-type.ts'

/** What was sent in one direction: text as it stands in memory already, or bytes. */
export interface CapturedData {
  /** Media type with its parameters. */
  readonly type: string
  readonly data: string | Uint8Array
}

/** A request and its answer. */
export interface CapturedExchange {
  readonly input: CapturedData
  /** Absent where it would tell what is masked. */
  readonly output: CapturedData | undefined
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

/** Returns the line of an exchange, with its end. */
export function writeRecord(exchange: CapturedExchange): string {
  const { input, output, id, inferenceId, modelId, masked, time } = exchange
  const answer = output ? `,"endpointOutput":${writeData(output, 'OUTPUT')}` : ''
  const inference = inferenceId === undefined ? '' : `,"inferenceId":${JSON.stringify(inferenceId)}`
  const left = masked.length === 0 ? '' : `,"maskedColumns":${JSON.stringify(masked)}`
  return (
    `{"captureData":{"endpointInput":${writeData(input, 'INPUT')}${answer}},` +
    `"eventMetadata":{"eventId":"${id}"${inference},"inferenceTime":"${timeOf(time)}","modelId":${JSON.stringify(modelId)}${left}},` +
    `"eventVersion":"0"}\n`
  )
}

/** What stands before and behind the data of a type, which are few. */
const frames = new Map<string, { readonly before: string; readonly encoding: Encoding }>()
const MOST_FRAMES = 256

function writeData({ type, data }: CapturedData, mode: 'INPUT' | 'OUTPUT'): string {
  const { before, encoding } = frameOf(type, mode)
  if (encoding === 'BASE64') return `${before}"${base64(data)}","encoding":"BASE64"}`
  const text = typeof data === 'string' ? data : textOf(data)
  if (text === undefined) return `${before}"${base64(data)}","encoding":"BASE64"}`
  return `${before}${JSON.stringify(text)},"encoding":"${encoding}"}`
}

function frameOf(type: string, mode: string) {
  const key = mode + type
  const known = frames.get(key)
  if (known) return known
  const essence = type.split(';')[0]!.trim().toLowerCase()
  const made = {
    before: `{"observedContentType":${JSON.stringify(type)},"mode":"${mode}","data":`,
    encoding: encodings.get(essence) ?? 'BASE64',
  } as const
  if (frames.size >= MOST_FRAMES) frames.clear()
  frames.set(key, made)
  return made
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return utf8.decode(data)
  } catch {
    return undefined
  }
}

function base64(data: string | Uint8Array): string {
  if (typeof data === 'string') return Buffer.from(data).toString('base64')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}

let [second, written] = [-1, '']

/** The time to the second, which is SageMaker's form. */
function timeOf(time: number): string {
  const now = Math.floor(time / 1000)
  if (now !== second) {
    second = now
    written = `${new Date(now * 1000).toISOString().slice(0, 19)}Z`
  }
  return written
}

/** Returns a media type as a header has it. */
export function writeMedia({ essence, parameters }: MediaType): string {
  let text = essence
  for (const [name, value] of parameters) text += `; ${name}=${value}`
  return text
}

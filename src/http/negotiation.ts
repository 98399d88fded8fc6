/** Which codec reads a request and which writes its answer, from its headers alone: before a body is read. */
import type { IncomingMessage } from 'node:http'
import { MIMEType } from 'node:util'
import Negotiator from 'negotiator'
import type { MediaType, Operation } from '../answering/media-type.ts'
import type { Codec } from '../codecs/codec.ts'
import { answerTypes, codecs, findCodec, requestTypes } from '../codecs/index.ts'
import { InputError, quote } from '../errors.ts'

/** Longest Content-Type or Accept header that is read. */
const MAX_HEADER = 1024

/** Returns the media type of a Content-Type header that says nothing else of a body than that it is UTF-8. */
export function plainType(header: string): string | undefined {
  const media = header.length <= MAX_HEADER ? parseMediaType(header) : undefined
  if (!media || media.parameters.size === 0) return media?.essence
  const charset = media.parameters.get('charset')
  return media.parameters.size === 1 && isUtf8(charset) ? media.essence : undefined
}

function isUtf8(charset: string | undefined): boolean {
  return charset !== undefined && ['utf-8', 'utf8', 'us-ascii'].includes(charset.toLowerCase())
}

/**
 * Returns the codec of a request's body and its type.
 * @param readAs types that a protocol reads as others; the empty one is that of a request that names none
 */
export function negotiateRequest(
  request: IncomingMessage,
  readAs: Readonly<Record<string, string>> = {},
): { codec: Codec; media: MediaType } {
  const sent = headerValues(request, 'content-type')
  if (sent.length > 1)
    throw new InputError('duplicate_content_type', 'there is more than one Content-Type header')
  const header = sent[0] ?? ''
  const found =
    header.length <= MAX_HEADER ? parseMediaType(header || (readAs[''] ?? '')) : undefined
  const other = found && readAs[found.essence]
  const media = other === undefined ? found : { ...found!, essence: other }
  const codec = media && findCodec(media.essence)
  if (!media || !codec?.decode) {
    const what =
      header === '' ? 'there is no Content-Type' : `Content-Type ${quote(header)} is not read`
    // All of them would not fit into a problem; the answer's Accept header has them.
    const some = requestTypes.slice(0, 4).join(', ')
    throw new InputError(
      'unsupported_media_type',
      `${what}; send ${some} or another type of the Accept header`,
    )
  }
  const charset = media.parameters.get('charset')
  if (charset !== undefined && !isUtf8(charset)) {
    throw new InputError(
      'unsupported_media_type',
      `charset ${quote(charset.toLowerCase())} is not read; send UTF-8`,
    )
  }
  return { codec, media }
}

/** Returns the media type that an answer will have: the best that the Accept header allows. */
export function negotiateAnswer(
  accept: string | undefined,
  operation: Operation,
  preferred: string,
): MediaType {
  return negotiate(accept, answerTypes[operation], preferred)
}

/** What a plot is drawn as where nothing else is asked for. */
export const PLOT_TYPE = 'image/svg+xml'

const pictureTypes = codecs
  .filter(({ picture }) => picture !== undefined)
  .flatMap(({ mediaTypes }) => mediaTypes)

/**
 * Returns the media type of a plot where JSON is the default, which is no error whatever the Accept header says.
 * @param asksPlot whether a plot is named: then it is one
 * @throws InputError `not_acceptable` for a plot as a type that it is not drawn in
 */
export function negotiatePlot(
  accept: string | undefined,
  asksPlot: boolean,
): MediaType | undefined {
  if (asksPlot) return negotiate(accept, pictureTypes, PLOT_TYPE)
  if (!accept?.includes('image/')) return undefined
  const type = negotiate(
    `${accept}, */*;q=0.001`,
    ['application/json', ...pictureTypes],
    'application/json',
  )
  return pictureTypes.includes(type.essence) ? type : undefined
}

function negotiate(
  accept: string | undefined,
  offered: readonly string[],
  preferred: string,
): MediaType {
  if (accept === undefined || accept.trim() === '' || accept.trim() === '*/*') {
    return parseMediaType(preferred) as MediaType
  }
  const ranges =
    accept.length <= MAX_HEADER ? accept.split(',').flatMap((range) => parseRange(range) ?? []) : []
  const header = ranges.map(({ essence, quality }) => `${essence};q=${quality}`).join(',')
  // A wildcard stands for the default first, then for the others in their order.
  const available = [preferred, ...offered.filter((type) => type !== preferred)]
  const [best] =
    ranges.length > 0 ? new Negotiator({ headers: { accept: header } }).mediaTypes(available) : []
  if (best === undefined) {
    throw new InputError(
      'not_acceptable',
      `Accept ${quote(accept)} allows no answer; there are ${offered.join(', ')}`,
    )
  }
  return {
    essence: best,
    parameters: ranges.find(({ essence }) => essence === best)?.parameters ?? new Map(),
  }
}

/** The default of answers whose type follows that of the records: a line for each. */
export const LINES = 'lines'

/** Whether a request's records are lines, or would be as text: any table but a JSON document. */
export function hasLines(request: IncomingMessage): boolean {
  const codec = findCodec(essenceOf(request))
  return codec?.decode !== undefined && codec.name !== 'json'
}

/** Returns the type whose lines are one for every record of a request, or JSON for a document of JSON. */
export function lineType(request: IncomingMessage, operation: Operation): string {
  if (!hasLines(request)) return 'application/json'
  const isLines = findCodec(essenceOf(request))?.name === 'json-lines'
  // An explanation in CSV has a head, and a line per class.
  return isLines || operation === 'explain' ? 'application/jsonlines' : 'text/csv'
}

function essenceOf({ headers }: IncomingMessage): string {
  const header = headers['content-type'] ?? ''
  return (header.length <= MAX_HEADER ? parseMediaType(header)?.essence : undefined) ?? ''
}

/** Returns the offered type that an environment's default names, or that it is to follow the request's. */
export function checkDefaultAccept(value: string): string {
  if (value.trim() === LINES) return LINES
  const media = parseMediaType(value)
  if (media && answerTypes.predict.includes(media.essence)) return media.essence
  throw new InputError(
    'invalid_option',
    `the default Accept is ${quote(value)}, there are ${[LINES, ...answerTypes.predict].join(', ')}`,
  )
}

/** Returns every value of a header as it was sent, even where Node keeps only the first. */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const key = rawHeaders[i]!
    // Lengths are compared first: this runs for every request.
    if (key.length === name.length && key.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  }
  return values
}

/** Headers read before: clients send the same few again and again. */
const known = new Map<string, MediaType | undefined>()
const MAX_KNOWN = 256

function parseMediaType(header: string): MediaType | undefined {
  if (known.has(header)) return known.get(header)
  // Whoever sends ever new ones pays for parsing, not this process with its memory.
  if (known.size >= MAX_KNOWN) known.clear()
  const media = readMediaType(header)
  known.set(header, media)
  return media
}

function readMediaType(header: string): MediaType | undefined {
  // MIMEType skips white space that header values must not have inside.
  if (/[\t\r\n\f]/.test(header)) return undefined
  try {
    const { essence, params } = new MIMEType(header)
    return { essence, parameters: new Map(params) }
  } catch {
    return undefined
  }
}

function parseRange(range: string): (MediaType & { quality: string }) | undefined {
  const media = parseMediaType(range.trim())
  if (!media) return undefined
  const quality = media.parameters.get('q') ?? '1'
  if (!/^(0?(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality)) return undefined
  const parameters = new Map([...media.parameters].filter(([name]) => name !== 'q'))
  return { essence: media.essence, parameters, quality }
}

/**
 * The way of one row through HTTP: an ordinary request for one row that has arrived as a whole is answered where it is
 * accepted, by one write. Everything else goes through the routes: it is the same request there, and the same answer.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Limits } from '../answering/limits.ts'
import type { Operation } from '../answering/media-type.ts'
import { decodeText, ONE_ROW_BYTES, type OneRowAnswer, oneRowOf } from '../answering/one-row.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { OneRowLog } from './answered-row.ts'
import { REQUEST_ID } from './caller-ids.ts'
import { type Capture, type CaptureOneRow, captureOneRow } from './capture.ts'
import {
  type Answered,
  type Connection,
  type Connections,
  type Exchange,
  markArrived,
} from './connections.ts'
import { negotiateAnswer, plainType } from './negotiation.ts'
import { kindOfHeader, MAX_HEADERS } from './plain-headers.ts'
import { keepBody } from './read-ahead.ts'
import { nextRequestId } from './request-id.ts'

/** What a route answers to one row when nothing else is asked. */
export interface OneRowRoute {
  readonly predictor: Predictor
  readonly operation: Operation
  /** Type of the answer where the client has no preference. */
  readonly preferred: string
  readonly limits: Limits
}

export interface OneRowOptions {
  /** Routes by their path. */
  readonly routes: ReadonlyMap<string, OneRowRoute>
  readonly connections: Connections
  /** Longest body that is read. */
  readonly maxBodyBytes: number
  /** Whether answers close their connections now, which only routes say. */
  readonly isClosing: () => boolean
  /** Whether a request may be answered at all; the routes say why not. */
  readonly mayAsk: (request: IncomingMessage) => boolean
  readonly log: (answered: OneRowLog) => void
  /** Keeps rows and answers in files. */
  readonly capture?: Capture | undefined
}

/** Returns a listener that answers one row, and hands on what is anything else to the next one. */
export function answerOneRows(options: OneRowOptions, next: RequestListener): RequestListener {
  const { connections, isClosing, mayAsk } = options
  const mostBytes = Math.min(ONE_ROW_BYTES, options.maxBodyBytes)
  const routes = new Map(
    [...options.routes].map(([path, route]) => [path, compileRoute(path, route, options)]),
  )
  let held: Held[] = []
  const answerHeld = () => {
    const arrived = held
    held = []
    let done = 0
    try {
      while (done < arrived.length) answerOne(arrived[done++] as Held)
    } finally {
      // Whatever became of one, the others are answered.
      if (done < arrived.length) {
        held = [...arrived.slice(done), ...held]
        setImmediate(answerHeld)
      }
    }
  }
  const answerOne = ({ request, response, connection, exchange, route, head }: Held): void => {
    markArrived(connection, exchange.request)
    const isReady =
      request.complete && !response.headersSent && !request.socket.writableEnded && !isClosing()
    const body = isReady ? (request.read() as Buffer | null) : null
    const text = body === null ? undefined : decodeText(body)
    const answer = text === undefined ? undefined : route.answer(text, head)
    if (!answer) {
      if (body !== null) keepBody(request, body)
      return void next(request, response)
    }
    const id = nextRequestId()
    exchange.answered = route.answered(answer, id)
    const length = Buffer.byteLength(answer.text)
    const headers = ['x-content-type-options', 'nosniff', REQUEST_ID, id]
    headers.push('content-type', head.accepted)
    headers.push('x-shapserve-warnings', String(answer.warnings))
    headers.push('content-length', String(length))
    response.writeHead(200, headers)
    // As a text it goes out with the head at once; ASCII is the same in the encoding that costs least.
    response.end(answer.text, length === answer.text.length ? 'latin1' : 'utf8')
    route.capture?.(body as Buffer, head.type, answer.text, head.accepted, id)
  }
  return (request, response) => {
    const route = request.method === 'POST' ? routes.get(request.url as string) : undefined
    const isOpen = route?.isCheap() === true && !isClosing() && mayAsk(request)
    const head = route && isOpen ? readHead(request.rawHeaders, route, mostBytes) : undefined
    const connection = connections.of(request.socket)
    const exchange = connection?.exchanges.at(-1)
    if (!connection || exchange?.request !== request) return void next(request, response)
    if (!route || !head) {
      process.nextTick(markArrived, connection, request)
      return void next(request, response)
    }
    // What has arrived with the headers is parsed when the turn's reading is over.
    if (held.push({ request, response, connection, exchange, route, head }) === 1)
      setImmediate(answerHeld)
  }
}

/** A request that is looked at when all that has arrived is parsed. */
interface Held {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly exchange: Exchange
  readonly route: CompiledRoute
  readonly head: Head
}

interface Head {
  readonly type: string
  readonly accepted: string
}

interface CompiledRoute {
  /** Returns the type of the answer that an Accept header asks for; undefined = the general way knows. */
  accept(header: string): string | undefined
  answer(text: string, head: Head): OneRowAnswer | undefined
  /** Whether its answers took so little time that they need not wait for their turn. */
  isCheap(): boolean
  answered(answer: OneRowAnswer, id: string): Answered
  readonly capture: CaptureOneRow | undefined
}

/** Milliseconds that an answer of a route takes on average, so that hundreds at once hold up nobody. */
const CHEAP_MS = 0.1
/** How much one measurement counts, and at most for how long: a pause of the collector is nobody's cost. */
const WEIGHT = 1 / 32
const MOST_MS = 1
const FADING = 0.99

/** Accept headers read before. */
const MAX_KNOWN = 64

function compileRoute(
  path: string,
  { predictor, operation, preferred, limits }: OneRowRoute,
  { log, capture }: Pick<OneRowOptions, 'log' | 'capture'>,
): CompiledRoute {
  const known = new Map<string, string | undefined>()
  const answerOneRow = oneRowOf(predictor)
  let ms = 0
  return {
    capture: captureOneRow(capture, predictor, operation),
    accept(header) {
      if (known.has(header)) return known.get(header)
      const type = plainAnswer(header, operation, preferred)
      if (known.size >= MAX_KNOWN) known.clear()
      if (header.length < 256) known.set(header, type)
      return type
    },
    answer(text, { type, accepted }) {
      const began = performance.now()
      const answer = answerOneRow(text, { operation, sent: type, accepted, limits })
      const took = Math.min(performance.now() - began, MOST_MS)
      ms += (took - ms) * WEIGHT
      return answer
    },
    isCheap() {
      if (ms <= CHEAP_MS) return true
      // What was expensive is tried again after a while.
      ms *= FADING
      return false
    },
    answered(answer, id) {
      // Its log line is written when the answer is sent, for which the request is held anyway.
      return {
        log({ startedAt }, lost) {
          const ms = Math.round((performance.now() - startedAt) * 100) / 100
          log({ id, path, ms, answer, lost })
        },
      }
    },
  }
}

/** Returns the type of an answer without parameters; undefined where there is none, or something else is asked. */
function plainAnswer(header: string, operation: Operation, preferred: string): string | undefined {
  try {
    const { essence, parameters } = negotiateAnswer(header, operation, preferred)
    return parameters.size === 0 ? essence : undefined
  } catch {
    return undefined
  }
}

/** Returns what the headers of an ordinary request say; undefined for any other. */
function readHead(
  rawHeaders: readonly string[],
  route: CompiledRoute,
  mostBytes: number,
): Head | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS) return undefined
  let header: string | undefined
  let accept: string | undefined
  let length = 0
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    switch (kindOfHeader(name)) {
      case 'type':
        if (header !== undefined) return undefined
        header = value
        break
      case 'accept':
        if (accept !== undefined) return undefined
        accept = value
        break
      case 'length':
        length = Number(value)
        break
      case 'host':
        hosts++
        break
      case 'other':
        break
      default:
        return undefined
    }
  }
  if (header === undefined || hosts > 1 || !(length > 0 && length <= mostBytes)) return undefined
  const type = plainType(header)
  const accepted = type === undefined ? undefined : route.accept(accept ?? '')
  return type === undefined || accepted === undefined ? undefined : { type, accepted }
}

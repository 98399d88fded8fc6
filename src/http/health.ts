/** Whoever asks for health in the usual way is answered where the request is accepted; the routes answer everybody else. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { REQUEST_ID } from './caller-ids.ts'
import { type Answered, type Connections, markArrived } from './connections.ts'
import { kindOfHeader, MAX_HEADERS } from './plain-headers.ts'
import { nextRequestId } from './request-id.ts'

/** An answered question for health, or one whose client had gone. */
export interface AnsweredHealth {
  readonly request: IncomingMessage
  readonly id: string
  readonly ms: number
  /** Why the client did not get the answer; a name. */
  readonly lost: string | undefined
}

export interface HealthOptions {
  /** Paths that answer 200 and nothing else while requests are taken. */
  readonly paths: ReadonlySet<string>
  readonly connections: Connections
  /** Whether only the routes know what to answer now. */
  readonly isForRoutes: (request: IncomingMessage) => boolean
  readonly log: (answered: AnsweredHealth) => void
}

/** Returns a listener that answers questions for health, and hands on what is anything else to the next one. */
export function answerHealth(
  { paths, connections, isForRoutes, log }: HealthOptions,
  next: RequestListener,
): RequestListener {
  return (request, response) => {
    const { socket } = request
    const isAsked = request.method === 'GET' && paths.has(request.url as string)
    const connection = isAsked ? connections.of(socket) : undefined
    const exchange = connection?.exchanges.at(-1)
    const isOurs = exchange?.request === request && !socket.writableEnded && !isForRoutes(request)
    if (!connection || !isOurs || !isOrdinary(request.rawHeaders))
      return void next(request, response)
    process.nextTick(markArrived, connection, request)
    const id = nextRequestId()
    exchange.answered = {
      log: ({ startedAt }, lost) => log({ request, id, ms: performance.now() - startedAt, lost }),
    } satisfies Answered
    response.writeHead(200, [
      ...['x-content-type-options', 'nosniff', REQUEST_ID, id, 'content-length', '0'],
    ])
    response.end()
  }
}

/** Without a body, an id of the caller's or anything that is refused. */
function isOrdinary(rawHeaders: readonly string[]): boolean {
  if (rawHeaders.length > 2 * MAX_HEADERS) return false
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const kind = kindOfHeader(rawHeaders[i]!)
    if (kind === undefined || kind === 'length') return false
    if (kind === 'host' && ++hosts > 1) return false
  }
  return true
}

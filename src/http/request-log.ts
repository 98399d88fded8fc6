/** The request log: one line per answer and per answer that nobody got; never a row. */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { OneRowLog } from './answered-row.ts'
import { callersIdOf, traceIdOf } from './caller-ids.ts'
import { type Cut, type Exchange, isGone } from './connections.ts'
import type { Unrouted } from './entrance.ts'
import type { AnsweredHealth } from './health.ts'
import { replyOf } from './late-answers.ts'
import { notesOf } from './notes.ts'
import { nextRequestId } from './request-id.ts'
import { type Route, templateOf } from './route.ts'

/** What is logged where the client was gone, or was given up, before its answer was sent; nginx's number. */
export const CLIENT_CLOSED = 499

type Notes = ReturnType<typeof notesOf>

/** A request that is over. */
export interface FinishedRequest {
  /** Its path as OpenAPI writes it; `other` where there is no such route. */
  readonly route: string
  /** Whose route it is. */
  readonly protocol: string
  /** Status that was sent; 499 where the client was gone. */
  readonly status: number
  readonly ms: number
  /** What was noted of it; never its rows. */
  readonly notes: Notes
}

/** Who is told of requests that are over. */
export interface Observer {
  finished(request: FinishedRequest): void
}

export interface RequestLog {
  /** Logs an answer that was sent. */
  answered(request: FastifyRequest, reply: FastifyReply): void
  /** Tells the observer of an answer to one row, which is logged elsewhere; undefined without an observer. */
  readonly tellOneRow: ((answered: OneRowLog) => void) | undefined
  /** Tells of an answer to a question for health; logs one that was lost. */
  healthy(answered: AnsweredHealth): void
  /** Logs a request that was over before any route saw it. */
  unrouted(unrouted: Unrouted): void
  /** Logs an answer that was not, or not wholly, sent. */
  lost(exchange: Exchange, cut: Cut | undefined): void
}

/**
 * Returns the log of requests.
 * @param log that requests do not have of their own which no route has seen
 * @param observer is told of every request besides, pings included
 * @param routes of which it may be
 */
export function createRequestLog(
  log: FastifyBaseLogger,
  observer: Observer | undefined,
  routes: readonly Route[],
): RequestLog {
  const known = new Map(
    routes.map((route) => [
      route.url,
      { route: templateOf(route), protocol: route.protocol ?? 'service' },
    ]),
  )
  const others = { route: 'other', protocol: 'service' }
  const tell = (request: FastifyRequest, reply: FastifyReply, status: number, notes: Notes) => {
    if (!observer) return
    const { route, protocol } = known.get(request.routeOptions.url ?? '') ?? others
    observer.finished({ route, protocol, status, ms: reply.elapsedTime, notes })
  }
  const unrouted = ({
    request,
    ms,
    status = CLIENT_CLOSED,
    code,
    id = nextRequestId(),
  }: Unrouted) => {
    const path = pathOf(request.url ?? '')
    const { route, protocol } = known.get(path) ?? others
    const notes = code === undefined ? undefined : { code }
    observer?.finished({ route, protocol, status, ms, notes })
    const { method } = request
    const facts = {
      trace_id: traceIdOf(request),
      method,
      path,
      status,
      ms: rounded(ms),
      request_id: callersIdOf(request),
      ...notes,
    }
    log.info({ reqId: id, ...facts }, 'request')
  }
  return {
    tellOneRow:
      observer &&
      (({ path, ms, answer, lost }) => {
        const { route, protocol } = known.get(path) ?? others
        const { unknownCategories, warnings } = answer
        const notes = { rows: 1, unknown_categories: unknownCategories, warnings }
        const status = lost === undefined ? 200 : CLIENT_CLOSED
        observer.finished({
          route,
          protocol,
          status,
          ms,
          notes: lost ? { ...notes, code: lost } : notes,
        })
      }),
    answered(request, reply) {
      // An answer whose connection is gone is logged as lost.
      if (isGone(request.raw.socket)) return
      const notes = notesOf(request)
      const { statusCode } = reply
      tell(request, reply, statusCode, notes)
      if (statusCode !== 200 || !isPing(request.url)) logRequest(request, reply, statusCode, notes)
    },
    healthy({ request, id, ms, lost }) {
      if (lost !== undefined) return unrouted({ request, id, ms, status: undefined, code: lost })
      if (!observer) return
      const { route, protocol } = known.get(request.url ?? '') ?? others
      observer.finished({ route, protocol, status: 200, ms, notes: undefined })
    },
    unrouted,
    lost(exchange, cut) {
      exchange.answered?.log(exchange, cut ?? 'client_closed')
      const reply = replyOf(exchange.response)
      if (!reply) return
      const notes = { ...notesOf(reply.request), code: cut ?? 'client_closed' }
      tell(reply.request, reply, CLIENT_CLOSED, notes)
      logRequest(reply.request, reply, CLIENT_CLOSED, notes)
    },
  }
}

function isPing(url: string): boolean {
  return url === '/ping' || url.startsWith('/ping?')
}

function logRequest(
  { log, method, url, raw }: FastifyRequest,
  { elapsedTime }: FastifyReply,
  status: number,
  facts: Notes,
): void {
  const path = pathOf(url)
  const ms = rounded(elapsedTime)
  log.info({ trace_id: traceIdOf(raw), method, path, status, ms, ...facts }, 'request')
}

function pathOf(url: string): string {
  return url.split('?')[0]!.slice(0, 128)
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}

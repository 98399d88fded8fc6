/** Requests with a body enter a few at a time: between them the event loop accepts connections and answers what is cheap. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Connections, Exchange } from './connections.ts'
import { isGone } from './connections.ts'

/** Milliseconds of routing and refusing in one round of the event loop. */
const ROUND_MS = 4

/** A request that is over before any route saw it. */
export interface Unrouted {
  readonly request: IncomingMessage
  readonly ms: number
  /** Status that was sent; undefined where nobody was left to read it. */
  readonly status: number | undefined
  /** Why it was answered, or why it was not; a code. */
  readonly code: string | undefined
  /** Id that its answer bears; undefined where it has none. */
  readonly id: string | undefined
}

/** The way from what accepts requests to what routes them. */
export interface Entrance {
  /** Takes a request; until there is somebody to hand it to, it waits like all others. */
  readonly enter: RequestListener
  /** Hands what waits, and what comes, on to a listener. */
  open(next: RequestListener): void
}

/**
 * Returns an entrance that hands on requests, those that may have a body for at most {@link ROUND_MS} in each round of
 * the event loop; the others wait in their order. When hundreds arrive at once, whoever asks for health would otherwise
 * stand behind all of them.
 * @param onUnrouted is told of requests that were over while they waited
 * @param onWaiting is told of every request that comes before the entrance is open
 */
export function enterInRounds(
  connections: Connections,
  onUnrouted: (unrouted: Unrouted) => void,
  onWaiting: () => void = () => {},
): Entrance {
  let next: RequestListener | undefined
  let waiting: Waiting[] = []
  /** First of those that wait; the list is cut when half of it have gone. */
  let first = 0
  let spent = 0
  let isArmed = false
  const arm = () => {
    if (isArmed || !next) return
    isArmed = true
    setImmediate(nextRound)
  }
  const route = (request: IncomingMessage, response: ServerResponse) => {
    const began = performance.now()
    try {
      next?.(request, response)
    } finally {
      spent += performance.now() - began
      arm()
    }
  }
  const nextRound = () => {
    isArmed = false
    spent = 0
    while (first < waiting.length && spent < ROUND_MS) {
      const { request, response, exchange } = waiting[first++]!
      // Who has left, or has been answered by the deadline or the end of a drain, is told of already.
      if (isGone(request.socket) || response.headersSent) continue
      if (exchange) exchange.answered = undefined
      route(request, response)
    }
    // Those that have gone are not kept while others wait: under a lasting load somebody always does.
    if (first * 2 >= waiting.length) {
      waiting = waiting.slice(first)
      first = 0
    }
    if (waiting.length > 0) arm()
  }
  const enter: RequestListener = (request, response) => {
    const isCheap = request.method === 'GET' || request.method === 'HEAD'
    const isRoom = isCheap || (waiting.length === 0 && spent < ROUND_MS)
    if (next && isRoom) return route(request, response)
    if (!next) onWaiting()
    const last = connections.of(request.socket)?.exchanges.at(-1)
    const exchange = last?.request === request ? last : undefined
    if (exchange) {
      exchange.answered = {
        log({ startedAt, refusedBy, id }, lost) {
          const status = lost === undefined ? response.statusCode : undefined
          const ms = performance.now() - startedAt
          onUnrouted({ request, ms, status, code: lost ?? refusedBy, id })
        },
      }
    }
    waiting.push({ request, response, exchange })
    arm()
  }
  return {
    enter,
    open(listener) {
      next = listener
      if (waiting.length > 0) arm()
    },
  }
}

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange | undefined
}

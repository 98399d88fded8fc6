/** The one deadline of a request, and every other time limit of the server, which follows from it. */
import type { Server } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { type Connections, connectionsOf, type Exchange, openExchanges } from './connections.ts'

/** How often requests are looked at. */
const SWEEP_MS = 100

export interface Timeouts {
  /** Milliseconds in which the headers of a request must arrive. */
  readonly headersTimeout: number
  /** Node's own limit on a whole request: the deadline has ended it before. */
  readonly requestTimeout: number
  /** Milliseconds for which a connection stays open between two requests; more than the 60 s of load balancers. */
  readonly keepAliveTimeout: number
  /** Milliseconds for which a client may neither read nor send while it is not waiting for an answer. */
  readonly connectionTimeout: number
}

/** Returns the limits that belong to a deadline. */
export function timeoutsOf(deadlineMs: number): Timeouts {
  return {
    headersTimeout: 10_000,
    requestTimeout: deadlineMs + 10_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 75_000,
  }
}

/** Gives a request another deadline than all have. */
export function extendDeadline({ raw, server }: FastifyRequest, deadlineMs: number): void {
  const connection = connectionsOf(server.server)?.of(raw.socket)
  const exchange = connection?.exchanges.find(({ request }) => request === raw)
  if (exchange) exchange.deadlineMs = deadlineMs
}

/**
 * Watches the requests of a server while it runs, and until its last connection has closed.
 * @param onLate is told of every request whose answer has not begun within its deadline of so many milliseconds
 */
export function watchDeadlines(
  server: Server,
  connections: Connections,
  deadlineMs: number,
  onLate: (exchange: Exchange, deadlineMs: number) => void,
): void {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const sweep = () => {
    // The server may have closed while connections go on that other listeners gave it.
    if (isClosed && connections.count === 0) clearInterval(timer)
    const now = performance.now()
    for (const connection of connections.all) {
      for (const exchange of openExchanges(connection)) {
        const limit = exchange.deadlineMs ?? deadlineMs
        if (exchange.response.headersSent || now - exchange.startedAt < limit) continue
        onLate(exchange, limit)
      }
    }
  }
  server.once('listening', () => {
    timer = setInterval(sweep, SWEEP_MS).unref()
    server.once('close', () => {
      isClosed = true
    })
  })
}

/**
 * The edge: the server that accepts connections and follows them. It answers by itself who asks for health and ordinary
 * requests for one row; whatever else comes is handed on to the routes, and waits for them where they are not there yet.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Access } from './access.ts'
import type { Capture } from './capture.ts'
import { type ConnectionRoom, keepRoom, type RoomLimits } from './connection-room.ts'
import { type Connections, trackConnections } from './connections.ts'
import { timeoutsOf, watchDeadlines } from './deadlines.ts'
import { enterInRounds } from './entrance.ts'
import { answerExpectations } from './expectations.ts'
import { answerHealth } from './health.ts'
import { answerClientError, refuseLate } from './late-answers.ts'
import { silent } from './logger.ts'
import type { MemoryGuard } from './memory-guard.ts'
import { answerOneRows } from './one-row.ts'
import { createOneRowLog } from './one-row-log.ts'
import { createRequestLog, type Observer, type RequestLog } from './request-log.ts'
import type { Route } from './route.ts'

export interface EdgeOptions {
  /** Longest body that is read. */
  readonly maxBodyBytes: number
  /** A request is given up after so many milliseconds. */
  readonly deadlineMs: number
  /** Asks who calls; absent = nobody is asked. */
  readonly access?: Access | undefined
  /** Is told of every request that is over. */
  readonly observer?: Observer | undefined
  readonly logger?: FastifyBaseLogger
  /** Connections that are served at once, and how long unused ones stay where they are scarce. */
  readonly connectionLimits?: Partial<RoomLimits>
  /** Refuses bodies where memory is short. */
  readonly memory?: MemoryGuard
  /** Keeps rows and answers in files. */
  readonly capture?: Capture | undefined
  /** Whether the service is stopping. */
  readonly isDraining?: () => boolean
}

export interface Edge {
  readonly server: Server
  readonly connections: Connections
  readonly room: ConnectionRoom
  readonly requestLog: RequestLog
  /** Resolves when a request has come that waits for the routes. */
  readonly wanted: Promise<void>
  /** Hands all requests that are not answered here on to the routes, those that have waited first. */
  open(routes: RequestListener): void
}

/** Returns the edge before some routes, which are opened later; it listens nowhere yet. */
export function createEdge(routes: readonly Route[], options: EdgeOptions): Edge {
  const { access, deadlineMs, maxBodyBytes, observer, logger = silent } = options
  const server = createTimedServer(deadlineMs)
  const requestLog = createRequestLog(logger, observer, routes)
  const connections = trackConnections(server, requestLog.lost)
  const room = keepRoom(server, connections, logger, options.connectionLimits)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerClientError(error, socket as Socket, connections),
  )
  answerExpectations(server, connections, maxBodyBytes)
  const isClosing = () => room.isScarce || options.isDraining?.() === true
  let want: () => void = () => {}
  const wanted = new Promise<void>((resolve) => {
    want = resolve
  })
  const { enter, open } = enterInRounds(connections, requestLog.unrouted, want)
  const oneRow = {
    routes: new Map(routes.flatMap(({ url, oneRow }) => (oneRow ? [[url, oneRow] as const] : []))),
    connections,
    maxBodyBytes,
    isClosing,
    mayAsk(request: IncomingMessage) {
      if (!isSpoken(request) || options.memory?.mayEnter() === false) return false
      try {
        access?.check(request)
        room.check(request)
        return true
      } catch {
        return false
      }
    },
    log: createOneRowLog(logger, requestLog.tellOneRow),
    capture: options.capture,
  }
  const health = {
    paths: new Set(routes.flatMap(({ url, isHealth }) => (isHealth ? [url] : []))),
    connections,
    isForRoutes: (request: IncomingMessage) => isClosing() || !isSpoken(request),
    log: requestLog.healthy,
  }
  server.on('request', answerHealth(health, answerOneRows(oneRow, enter)))
  watchDeadlines(server, connections, deadlineMs, refuseLate)
  return { server, connections, room, requestLog, wanted, open }
}

/** Node's parser reads HTTP/0.9 and 2.0 in the same form. */
export function isSpoken({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' || httpVersion === '1.0'
}

function createTimedServer(deadlineMs: number): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout, connectionTimeout } =
    timeoutsOf(deadlineMs)
  const server = createServer({
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: 1_000,
  })
  return server.setTimeout(connectionTimeout)
}

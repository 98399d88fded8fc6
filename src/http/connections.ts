/** The server's connections: which requests each of them carries, and how one ends so that its last answer can be read. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { freeMemory } from '../answering/collect-garbage.ts'

/** Bytes and time for which what nobody asked for is read and thrown away, so that the answer is not lost by a reset. */
export const DISCARD = { bytes: 256 << 20, ms: 30_000, idleMs: 5_000 } as const
const WATCH_MS = 250
/**
 * A client that has ended its stream may still read, or have gone: nothing tells. So long it may wait for its answer to
 * begin; what takes longer is not computed for nobody.
 */
const HALF_OPEN_MS = 150

/** Why this side gave a connection up. */
export type Cut = 'slow_reader' | 'drain_limit' | 'discard_limit'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** When its headers were there, by the monotonic clock. */
  readonly startedAt: number
  /** Whether the request was seen to have arrived to its end. */
  isWhole: boolean
  /** Whether the system has taken the whole answer. */
  isFlushed: boolean
  /** Milliseconds that the answer may take, where its route needs another time than all. */
  deadlineMs?: number
  /** What is to be logged of an answer that was given before any route saw its request. */
  answered?: Answered | undefined
  /** Code of the problem that was answered in place of a route. */
  refusedBy?: string
  /** Id of the request, where it was answered in place of a route. */
  id?: string
}

/** What is known of an answer that no route gave. */
export interface Answered {
  /** Tells the log, once the system has taken the whole answer, or has not and will not. */
  log(exchange: Exchange, lost: Cut | 'client_closed' | undefined): void
}

export interface Connection {
  readonly socket: Socket
  /** Exchanges in the order of their requests; those before the last that is flushed are flushed too. */
  exchanges: readonly Exchange[]
  /** Bytes read when its last request was whole; what came after them is the beginning of the next one. */
  idleBytes: number
  /** When it was opened, or its last answer was sent, by the monotonic clock. */
  idleSince: number
  /** Whether its last answer is given and the rest is thrown away. */
  isEnding: boolean
  cut: Cut | undefined
}

export interface Connections {
  readonly all: Iterable<Connection>
  readonly count: number
  of(socket: Socket): Connection | undefined
}

const tracked = new WeakMap<Server, Connections>()

/** Returns the connections of a server that are followed. */
export function connectionsOf(server: Server): Connections | undefined {
  return tracked.get(server)
}

/** Whether what was written to a connection is lost: Node calls it finished all the same. */
export function isGone({ destroyed, errored }: Socket): boolean {
  return destroyed || (errored !== null && errored !== undefined)
}

/**
 * Notes where the last request ends, at the first moment when it is known to be whole: what comes later is the next one's.
 * An answer may be given before; nobody tells then when the rest has arrived, so it is looked for.
 */
export function markWhole(connection: Connection): void {
  const last = connection.exchanges.at(-1)
  if (!last || last.isWhole || !last.request.complete) return
  last.isWhole = true
  connection.idleBytes = connection.socket.bytesRead
}

/**
 * Notes where the last request ends, now or as soon as it does. To be called once for every request, when what has arrived
 * with it is parsed: one without a body is whole then, and Node tells the end of one that is read.
 */
export function markArrived(connection: Connection, request: IncomingMessage): void {
  markWhole(connection)
  if (!request.complete) request.on('end', () => markWhole(connection))
}

/** Returns the exchanges of a connection that are not over. */
export function openExchanges({ exchanges }: Connection): readonly Exchange[] {
  const last = exchanges.at(-1)
  return last === undefined || last.isFlushed ? [] : exchanges.filter(({ isFlushed }) => !isFlushed)
}

/**
 * Follows the connections of a server. Whoever takes its requests calls {@link markArrived} for each.
 * @param onLost is told of every exchange whose connection closed before its answer was flushed
 */
export function trackConnections(
  server: Server,
  onLost: (exchange: Exchange, cut: Cut | undefined) => void,
): Connections {
  const all = new Map<Socket, Connection>()
  // Otherwise Node ends the connection with the client's stream, and with it every answer that is not written at once.
  ;(server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true
  server.on('connection', (socket: Socket) => {
    const connection: Connection = {
      socket,
      exchanges: [],
      idleBytes: 0,
      idleSince: performance.now(),
      isEnding: false,
      cut: undefined,
    }
    all.set(socket, connection)
    socket.on('close', () => {
      all.delete(socket)
      for (const exchange of openExchanges(connection)) onLost(exchange, connection.cut)
    })
    socket.on('end', () => {
      const giveUp = () => {
        const [first] = openExchanges(connection)
        if (first?.response.headersSent === false) socket.destroy()
      }
      setTimeout(giveUp, HALF_OPEN_MS).unref()
    })
    // Node calls this after the last answer; with bytes unread, the reset that follows would destroy the answer.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => {
      if (connection.exchanges.at(-1)?.request.complete === false) endConnection(connection)
      else destroySoon()
    }
  })
  server.prependListener('request', (request, response) => {
    const connection = all.get(request.socket)
    if (!connection || connection.isEnding) return
    const startedAt = performance.now()
    const exchange: Exchange = { request, response, startedAt, isWhole: false, isFlushed: false }
    const open = openExchanges(connection)
    connection.exchanges = open.length === 0 ? [exchange] : [...open, exchange]
    response.on('finish', () => {
      exchange.isFlushed = !isGone(connection.socket)
      connection.idleSince = performance.now()
      if (exchange.isFlushed) exchange.answered?.log(exchange, undefined)
    })
  })
  // Computing is limited by the deadline; this is about clients that neither read nor send.
  server.on('timeout', (socket: Socket) => {
    const connection = all.get(socket)
    const open = connection ? openExchanges(connection) : []
    if (open[0]?.response.headersSent === false) {
      socket.setTimeout(server.timeout)
      return
    }
    if (connection && open.length > 0) connection.cut = 'slow_reader'
    socket.destroy()
  })
  const connections: Connections = {
    all: { [Symbol.iterator]: () => all.values() },
    get count() {
      return all.size
    },
    of: (socket) => all.get(socket),
  }
  tracked.set(server, connections)
  return connections
}

/** Sends what is written and the end of the stream, and reads on until the client has closed too or the bounds are met. */
export function endConnection(connection: Connection, last?: Uint8Array): void {
  if (connection.isEnding) return
  connection.isEnding = true
  const { socket } = connection
  if (socket.writable) last ? socket.end(last) : socket.end()
  // Not while a piece of it is being parsed.
  setImmediate(takeFromParser, socket)
  discard(connection, () => socket.destroyed)
}

/** Reads on without Node's parser, which calls back for every piece of a body in chunks: a million of them are 6 MB. */
function takeFromParser(socket: Socket): void {
  if (socket.destroyed) return
  const parsing = socket.listeners('data')
  // Pieces that wait for the collector would part the heap of the C library.
  socket.on('data', freeMemory)
  for (const listener of parsing) socket.off('data', listener as () => void)
  socket.resume()
}

/** Frees what comes of a request that is refused; Node drops the pieces, which then wait for the collector. */
export function freeRest(connections: Connections, request: IncomingMessage): void {
  if (connections.of(request.socket) && !request.complete) request.on('data', freeMemory)
}

/** Bounds what is still read of a request that is answered already, on a connection that goes on. */
export function boundRest(connections: Connections, request: IncomingMessage): void {
  const connection = connections.of(request.socket)
  if (!connection || connection.isEnding || request.complete) return
  discard(connection, () => request.complete)
}

/** Whether no other request has arrived behind this one. */
export function isLast(connections: Connections, request: IncomingMessage): boolean {
  const connection = connections.of(request.socket)
  return !connection || connection.exchanges.at(-1)?.request === request
}

function discard(connection: Connection, isOver: () => boolean): void {
  const { socket } = connection
  const first = socket.bytesRead
  const began = performance.now()
  let seen = first
  let changedAt = began
  const stop = () => {
    clearInterval(watch)
    socket.off('close', stop)
  }
  const watch = setInterval(() => {
    if (isOver()) return stop()
    const now = performance.now()
    if (socket.bytesRead !== seen) changedAt = now
    seen = socket.bytesRead
    const isWithin =
      seen - first <= DISCARD.bytes &&
      now - began <= DISCARD.ms &&
      now - changedAt <= DISCARD.idleMs
    if (isWithin) return
    connection.cut ??= 'discard_limit'
    socket.destroy()
  }, WATCH_MS)
  socket.on('close', stop)
}

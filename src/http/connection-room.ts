/** Room for new connections where many are open: those that nobody uses give way, and whoever asks for health gets in. */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { InputError } from '../errors.ts'
import {
  type Connection,
  type Connections,
  endConnection,
  markWhole,
  openExchanges,
} from './connections.ts'
import { rawProblem, refuseExchange } from './late-answers.ts'

/** How many connections there may be, and how long those have that nobody uses. */
export interface RoomLimits {
  readonly most: number
  /** Milliseconds for which a connection that has just opened, or just got its answer, may be about to be used. */
  readonly freshMs: number
  /** Milliseconds that a body may take before it gives way. */
  readonly bodyMs: number
}

const usual: RoomLimits = { most: 1024, freshMs: 1000, bodyMs: 5000 }
/** Share of all connections beyond which unused ones are closed. */
const SCARCE = 15 / 16
/** Connections beyond the most, in which only questions without a body are answered. */
const SPARE = 1 / 8
const LOG_MS = 10_000
/** Beyond all limits, unused ones are looked for this often: a flood of connections must not cost a look each. */
const LOOK_MS = 5

export interface ConnectionRoom {
  /** Whether answers should close their connections. */
  readonly isScarce: boolean
  /** Throws InputError `overloaded` for a request with a body that came over a spare connection. */
  check(request: IncomingMessage): void
}

/** Keeps room for connections to a server, whichever listeners they come from. */
export function keepRoom(
  server: Server,
  connections: Connections,
  log: FastifyBaseLogger,
  limits: Partial<RoomLimits> = {},
): ConnectionRoom {
  const all = { ...usual, ...limits }
  const { most } = all
  const scarce = Math.floor(most * SCARCE)
  const spare = new WeakSet<Connection>()
  /** Connections that gave way, and those for which there was no room. */
  let closed = 0
  let dropped = 0
  let loggedAt = Number.NEGATIVE_INFINITY
  const limit = most + Math.ceil(most * SPARE)
  const tell = () => {
    const now = performance.now()
    if (now - loggedAt < LOG_MS) return
    loggedAt = now
    log.warn({ connections: connections.count, most, closed, dropped }, 'too many connections')
  }
  // Several at a time: looking for them costs more than closing them.
  const some = Math.ceil(most / 64)
  let lookedAt = Number.NEGATIVE_INFINITY
  // No listener's own limit would do: each counts its own connections alone.
  const drop = (socket: Socket) => {
    socket.destroy()
    dropped++
    tell()
  }
  server.on('connection', (socket) => {
    if (connections.count <= scarce) return
    const isBeyond = connections.count > limit
    const now = performance.now()
    if (isBeyond && now - lookedAt < LOOK_MS) return drop(socket)
    lookedAt = now
    const own = connections.of(socket)
    const { open, idle, begun } = findUnused(connections, all, own)
    const unused = [
      ...idle.slice(0, open - scarce + some),
      ...begun.slice(0, Math.max(0, open - most + some)),
    ]
    for (const connection of unused) giveWay(connection)
    closed += unused.length
    // Those that give way are still closing: no more than some of them stand beside the limit.
    if (isBeyond && (unused.length === 0 || connections.count > limit + some)) return drop(socket)
    if (own && open - unused.length > most) spare.add(own)
    tell()
  })
  return {
    get isScarce() {
      return connections.count > scarce
    },
    check({ socket }) {
      const connection = connections.of(socket)
      if (connection && spare.has(connection)) throw tooMany()
    },
  }
}

interface Unused {
  /** How many connections are open. */
  readonly open: number
  /** Those without a request, and those on which one has begun and does not go on; the oldest first. */
  readonly idle: readonly Connection[]
  readonly begun: readonly Connection[]
}

function findUnused(
  connections: Connections,
  { freshMs, bodyMs }: RoomLimits,
  but: Connection | undefined,
): Unused {
  const now = performance.now()
  const idle: Aged[] = []
  const begun: Aged[] = []
  let open = 0
  for (const connection of connections.all) {
    if (connection.isEnding) continue
    open++
    if (connection === but) continue
    markWhole(connection)
    const { idleSince, idleBytes, socket } = connection
    const [first] = openExchanges(connection)
    if (first) {
      const isArriving = !first.request.complete && !first.response.headersSent
      if (isArriving && now - first.startedAt >= bodyMs) begun.push([first.startedAt, connection])
    } else if (now - idleSince < freshMs) continue
    else (socket.bytesRead > idleBytes ? begun : idle).push([idleSince, connection])
  }
  return { open, idle: oldestFirst(idle), begun: oldestFirst(begun) }
}

type Aged = readonly [since: number, connection: Connection]

function oldestFirst(list: Aged[]): Connection[] {
  return list.sort(([a], [b]) => a - b).map(([, connection]) => connection)
}

/** Ends an idle connection; whoever has begun a request is told why. */
function giveWay(connection: Connection): void {
  const [exchange] = openExchanges(connection)
  const hasBegun = connection.socket.bytesRead > connection.idleBytes
  if (exchange) refuseExchange(exchange, tooMany(), true)
  else endConnection(connection, hasBegun ? rawProblem(tooMany()) : undefined)
}

function tooMany(): InputError {
  return new InputError('overloaded', 'too many connections are open; try again')
}

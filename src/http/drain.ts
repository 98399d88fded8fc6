/** How the server stops: who still asks is answered, and told to go elsewhere; then the doors close. */
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { InputError } from '../errors.ts'
import type { Connection, Connections, Exchange } from './connections.ts'
import { endConnection, markWhole, openExchanges } from './connections.ts'
import { rawProblem, refuseExchange } from './late-answers.ts'

/** A connection without a request is closed when nothing has come over it for so long. */
const QUIET_MS = 1000
/** The listener closes after so many looks at which nobody has connected, or else at a moment when nobody does. */
const CALM_LOOKS = 20
const CLOSING_MS = 1000
const LOOK_MS = 5
/** A turn of the event loop this short leaves no time for a connection to be accepted unseen. */
const SHORT_TURN_MS = 1
const TICK_MS = 20
/** Time to send the last refusals, and what is left of answers. */
const FLUSH_MS = 3000
/** Turns of the event loop in which a connection that was cut off has closed. */
const CLOSED_TURNS = 16

export interface DrainOptions {
  readonly connections: Connections
  /** Closes what connections come from, at the latest at a time of the monotonic clock. */
  readonly close: (limit: number) => Promise<void>
  /** Milliseconds in which new connections are accepted. */
  readonly graceMs: number
  /** Milliseconds after which what is not answered is refused. */
  readonly limitMs: number
  /** What is answered to requests that have no answer at the limit. */
  readonly error: InputError
}

/**
 * Answers what is asked and closes everything, at the latest 3 s after the limit.
 * @returns how many exchanges were given up
 */
export async function drainConnections(options: DrainOptions): Promise<number> {
  const { connections, close, graceMs, limitMs } = options
  const limit = performance.now() + limitMs
  const grace = Math.min(limit, performance.now() + graceMs)
  const seen = new WeakMap<Connection, Activity>()
  let isClosed = false
  while (performance.now() < limit) {
    // After a timer comes the turn's reading: what has arrived meanwhile is seen before a decision.
    await sleep(TICK_MS)
    await setImmediate()
    for (const connection of connections.all) {
      const activity = observe(connection, seen.get(connection))
      seen.set(connection, activity)
      const isIdle = !activity.carries && performance.now() - activity.changedAt >= QUIET_MS
      if (isClosed && isIdle) endConnection(connection)
    }
    if (!isClosed && performance.now() >= grace) {
      await close(limit)
      isClosed = true
    }
    if (isClosed && connections.count === 0) return 0
  }
  if (!isClosed) await close(0)
  for (const connection of connections.all) {
    const open = openExchanges(connection)
    for (const exchange of open) refuseExchange(exchange, options.error, exchange === open.at(-1))
    if (open.length > 0) continue
    endConnection(connection, seen.get(connection)?.carries ? rawProblem(options.error) : undefined)
  }
  while (connections.count > 0 && performance.now() < limit + FLUSH_MS) await sleep(TICK_MS)
  let lost = 0
  for (const connection of connections.all) {
    lost += openExchanges(connection).length
    connection.cut = 'drain_limit'
    connection.socket.destroy()
  }
  // The log is told of an answer that was cut off when its connection has closed, some turns later.
  for (let turns = 0; connections.count > 0 && turns < CLOSED_TURNS; turns++) await setImmediate()
  return lost
}

/**
 * Closes the listeners without a reset for anybody. The system resets what it has accepted and this process has not, and
 * clients that are answered come back at once: so connections are only taken in, unread, until no more come.
 * @param limit time of the monotonic clock at which they are closed in any case
 */
export async function closeListeners(
  listeners: readonly NetServer[],
  limit: number,
): Promise<void> {
  const held: (() => void)[] = []
  const restore = listeners.map((listener) => {
    const handlers = listener.listeners('connection')
    const hold = (socket: Socket) => {
      held.push(() => listener.emit('connection', socket))
    }
    listener.removeAllListeners('connection').on('connection', hold)
    return () => {
      listener.off('connection', hold)
      for (const handler of handlers) listener.on('connection', handler as (socket: Socket) => void)
    }
  })
  const began = performance.now()
  let known = 0
  // Looks, not time: a process that was stopped for a while, as containers are by their CPU quota, has seen nobody.
  let calmLooks = 0
  for (;;) {
    await sleep(LOOK_MS)
    await setImmediate()
    const turn = performance.now()
    const before = held.length
    await setImmediate()
    const now = performance.now()
    calmLooks = held.length > known ? 0 : calmLooks + 1
    known = held.length
    // At least one connection is accepted per turn; a short turn leaves no time for one to come unseen.
    const isUnseen = held.length > before || now - turn > SHORT_TURN_MS
    const isCalm = now - began >= CLOSING_MS || calmLooks >= CALM_LOOKS
    if (now > limit || (isCalm && !isUnseen)) break
  }
  // Not the HTTP server's own close, which also closes connections whose answer is not yet flushed.
  for (const listener of listeners) {
    NetServer.prototype.close.call(listener)
    // What has come to the others meanwhile is accepted before they close.
    await setImmediate()
  }
  for (const give of restore) give()
  for (const serve of held) serve()
}

/** What a connection was found to be doing. */
interface Activity {
  readonly bytesRead: number
  readonly last: Exchange | undefined
  readonly isOpen: boolean
  /** Whether it carries a request, or a part of one. */
  readonly carries: boolean
  /** When bytes, a request or the end of an answer were last seen. */
  readonly changedAt: number
}

function observe(connection: Connection, before: Activity | undefined): Activity {
  markWhole(connection)
  const { bytesRead } = connection.socket
  const last = connection.exchanges.at(-1)
  const isOpen = openExchanges(connection).length > 0
  const isSame = before?.last === last && before?.bytesRead === bytesRead
  const isQuiet = before !== undefined && isSame && !isOpen && !before.isOpen
  const changedAt = isQuiet ? before.changedAt : performance.now()
  return { bytesRead, last, isOpen, carries: isOpen || bytesRead > connection.idleBytes, changedAt }
}

/** A process that serves: it listens nowhere, but answers on the connections that its supervisor hands over. */
import type { Socket } from 'node:net'
import { createLogger } from '../http/logger.ts'
import { type PreparedServer, prepareServer } from '../http/server.ts'
import { type Order, type Report, toFailure } from './messages.ts'

/** Time that a process with a defect gets for the requests that it is answering. */
const DEFECT_DRAIN_MS = 8000
/** A process that nobody else ends does so by itself, so long after its drain's limit at the latest. */
const OVERTIME_MS = 2000

/** How long the end of the log is waited for. */
const LOG_MS = 1000

// A terminal signals the supervisor's whole group; only the supervisor decides what a process does.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

let prepared: PreparedServer | undefined
let ending: Promise<void> | undefined
let noMore: () => void = () => {}
/** Resolves when no more connections come. */
const closed = new Promise<void>((resolve) => {
  noMore = resolve
})

process.on('message', (order: Order, socket: Socket | undefined) => {
  if (order.kind === 'start') void start(order)
  else if (order.kind === 'closed') noMore()
  else if (order.kind === 'samples') void tellSamples()
  else if (order.kind === 'beat') tell({ kind: 'beat' })
  else if (order.kind === 'drain') void drain(order.reason, order.limitMs)
  // A client that has gone on its way here leaves no socket.
  else if (socket) receive(socket)
})
// Without a supervisor no connections come, and nobody would end this process.
process.on('disconnect', () => {
  noMore()
  drainAlone('disconnect')
})

async function start({ options, processes }: Order & { kind: 'start' }): Promise<void> {
  try {
    const log = createLogger(options.config.logLevel, { pid: process.pid })
    // The supervisor has said once what is to be said of the settings.
    prepared = await prepareServer({ ...options, warnings: [] }, log, processes)
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => failAfterDrain(log, event, error))
    // Node looks after time limits from this event on.
    prepared.server.emit('listening')
    const { facts, modelId, example } = prepared
    tell({ kind: 'ready', facts, modelId, example })
    await prepared.complete()
  } catch (error) {
    tell({ kind: 'failed', failure: toFailure(error) }, () => process.exit(1))
  }
}

function failAfterDrain(log: PreparedServer['log'], event: string, error: unknown): void {
  log.fatal({ err: error }, event)
  process.exitCode = 1
  tell({ kind: 'leaving' })
  drainAlone(event)
}

/** Drains where no supervisor waits for the end: the drain itself may be what has the defect. */
function drainAlone(reason: string): void {
  setTimeout(() => process.exit(1), DEFECT_DRAIN_MS + OVERTIME_MS).unref()
  void drain(reason, DEFECT_DRAIN_MS)
}

/** Answers what was begun, then ends the process. */
async function drain(reason: string, limitMs: number): Promise<void> {
  const until = (limit: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, limit - performance.now()))
      void closed.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  ending ??= prepared?.drain(reason, { close: until, graceMs: 0, limitMs })
  // What an end has to say of itself must not begin another one.
  await ending?.catch((error: unknown) => {
    prepared?.log.fatal({ err: error }, 'not drained')
    process.exitCode = 1
  })
  // The end of the log is waited for, but not without end.
  setTimeout(() => process.exit(), LOG_MS)
  process.stdout.write('', () => process.exit())
}

/** Takes a client over, as the server's own listener would. */
function receive(socket: Socket): void {
  // A client may end its side after its request, and is answered all the same.
  socket.allowHalfOpen = true
  prepared?.server.emit('connection', socket)
}

async function tellSamples(): Promise<void> {
  tell({ kind: 'samples', samples: (await prepared?.metrics?.samples()) ?? [] })
}

function tell(report: Report, sent?: () => void): void {
  process.send?.(report, undefined, undefined, () => sent?.())
}

/** The log line of an answer to one row: prepared, but for what differs, and the same as the log would write it. */
import type { FastifyBaseLogger } from 'fastify'
import { type Logger, pino } from 'pino'
import type { OneRowLog } from './answered-row.ts'
import { CLIENT_CLOSED } from './request-log.ts'

/** A pino logger as its symbols show it: its stream, the members of every line, and the time as a member. */
interface PinoLogger extends Logger {
  readonly [pino.symbols.streamSym]: { write(line: string): void }
  readonly [pino.symbols.chindingsSym]: string
  readonly [pino.symbols.timeSym]: () => string
}

/**
 * Returns what logs an answer to one row.
 * @param tell is told of it besides
 */
export function createOneRowLog(
  logger: FastifyBaseLogger,
  tell?: (answered: OneRowLog) => void,
): (answered: OneRowLog) => void {
  const write = createWriter(logger)
  if (!tell) return write
  return (answered) => {
    write(answered)
    tell(answered)
  }
}

function createWriter(logger: FastifyBaseLogger): (answered: OneRowLog) => void {
  if (!isPino(logger)) return (answered) => logFacts(logger, answered)
  const stream = logger[pino.symbols.streamSym]
  const time = logger[pino.symbols.timeSym]
  const level = `{"level":${pino.levels.values['info']}`
  const members = logger[pino.symbols.chindingsSym]
  return ({ id, path, ms, answer, lost }) => {
    if (!logger.isLevelEnabled('info')) return
    const status = lost === undefined ? 200 : CLIENT_CLOSED
    const code = lost === undefined ? '' : `,"code":"${lost}"`
    stream.write(
      `${level}${time()}${members},"reqId":"${id}","method":"POST","path":"${path}","status":${status},` +
        `"ms":${ms},"rows":1,"ignored_columns":0,"unknown_categories":${answer.unknownCategories},` +
        `"warnings":${answer.warnings},"worker":0${code},"msg":"request"}\n`,
    )
  }
}

function isPino(logger: FastifyBaseLogger): logger is PinoLogger & FastifyBaseLogger {
  return pino.symbols.streamSym in logger && pino.symbols.chindingsSym in logger
}

function logFacts(logger: FastifyBaseLogger, { id, path, ms, answer, lost }: OneRowLog): void {
  const status = lost === undefined ? 200 : CLIENT_CLOSED
  const { unknownCategories, warnings } = answer
  const facts = { rows: 1, ignored_columns: 0, unknown_categories: unknownCategories, warnings }
  const request = { reqId: id, method: 'POST', path, status, ms }
  logger.info({ ...request, ...facts, worker: 0, code: lost }, 'request')
}

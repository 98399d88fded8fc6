/** The log of a server: one JSON object a line on standard output. */
import type { FastifyBaseLogger } from 'fastify'
import { type Logger, pino } from 'pino'
import { gatherLines } from './log-stream.ts'
import { logTime } from './log-time.ts'

export type { Logger } from 'pino'

/**
 * Returns a log.
 * @param facts members of every line
 */
export function createLogger(
  level: string,
  facts: Readonly<Record<string, unknown>> | null = null,
): Logger {
  process.stdout.on('error', () => {})
  return pino({ level, base: facts, timestamp: logTime }, gatherLines(dropWhenFull(process.stdout)))
}

const nothing = () => {}
/** A log that nobody reads. */
export const silent: FastifyBaseLogger = {
  ...{ level: 'silent', silent: nothing, fatal: nothing, error: nothing, warn: nothing },
  ...{ info: nothing, debug: nothing, trace: nothing },
  child: () => silent,
}

/** Characters that wait for a reader; what comes while there are more is dropped. */
const MOST_WAITING = 1 << 20

/** What a log needs of the stream that it writes to. */
interface Writable {
  readonly writableLength: number
  write(text: string): unknown
}

/**
 * Returns a stream that outlives its reader: a pipe that is closed, or that nobody empties, loses lines, not requests,
 * and takes no memory without bound. How many lines are missing is told in their place.
 */
export function dropWhenFull(to: Writable): { write(lines: string): void } {
  let dropped = 0
  return {
    write(lines) {
      if (to.writableLength > MOST_WAITING) {
        dropped += lines.split('\n').length - 1
        return
      }
      if (dropped > 0) {
        const time = new Date().toISOString()
        to.write(`${JSON.stringify({ level: 40, time, dropped, msg: 'log lines were dropped' })}\n`)
        dropped = 0
      }
      to.write(lines)
    },
  }
}

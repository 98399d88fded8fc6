/** The log of a server: one JSON object a line on standard output. */
import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/**
 * Returns a log.
 * @param facts members of every line
 */
export function createLogger(
  level: string,
  facts: Readonly<Record<string, unknown>> | null = null,
): Logger {
  const timestamp = pino.stdTimeFunctions.isoTime
  return pino({ level, base: facts, timestamp }, logStream())
}

/** Standard output that outlives its reader: a closed pipe loses log lines, not requests. */
function logStream(): NodeJS.WritableStream {
  process.stdout.on('error', () => {})
  return process.stdout
}

/** The log of a server: one JSON object a line on standard output. */
import { type Logger, pino } from 'pino'
import { gatherLines, type LogStream } from './log-stream.ts'
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
  return pino({ level, base: facts, timestamp: logTime }, logStream())
}

/** Standard output that outlives its reader: a closed pipe loses log lines, not requests. */
function logStream(): LogStream {
  process.stdout.on('error', () => {})
  return gatherLines(process.stdout)
}

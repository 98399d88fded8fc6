/** The time of log lines: ISO 8601 with milliseconds, written once for all lines of a millisecond. */

let written = ''
let at = Number.NaN

/** Returns the time as a member of a log line, as pino asks for it. */
export function logTime(): string {
  const now = Date.now()
  if (now !== at) {
    at = now
    written = `,"time":"${new Date(now).toISOString()}"`
  }
  return written
}

/** Where log lines go: together, a few milliseconds' worth at a time, because a write costs more than a request. */

/** Lines wait so long at most, or until there are so many characters of them. */
const WAIT_MS = 5
const MANY = 64 << 10

export interface LogStream {
  write(lines: string): void
  /** Writes what waits; also done when the process exits. */
  flushSync(): void
}

/** Returns a stream of lines to another. */
export function gatherLines(to: { write(lines: string): unknown }): LogStream {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined
  const flushSync = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = waiting
    waiting = ''
    if (lines !== '') to.write(lines)
  }
  process.once('exit', flushSync)
  return {
    flushSync,
    write(lines) {
      waiting += lines
      if (waiting.length >= MANY) flushSync()
      else timer ??= setTimeout(flushSync, WAIT_MS)
    },
  }
}

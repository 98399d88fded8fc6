/** Whether a process still turns its event loop: it is asked again and again, and ended when it does not answer. */

/** Questions without an answer after which a process is given up; heavy work is done in threads and keeps nobody from answering. */
const MOST_MISSED = 10
/** Milliseconds for which a process may be blocked. */
export const BLOCKED_MS = 30_000

export interface Heartbeat {
  /** The process has answered. */
  beat(): void
  stop(): void
}

/**
 * Asks until it is stopped. Questions are counted, not time: after this process was stopped itself, nobody is late.
 * @param ask asks the process
 * @param giveUp is called once, when it was blocked for so many milliseconds
 */
export function startHeartbeat(
  ask: () => void,
  giveUp: () => void,
  blockedMs = BLOCKED_MS,
): Heartbeat {
  let missed = 0
  const timer = setInterval(() => {
    if (missed++ < MOST_MISSED) return ask()
    clearInterval(timer)
    giveUp()
  }, blockedMs / MOST_MISSED).unref()
  return {
    beat() {
      missed = 0
    },
    stop: () => clearInterval(timer),
  }
}

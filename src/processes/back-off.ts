/** How long a process that died is waited for. */

const FIRST_MS = 1000
const MOST_MS = 30_000
/** A process that lived so long has nothing to do with the deaths before. */
const STEADY_MS = 60_000

export interface BackOff {
  /** Returns the milliseconds after which the next process is started, when one died that had lived so long. */
  after(livedMs: number): number
}

/** Returns pauses of 1 s, 2 s, 4 s and so on, at most 30 s, for processes that die one after the other. */
export function createBackOff(): BackOff {
  let pause = FIRST_MS
  return {
    after(livedMs) {
      if (livedMs >= STEADY_MS) pause = FIRST_MS
      const own = pause
      pause = Math.min(MOST_MS, 2 * pause)
      return own
    },
  }
}

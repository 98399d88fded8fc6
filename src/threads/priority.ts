/** Whose turn it is where threads outnumber processors: the event loop's before that of threads that compute for long. */
import { getPriority, setPriority } from 'node:os'

/** Steps of niceness: a third of the event loop's share, so that nobody is starved. */
const STEPS = 5
const LEAST_PRIORITY = 19

/** Lets other threads of this service go before this one, where the system has priorities of threads. */
export function giveWay(): void {
  // Elsewhere it would be the whole process that gives way.
  if (process.platform !== 'linux') return
  try {
    setPriority(0, Math.min(LEAST_PRIORITY, getPriority(0) + STEPS))
  } catch {
    // Where it is forbidden, the system shares as it does.
  }
}

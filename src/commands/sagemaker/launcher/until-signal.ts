/** Ctrl-C while something is waited for that goes on without us. */
import { constants } from 'node:os'
import { StoppedWaiting } from './refusal.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Returns what the work returns, or ends at the first signal.
 * @param told what goes on, and how to stop it, asked at the signal
 * @throws StoppedWaiting
 */
export async function untilSignal<T>(work: Promise<T>, told: () => string): Promise<T> {
  let end: (signal: NodeJS.Signals) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    end = (signal) =>
      reject(
        new StoppedWaiting(
          128 + (constants.signals[signal] ?? 0),
          `stopped by ${signal}; ${told()}`,
        ),
      )
  })
  // It may lose the race, and fail when nobody listens.
  work.catch(() => {})
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    return await Promise.race([work, stopped])
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}

/** Waits for so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

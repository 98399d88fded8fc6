/** Work on whole columns in steps, between which something else may be looked at. */

/** Work that yields between two steps and returns its result. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Returns the result of all steps, done at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Milliseconds of steps after which others get a turn; what comes of the steps does not depend on it. */
const TURN_MILLISECONDS = 50

/** Returns the result of all steps; gives others a turn now and then, and rejects with what their turn rejects with. */
export async function inTurns<T>(
  steps: Steps<T>,
  turn: (() => Promise<void>) | undefined,
): Promise<T> {
  let last = performance.now()
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    if (performance.now() - last < TURN_MILLISECONDS) continue
    await turn?.()
    last = performance.now()
  }
}

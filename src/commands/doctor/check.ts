/** One thing that a platform asks of a model server, and how its outcome is told. */

/** What became of a check. */
export interface Outcome {
  readonly name: string
  readonly state: 'ok' | 'failed' | 'skipped'
  /** What was found; of a failure also what would follow from it and the way out. */
  readonly text: string
}

/** Ends a check: what was found is not what is asked. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
}

/** Ends a check that says nothing of this target. */
export class CheckSkipped extends Error {
  override readonly name = 'CheckSkipped'
}

/** A check returns what it found. */
export type Check = () => Promise<string> | string

/** Runs one check; a failure of what is checked is an outcome, a defect of ours is thrown. */
export async function runCheck(name: string, check: Check): Promise<Outcome> {
  try {
    return { name, state: 'ok', text: await check() }
  } catch (error) {
    if (error instanceof CheckFailure) return { name, state: 'failed', text: error.message }
    if (error instanceof CheckSkipped) return { name, state: 'skipped', text: error.message }
    throw error
  }
}

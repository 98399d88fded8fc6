/** An answer to one row, as whoever logs or counts it is told of it. */
import type { OneRowAnswer } from '../answering/one-row.ts'

/** What the log says of an answer to one row. */
export interface OneRowLog {
  readonly id: string
  readonly path: string
  readonly ms: number
  readonly answer: OneRowAnswer
  /** Why the client did not get it; a name. */
  readonly lost: string | undefined
}

/** Where a request is answered, and whether there is room for it: as far as its headers tell, before its body is read. */
import type { IncomingMessage } from 'node:http'
import { createCostMeter } from '../answering/cost-meter.ts'
import type { Job } from '../answering/job.ts'
import type { JobClass } from '../answering/job-class.ts'
import type { JobPool } from '../answering/pool.ts'
import { tooLarge } from './body.ts'
import { isPacked } from './gzip-body.ts'
import type { Turns } from './turns.ts'

/**
 * Bodies up to this size are decoded on the event loop: 2.7 ms of rows, a third of a turn. The way to a worker and back
 * takes the loop 0.1 ms, and as much of the worker's time (`npm run bench -- hop`).
 */
export const INLINE_BYTES = 64 << 10
/** What is estimated to take more milliseconds goes to a worker, */
const INLINE_MS = 10
/**
 * and where the event loop is busy, a worker is not and has a core for itself, what takes several times the way there and
 * back.
 */
const HOP_MS = 1

/** What is known of a job before its body is read. */
export interface ExpectedJob {
  readonly operation: Job['operation']
  /** Whether only a worker reads its format. */
  readonly isIsolated: boolean
  /** The classes that it may turn out to be of. */
  readonly classes: readonly JobClass[]
}

export interface Admission {
  /**
   * Throws what a request is refused for whatever its body holds.
   * @throws InputError `unsupported_encoding`, `too_large` by its Content-Length, `overloaded` where every queue that it
   *   may enter is full
   */
  check(model: object, request: IncomingMessage, expected: ExpectedJob): void
  /** Returns the estimated milliseconds of a job of so many bytes. */
  estimate(model: object, operation: Job['operation'], bytes: number): number
  /** Learns how long one took. */
  learn(model: object, operation: Job['operation'], bytes: number, ms: number): void
  /** Whether a job is computed on the event loop. */
  isForHere(expected: ExpectedJob, bytes: number, ms: number): boolean
}

/** What the admission of a service rests on. */
export interface AdmissionOptions {
  /** Answers what takes long; without it all is answered here. */
  readonly pool: JobPool | undefined
  /** Whether the pool is for more than isolated formats. */
  readonly offloads: boolean
  /** Whether a worker has a core that no event loop keeps busy: otherwise it is no faster than waiting. */
  readonly hasSpareCore: boolean
  readonly maxBodyBytes: number
}

/** Returns the admission to the turns of the event loop and to the pool. */
export function createAdmission(turns: Turns, options: AdmissionOptions): Admission {
  const { pool, offloads, hasSpareCore, maxBodyBytes } = options
  const costs = createCostMeter()
  const isForHere: Admission['isForHere'] = ({ isIsolated, classes }, bytes, ms) => {
    if (!pool) return true
    if (isIsolated) return false
    if (!offloads) return true
    if (bytes > INLINE_BYTES || ms > INLINE_MS) return false
    if (!hasSpareCore || ms <= HOP_MS || !turns.isBusy) return true
    return !classes.every((kind) => pool.isFree(kind))
  }
  return {
    check(model, request, expected) {
      const { operation, classes } = expected
      const isWhole = !isPacked(request) && request.headers['transfer-encoding'] === undefined
      const announced = Number(request.headers['content-length'] ?? 0)
      if (announced > maxBodyBytes) throw tooLarge(maxBodyBytes)
      const isPoolFull = (ms: number) => classes.every((kind) => pool?.isFull(kind, ms))
      if (!isWhole) {
        // Nobody knows how long it is: it may go anywhere.
        if (!turns.isFull(0) || (pool && !isPoolFull(0))) return
        return turns.refuse()
      }
      const ms = costs.estimate(model, operation, announced)
      if (isForHere(expected, announced, ms)) {
        if (turns.isFull(ms)) turns.refuse()
      } else if (isPoolFull(ms)) pool?.refuse()
    },
    estimate: costs.estimate,
    learn: costs.learn,
    isForHere,
  }
}

/** What jobs are estimated to cost before they are read: by their bytes, at the rate of those before them. */
import type { Job } from './job.ts'

/** Milliseconds per byte before anything was measured: a row of 40 bytes in 4 µs. */
const FIRST_RATE = 1e-4
/** Bytes that stand for what every job costs besides its own. */
const OVERHEAD_BYTES = 256
/** How much one measurement counts, and how far beyond the estimate: a pause of the collector is nobody's cost. */
const WEIGHT = 1 / 16
const MOST_FACTOR = 8

export interface CostMeter {
  /** Returns the estimated milliseconds to answer a job of so many bytes. */
  estimate(model: object, operation: Job['operation'], bytes: number): number
  /** Learns how long one took. */
  learn(model: object, operation: Job['operation'], bytes: number, ms: number): void
}

/** Returns a meter that has measured nothing. */
export function createCostMeter(): CostMeter {
  const ratesOf = new WeakMap<object, Map<string, number>>()
  const rateOf = (model: object, operation: Job['operation']) =>
    ratesOf.get(model)?.get(operation) ?? FIRST_RATE
  return {
    estimate: (model, operation, bytes) => rateOf(model, operation) * (bytes + OVERHEAD_BYTES),
    learn(model, operation, bytes, ms) {
      const before = rateOf(model, operation)
      const rate = Math.min(ms / (bytes + OVERHEAD_BYTES), before * MOST_FACTOR)
      const rates = ratesOf.get(model) ?? new Map<string, number>()
      ratesOf.set(model, rates.set(operation, before + (rate - before) * WEIGHT))
    },
  }
}

/** Outcomes of requests, counted. */
import { quantile } from '../../src/evaluation/quantile.ts'
import type { Outcome } from './load.ts'

export interface Tally {
  readonly add: (outcome: Outcome) => void
  /** Answers by status; 0 counts connections that ended. */
  readonly statuses: ReadonlyMap<number, number>
  /** How many answers had a status that is not right, by what was asked and answered. */
  readonly unexpected: ReadonlyMap<string, number>
  readonly count: number
  /** Milliseconds of the answers with a status: their quantile; 0 without any. */
  readonly quantileOf: (status: number, share: number) => number
  /** Answers with 503 that do not say when to come again. */
  readonly withoutRetry: number
}

export function startTally(): Tally {
  const statuses = new Map<number, number>()
  const unexpected = new Map<string, number>()
  const times = new Map<number, number[]>()
  let count = 0
  let withoutRetry = 0
  return {
    statuses,
    unexpected,
    get count() {
      return count
    },
    get withoutRetry() {
      return withoutRetry
    },
    add({ ask, status, ms, retries, why }) {
      count++
      increase(statuses, status)
      const list = times.get(status)
      if (list) list.push(ms)
      else times.set(status, [ms])
      if (status === 503 && !retries) withoutRetry++
      if (!ask.expected.includes(status)) increase(unexpected, `${ask.name}: ${status} ${why}`)
    },
    quantileOf: (status, share) => quantileOf(times.get(status) ?? [], share),
  }
}

/** Returns a quantile of numbers in any order; 0 of none. */
export function quantileOf(values: readonly number[], share: number): number {
  return values.length === 0 ? 0 : quantile(Float64Array.from(values).sort(), share)
}

/** Prints what went wrong, the most frequent first. */
export function printUnexpected({ unexpected }: Pick<Tally, 'unexpected'>): void {
  const sorted = [...unexpected].sort(([, a], [, b]) => b - a).slice(0, 10)
  for (const [what, count] of sorted) console.log(`${count} × ${what}`)
}

/** Returns the statuses as text. */
export function describeStatuses({ statuses }: Pick<Tally, 'statuses'>): string {
  return [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** The metrics of all processes as one: counts of those that ended stay, so that no sum ever falls. */
import { joinSamples, type Samples, sampleCounts } from '../http/metrics.ts'
import type { ServingProcess } from './process.ts'

export interface MetricsGatherer {
  /** Returns the text of what all processes have counted. */
  text(processes: Iterable<ServingProcess>): Promise<string>
  /** Keeps what a process had counted when it was last asked. */
  ended(process: ServingProcess, wasBlocked: boolean): void
}

/** Returns a gatherer that has asked nobody yet. */
export function createGatherer(): MetricsGatherer {
  const last = new Map<ServingProcess, Samples>()
  const kept: Samples[] = []
  let ends = 0
  let blocked = 0
  return {
    async text(processes) {
      const asked = [...processes]
      await Promise.all(
        asked.map(async (process) => {
          // Who is too busy to answer has counted no less than before.
          const samples = await process.samples()
          if (samples) last.set(process, samples)
        }),
      )
      const own = await sampleCounts({
        processes: { help: 'Processes that run', value: asked.length },
        process_restarts_total: { help: 'Processes that died and were replaced', value: ends },
        processes_blocked_total: {
          help: 'Processes that were ended because their event loop stood still',
          value: blocked,
        },
      })
      return joinSamples([own, ...kept, ...last.values()])
    },
    ended(process, wasBlocked) {
      ends++
      if (wasBlocked) blocked++
      const counted = last.get(process)?.filter(isCount)
      last.delete(process)
      if (counted) kept.push(counted)
    },
  }
}

/** Gauges end with their process. */
function isCount(sample: object): boolean {
  const { type } = sample as { type?: string }
  return type === 'counter' || type === 'histogram'
}

/** How long /ping takes while something else happens, measured in a thread of its own. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { quantileOf } from './latencies.ts'
import { type Figure, must, tell } from './part.ts'

interface Answer {
  readonly status: number
  readonly why: string
  readonly ms: number
}

export interface Probe {
  /** Ends the pings; returns what they must be: 200 within 200 ms (99 of 100) and 1 s (all). */
  stop(): Promise<Figure[]>
}

/** Starts to ask /ping of a port, twenty times a second. */
export function startProbe(port: number): Probe {
  const worker = new Worker('./bench/soak/prober.mjs', { workerData: port })
  return {
    async stop() {
      const message = once(worker, 'message')
      worker.postMessage('')
      const [answers] = (await message) as [Answer[]]
      await worker.terminate()
      const wrong = answers.filter(({ status }) => status !== 200)
      for (const { status, why } of wrong.slice(0, 5)) console.log(`/ping: ${status} ${why}`)
      const times = answers.map(({ ms }) => ms)
      return [
        tell('/ping, times asked', answers.length),
        must('/ping other than 200', wrong.length, 0),
        must('/ping p99', quantileOf(times, 0.99), 200, 'ms'),
        must('/ping longest', quantileOf(times, 1), 1000, 'ms'),
        tell('/ping median', quantileOf(times, 0.5), 'ms'),
      ]
    },
  }
}

/** /ping while every worker explains, ten times the capacity arrives, and something abusive comes every second. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendAbuse } from './abuse.ts'
import { makeAbuses } from './abusive.ts'
import { createHeavy, largestExplanation } from './heavy.ts'
import { describeStatuses, printUnexpected, startTally } from './latencies.ts'
import { closedLoop, openLoop } from './load.ts'
import { trainModel } from './models.ts'
import { mustBe, type Part, tell } from './part.ts'
import { startProbe } from './probe.ts'
import { startServer } from './server.ts'

const FACTOR = 10
const CONNECTIONS = 400
const BUSY = 8
const EXPLAINERS = 4
/** Nothing else is asked of the load here; a connection may end where an abuse takes the last one. */
const ANY = [0, 200, 413, 503]

export const ping: Part = {
  what: '/ping under ten times the load, largest explanations and abuse: p99 ≤ 200 ms, all ≤ 1 s',
  seconds: 60,
  async run({ cli, seconds, directory }) {
    const server = await startServer({ cli, modelDir: trainModel(cli, directory, 'forest') })
    try {
      const { port } = server
      const abuses = makeAbuses()
      const capacity = await closedLoop(port, BUSY, seconds / 8, createHeavy([200]))
      const time = (seconds * 3) / 4
      const end = performance.now() + time * 1000
      const tally = startTally()
      const probe = startProbe(port)
      const harass = async () => {
        for (let i = 0; performance.now() < end; i++) {
          const began = performance.now()
          await sendAbuse(port, abuses[i % abuses.length]!)
          await sleep(Math.max(0, 1000 - (performance.now() - began)))
        }
      }
      const largest = largestExplanation(ANY)
      const load = { perSecond: FACTOR * capacity, seconds: time, connections: CONNECTIONS }
      await Promise.all([
        harass(),
        closedLoop(port, EXPLAINERS, time, () => largest, tally.add),
        openLoop(port, load, createHeavy(ANY), tally.add),
      ])
      printUnexpected(tally)
      return [
        ...(await probe.stop()),
        tell('load by status', describeStatuses(tally)),
        mustBe('server runs', String(server.isAlive()), 'true'),
      ]
    } finally {
      await server.stop()
    }
  },
}

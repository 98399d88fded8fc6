/** Ten times the load that the server can answer: refusals that say so, and as many answers as before. */

import { createHeavy } from './heavy.ts'
import { describeStatuses, printUnexpected, startTally } from './latencies.ts'
import { closedLoop, openLoop } from './load.ts'
import { trainModel } from './models.ts'
import { aim, must, mustReach, type Part, tell } from './part.ts'
import { startProbe } from './probe.ts'
import { startServer } from './server.ts'

const FACTOR = 10
/** A pool of connections as proxies have one. */
const CONNECTIONS = 500
/** Connections that find out what the server can answer. */
const BUSY = 8

export const overload: Part = {
  what: `${FACTOR} times the capacity: only 2xx or 503 with Retry-After, as many answers as before`,
  seconds: 80,
  async run({ cli, seconds, directory }) {
    const server = await startServer({ cli, modelDir: trainModel(cli, directory, 'forest') })
    try {
      const { port } = server
      const alone = startTally()
      await closedLoop(port, BUSY, seconds / 16, createHeavy([200]))
      const capacity = await closedLoop(port, BUSY, seconds / 8, createHeavy([200]), alone.add)
      const before = alone.quantileOf(200, 0.99)
      const probe = startProbe(port)
      const tally = startTally()
      const time = (seconds * 3) / 4
      const load = { perSecond: FACTOR * capacity, seconds: time, connections: CONNECTIONS }
      const { unsent, seconds: took } = await openLoop(
        port,
        load,
        createHeavy([200, 503]),
        tally.add,
      )
      const pings = await probe.stop()
      const after = startTally()
      await closedLoop(port, 1, 5, createHeavy([200, 503]), after.add)
      printUnexpected(tally)
      const wrong = [...tally.unexpected.values()].reduce((sum, count) => sum + count, 0)
      const accepted = tally.statuses.get(200) ?? 0
      return [
        tell('capacity, requests a second', capacity),
        tell('answers by status', describeStatuses(tally)),
        tell('not sent, all connections waited', unsent),
        must('other than 200 and 503', wrong, 0),
        must('503 without Retry-After', tally.withoutRetry, 0),
        mustReach('goodput, share of capacity', (100 * accepted) / took / capacity, 90, '%'),
        aim('accepted p99, times that before', tally.quantileOf(200, 0.99) / before, 2),
        aim('refused p99', tally.quantileOf(503, 0.99), 50, 'ms'),
        aim(
          'refused in the five seconds after',
          (100 * (after.statuses.get(503) ?? 0)) / Math.max(1, after.count),
          1,
          '%',
        ),
        ...pings,
      ]
    } finally {
      await server.stop()
    }
  },
}

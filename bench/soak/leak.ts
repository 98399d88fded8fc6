/** Whether memory or descriptors grow under a steady mix of requests, and whether a planted leak would be seen. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../src/data/random.ts'
import { toNpy } from '../../test/written-tables.ts'
import { describeStatuses, printUnexpected, startTally } from './latencies.ts'
import { type Ask, asking, closedLoop, openLoop } from './load.ts'
import { trainModel } from './models.ts'
import { aim, type Figure, must, mustReach, type Part, tell } from './part.ts'
import { type Server, startServer } from './server.ts'

const MOST_GROWTH = 16
const MOST_HEAP_GROWTH = 4
const CONNECTIONS = 16
/** Of the rate that the server can answer. */
const SHARE = 0.7
/** How far the planted leak grows beyond what is allowed, and what it keeps of a request at least. */
const LEAK = { times: 4, bytes: 100 }
const MIB = 1 << 20

/** 60 CSV, 25 JSON, 10 npy and 5 explanations in a hundred, and two more that are wrong. */
function createMix(): () => Ask {
  const row = '1.5,2.5,3.5'
  const csv = asking('csv', '/invocations', 'text/csv', row)
  const rows = asking('csv, 20 rows', '/invocations', 'text/csv', `${row}\n`.repeat(20))
  const json = asking('json', '/invocations', 'application/json', `{"instances":[[${row}]]}`)
  const object = '{"f1":1.5,"f2":2.5,"f3":3.5}'
  const npy = asking('npy', '/invocations', 'application/x-npy', toNpy([[1.5, 2.5, 3.5]]))
  const explain = asking('explain', '/explain', 'application/json', object)
  const refused = { expected: [400] }
  const kinds: readonly (readonly [share: number, ask: Ask])[] = [
    [50, csv],
    [10, rows],
    [15, json],
    [10, asking('object', '/invocations', 'application/json', object)],
    [10, npy],
    [5, explain],
    [0.5, asking('bad csv', '/invocations', 'text/csv', '1.5,x,3.5', refused)],
    [0.5, asking('cut json', '/invocations', 'application/json', '{"instances":[[1', refused)],
    [0.5, asking('no npy', '/invocations', 'application/x-npy', 'NUMPY', refused)],
    [0.5, asking('no type', '/invocations', 'text/xml', '<a/>', { expected: [415] })],
  ]
  const all = kinds.reduce((sum, [share]) => sum + share, 0)
  const random = createRandom(1)
  return () => {
    let left = random.uniform() * all
    const found = kinds.find(([share]) => {
      left -= share
      return left < 0
    })
    return (found ?? kinds[0]!)[1]
  }
}

interface Run {
  readonly growth: number
  readonly heapGrowth: number
  readonly figures: readonly Figure[]
}

async function runMix(server: Server, capacity: number, seconds: number): Promise<Run> {
  const tally = startTally()
  const next = createMix()
  const perSecond = capacity * SHARE
  const load = { perSecond, seconds, connections: CONNECTIONS * 8 }
  // Collecting in between would make room that then fills again, which looks like growth.
  const heapBefore = (await server.collect()).heapBytes
  const descriptorsBefore = server.readDescriptors()
  const samples: number[] = []
  const [{ unsent }] = await Promise.all([
    openLoop(server.port, load, next, tally.add),
    sampleMemory(server, seconds, samples),
  ])
  const { heapBytes } = await server.collect()
  printUnexpected(tally)
  const growth = growthOf(samples) / MIB
  const heapGrowth = (heapBytes - heapBefore) / MIB
  const wrong = [...tally.unexpected.values()].reduce((sum, count) => sum + count, 0)
  return {
    growth,
    heapGrowth,
    figures: [
      tell('requests a second', perSecond),
      tell('answers by status', describeStatuses(tally)),
      must('unexpected statuses and resets', wrong, 0),
      aim('not sent, all connections waited', unsent, 0),
      must('memory, growth in the second half', growth, MOST_GROWTH, 'MiB'),
      must('heap after collection, growth in all', heapGrowth, MOST_HEAP_GROWTH, 'MiB'),
      must('descriptors, growth', server.readDescriptors() - descriptorsBefore, 5),
      tell('memory at the end', server.readMemory().rss / MIB, 'MiB'),
    ],
  }
}

/** Reads the memory in the second half of a time. */
async function sampleMemory(server: Server, seconds: number, samples: number[]): Promise<void> {
  const end = performance.now() + seconds * 1000
  await sleep((seconds * 1000) / 2)
  while (performance.now() < end) {
    samples.push(server.readMemory().rss)
    await sleep(250)
  }
}

/** Returns by how much samples at equal distances grow from the first to the last, by their regression line. */
function growthOf(samples: readonly number[]): number {
  const middle = (samples.length - 1) / 2
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length
  let products = 0
  let squares = 0
  samples.forEach((value, i) => {
    products += (i - middle) * (value - mean)
    squares += (i - middle) ** 2
  })
  return squares === 0 ? 0 : (products / squares) * (samples.length - 1)
}

export const leak: Part = {
  what: 'a mix with 2 % bad requests at 70 % of capacity: memory stays, and a planted leak is seen',
  seconds: 800,
  async run({ cli, seconds, directory }) {
    const modelDir = trainModel(cli, directory, 'forest')
    const server = await startServer({ cli, modelDir })
    const warmUp = Math.min(20, seconds / 8)
    let run: Run
    let capacity: number
    try {
      await closedLoop(server.port, CONNECTIONS, warmUp / 2, createMix())
      capacity = await closedLoop(server.port, CONNECTIONS, warmUp / 2, createMix())
      run = await runMix(server, capacity, 0.75 * seconds)
    } finally {
      await server.stop()
    }
    const time = 0.125 * seconds
    const requests = (capacity * SHARE * time) / 2
    const bytes = Math.max(LEAK.bytes, Math.ceil((LEAK.times * MOST_GROWTH * MIB) / requests))
    const leaking = await startServer({
      cli,
      modelDir,
      preload: ['planted-leak.mjs'],
      env: { PLANTED_LEAK_BYTES: String(bytes) },
    })
    try {
      const control = await runMix(leaking, capacity, time)
      return [
        tell('capacity of 16 connections, requests a second', capacity),
        ...run.figures,
        tell('control: bytes kept of a request', bytes),
        mustReach('control: memory, growth in its second half', control.growth, MOST_GROWTH, 'MiB'),
      ]
    } finally {
      await leaking.stop()
    }
  },
}

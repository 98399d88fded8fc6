/**
 * What a job costs on the event loop, and what sending it to a worker costs in its place: from which size on it pays.
 * `npm run bench -- hop [--ms 300]`
 */
import { parseArgs } from 'node:util'
import type { RowJob } from '../src/answering/job.ts'
import { createJobPool } from '../src/answering/pool.ts'
import { runJob } from '../src/answering/run-job.ts'
import { readModelDirectory } from '../src/model-directory/read.ts'

const { values } = parseArgs({ options: { ms: { type: 'string', default: '300' } } })
const model = await readModelDirectory('model_checkpoint')
const pool = createJobPool(1)
const cells = ['3', '"Braund, Mr. Owen Harris"', 'male', '22', '1', '0']
const columns = ['Pclass', 'Name', 'Sex', 'Age', 'SibSp', 'Parch']
const object = JSON.stringify({
  ...Object.fromEntries(columns.map((name, i) => [name, JSON.parse(quoted(cells[i] ?? ''))])),
})
const writers = {
  'text/csv': (rows: number) => `${cells.join(',')}\n`.repeat(rows),
  'application/json': (rows: number) => `[${new Array(rows).fill(object).join(',')}]`,
} as const

/** A cell of CSV as JSON. */
function quoted(cell: string): string {
  return /^[0-9."]/.test(cell) ? cell : JSON.stringify(cell)
}

function makeJob(type: keyof typeof writers, rows: number): RowJob {
  const body = new Uint8Array(Buffer.from(writers[type](rows)))
  const media = { essence: type, parameters: new Map<string, string>() }
  const limits = { maxRows: 1e6, maxAnswerBytes: 1e9, maxSeconds: 100 }
  return { operation: 'predict', body, media, answer: media, options: [], limits }
}

interface Cost {
  /** Milliseconds from the job to its answer: the lower quartile, which others on the machine disturb least. */
  readonly ms: number
  /** Milliseconds of processor time that one took this thread. */
  readonly busy: number
}

/** Returns the milliseconds of processor time of this thread; Node 23.9 is the first that tells. */
function processorTime(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage }
  if (!threadCpuUsage) throw new Error('Node 24 or later is needed')
  const { user, system } = threadCpuUsage.call(process)
  return (user + system) / 1000
}

/** Runs a job again and again for a time, after as long a warm-up. */
async function time(run: () => Promise<unknown>): Promise<Cost> {
  let cost: Cost = { ms: 0, busy: 0 }
  for (const _ of ['warm-up', 'measured']) {
    const all: number[] = []
    const before = processorTime()
    const end = performance.now() + Number(values.ms)
    while (performance.now() < end) {
      const began = performance.now()
      await run()
      all.push(performance.now() - began)
      // So that the loop turns, as it does between requests.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const busy = (processorTime() - before) / all.length
    all.sort((a, b) => a - b)
    cost = { ms: all[all.length >> 2] ?? 0, busy }
  }
  return cost
}

console.log(
  '| type | rows | KB | here ms | CPU of the loop ms | by a worker ms | CPU of the loop ms |',
)
console.log('|---|---|---|---|---|---|---|')
try {
  for (const type of Object.keys(writers) as (keyof typeof writers)[]) {
    for (const rows of [1, 10, 50, 100, 200, 500, 1000, 2000, 5000]) {
      const job = makeJob(type, rows)
      const here = await time(async () => runJob(model.predictor, job, false))
      const sent = await time(async () => {
        // A body is handed over, as that of a request is.
        const body = job.body.slice()
        return pool.run(model, { ...job, body }, new AbortController().signal, [body.buffer])
      })
      const cells = [here.ms, here.busy, sent.ms, sent.busy]
      const kilobytes = (job.body.length / 1024).toFixed(1)
      console.log(`| ${[type, rows, kilobytes, ...cells.map((ms) => ms.toFixed(2))].join(' | ')} |`)
    }
  }
} finally {
  await pool.close()
}

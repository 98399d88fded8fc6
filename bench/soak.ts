/**
 * Stops the built server again and again at random moments under load, and counts what is lost.
 * `npm run soak [-- --signals N] [--parallel N] [--cli FILE]`
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startServing } from '../test/command.ts'
import { drainClients, startLoad } from '../test/load.ts'

const LONGEST_LOAD_MS = 1500
const SIGNALS = ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const

interface Stop {
  readonly answers: number
  readonly megabytes: number
  readonly lost: readonly string[]
  /** How the process ended; 0 is right. */
  readonly status: unknown
  /** From the signal to the end of the process. */
  readonly seconds: number
}

async function stopUnderLoad(cli: string, signal: NodeJS.Signals): Promise<Stop> {
  const flags = ['serve', '--model-dir', 'model_checkpoint', '--port', '0', '--log-level', 'info']
  const { child, url, kill } = await startServing(process.execPath, [cli, ...flags], {
    cwd: process.cwd(),
  })
  try {
    const load = startLoad(Number(new URL(url).port), drainClients())
    await sleep(Math.random() * LONGEST_LOAD_MS)
    const ended = once(child, 'exit')
    const sent = performance.now()
    child.kill(signal)
    const [status] = await ended
    const seconds = (performance.now() - sent) / 1000
    await load.done
    const { answered, bytes, lost } = load.tally
    return { answers: answered, megabytes: bytes / 1e6, lost, status, seconds }
  } finally {
    kill('SIGKILL')
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'dist/cli.js' },
      signals: { type: 'string', default: '200' },
      parallel: { type: 'string', default: '2' },
    },
  })
  const wanted = Number(values.signals)
  const stops: Stop[] = []
  let next = 0
  const stopAll = async () => {
    while (next < wanted) {
      const signal = SIGNALS[next++ % SIGNALS.length]!
      const stop = await stopUnderLoad(values.cli, signal)
      stops.push(stop)
      for (const reason of stop.lost) console.log(`${signal}: ${reason}`)
      if (stop.status !== 0) console.log(`${signal}: status ${String(stop.status)}`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.parallel) }, stopAll))
  const sum = (count: (stop: Stop) => number) => stops.reduce((all, stop) => all + count(stop), 0)
  const lost = sum((stop) => stop.lost.length)
  const failed = stops.filter(({ status }) => status !== 0).length
  const seconds = stops.map((stop) => stop.seconds).sort((a, b) => a - b)
  const head = ['signals', 'answers', 'MB', 'lost', 'wrong ends', 's to end, median', 'longest']
  const cells = [
    stops.length,
    sum(({ answers }) => answers),
    Math.round(sum(({ megabytes }) => megabytes)),
    lost,
    failed,
    seconds[seconds.length >> 1]?.toFixed(1),
    seconds.at(-1)?.toFixed(1),
  ]
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}\n| ${cells.join(' | ')} |`)
  if (lost > 0 || failed > 0) process.exitCode = 1
}

await main()

/** Stops the built server again and again at random moments under load, and counts what is lost. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServing } from '../../test/command.ts'
import { drainClients, startLoad } from '../../test/load.ts'
import { quantileOf } from './latencies.ts'
import { must, mustReach, type Part, tell } from './part.ts'

const LONGEST_LOAD_MS = 1500
/** Signals that are sent when there is time, and servers at once. */
const WANTED = 200
const PARALLEL = 2
/** SageMaker kills a container 30 s after its signal. */
const MOST_SECONDS = 28
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

export const drain: Part = {
  what: `stops the server ${WANTED} times under load: nothing is lost`,
  seconds: 1200,
  async run({ cli, seconds }) {
    const end = performance.now() + seconds * 1000
    const stops: Stop[] = []
    let next = 0
    const stopAll = async () => {
      while (next < WANTED && performance.now() < end) {
        const signal = SIGNALS[next++ % SIGNALS.length]!
        const stop = await stopUnderLoad(cli, signal)
        stops.push(stop)
        for (const reason of stop.lost) console.log(`${signal}: ${reason}`)
        if (stop.status !== 0) console.log(`${signal}: status ${String(stop.status)}`)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, stopAll))
    const sum = (count: (stop: Stop) => number) => stops.reduce((all, stop) => all + count(stop), 0)
    const times = stops.map((stop) => stop.seconds)
    return [
      mustReach('signals', stops.length, 1),
      tell(
        'answers',
        sum(({ answers }) => answers),
      ),
      tell(
        'answered bytes',
        sum(({ megabytes }) => megabytes),
        'MB',
      ),
      must(
        'lost requests',
        sum(({ lost }) => lost.length),
        0,
      ),
      must('ends other than 0', stops.filter(({ status }) => status !== 0).length, 0),
      tell('time to end, median', quantileOf(times, 0.5), 's'),
      must('time to end, longest', quantileOf(times, 1), MOST_SECONDS, 's'),
    ]
  },
}

/**
 * Two processes behind one port, beside one process, and beside two servers that know nothing of each other: rounds of short
 * runs of requests that cost the server some ten times what they cost who sends them.
 * The generator shares the cores with the servers, so requests per second say too little where the machine has few: what
 * as many free cores would give follows from the processor time of a request. That grows where another core of the
 * machine is busy, whoever keeps it so; two servers apart show by how much.
 */
import { cpus } from 'node:os'
import { quantile } from './client.ts'
import { findGenerator, type MakeLoad, type Measured } from './generator.ts'
import { csvRows, post, type Scenario } from './scenarios.ts'
import { type Server, startServer } from './servers.ts'

const PROCESSES = 2
const CONNECTIONS = 16

const scenarios: readonly Scenario[] = [
  { name: '/explain, CSV, 20 rows', ...post('/explain', 'text/csv', csvRows(20)) },
  { name: '/explain, CSV, 100 rows', ...post('/explain', 'text/csv', csvRows(100)) },
  { name: '/invocations, CSV, 100 rows', ...post('/invocations', 'text/csv', csvRows(100)) },
]

/** What one round has measured. */
interface Round {
  readonly one: Measured
  readonly two: Measured
  readonly apart: Measured
}

/** Prints a line per request form; every number is the median of the rounds. */
export async function measureProcesses(
  shapserve: (port: number) => string[],
  { seconds, warmUp, pairs }: { seconds: number; warmUp: number; pairs: number },
): Promise<void> {
  const place = `${cpus().length} cores, which servers and client share`
  console.log(`Node ${process.versions.node}, ${place}\n`)
  const { name: generator, makeLoad } = findGenerator()
  const servers: Server[] = []
  const start = async (processes: number) => {
    const more = ['--workers', `${processes}`]
    const server = await startServer((port) => [...shapserve(port), ...more], false)
    servers.push(server)
    return server
  }
  try {
    const one = [await start(1)]
    const two = [await start(PROCESSES)]
    const apart = [await start(1), await start(1)]
    const head = [
      ...[`${CONNECTIONS} at once, load by ${generator}`, 'requests/s, 1 process', '2', 'ratio'],
      ...['CPU µs, 1 process', '2', '2 apart', '2 free cores would give', '2 apart'],
    ]
    console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
    for (const scenario of scenarios) {
      const run = (side: readonly Server[], time = seconds) =>
        loadAll(makeLoad, side, scenario, time)
      for (const side of [one, two, apart]) await run(side, warmUp)
      const rounds: Round[] = []
      for (let round = 0; round < pairs; round++)
        rounds.push({ one: await run(one), two: await run(two), apart: await run(apart) })
      console.log(`| ${[scenario.name, ...describe(rounds)].join(' | ')} |`)
    }
  } finally {
    for (const server of servers) await server.stop()
  }
  console.log('')
}

/** Divides the connections among servers that are asked at once. */
async function loadAll(
  makeLoad: MakeLoad,
  servers: readonly Server[],
  scenario: Scenario,
  seconds: number,
): Promise<Measured> {
  const each = CONNECTIONS / servers.length
  const found = await Promise.all(
    servers.map((server) => makeLoad(server, scenario, each, seconds)),
  )
  const perSecond = found.reduce((sum, own) => sum + own.perSecond, 0)
  const busy = found.reduce((sum, own) => sum + own.perSecond * microsOf(own), 0)
  return {
    perSecond,
    p50: Math.max(...found.map(({ p50 }) => p50)),
    serverMicros: busy / perSecond,
  }
}

function microsOf({ serverMicros = Number.NaN }: Measured): number {
  return serverMicros
}

function describe(rounds: readonly Round[]): string[] {
  const middle = (of: (round: Round) => number) =>
    quantile(Float64Array.from(rounds, of).sort(), 0.5)
  const gain = (one: Measured, other: Measured) => (PROCESSES * microsOf(one)) / microsOf(other)
  return [
    middle(({ one }) => one.perSecond).toFixed(0),
    middle(({ two }) => two.perSecond).toFixed(0),
    middle(({ one, two }) => two.perSecond / one.perSecond).toFixed(2),
    middle(({ one }) => microsOf(one)).toFixed(0),
    middle(({ two }) => microsOf(two)).toFixed(0),
    middle(({ apart }) => microsOf(apart)).toFixed(0),
    middle(({ one, two }) => gain(one, two)).toFixed(2),
    middle(({ one, apart }) => gain(one, apart)).toFixed(2),
  ]
}

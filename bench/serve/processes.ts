/**
 * Two processes beside one: pairs of short runs of requests that cost the server many times what they cost who sends them.
 * The generator shares the cores with the servers, so requests per second say too little where the machine has few: what
 * as many free cores would give follows from the processor time of a request.
 */
import { cpus } from 'node:os'
import { quantile } from './client.ts'
import { findGenerator, type Measured } from './generator.ts'
import { asJson, csvRows, post, row, type Scenario } from './scenarios.ts'
import { startServer } from './servers.ts'

const PROCESSES = 2
const CONNECTIONS = 32

const scenarios: readonly Scenario[] = [
  { name: '/explain, JSON, 1 row', ...post('/explain', 'application/json', asJson(row)) },
  { name: '/explain, CSV, 20 rows', ...post('/explain', 'text/csv', csvRows(20)) },
  { name: '/explain, CSV, 100 rows', ...post('/explain', 'text/csv', csvRows(100)) },
  { name: '/invocations, CSV, 100 rows', ...post('/invocations', 'text/csv', csvRows(100)) },
]

/** Prints a line per request form; every ratio is the median of those of the pairs. */
export async function measureProcesses(
  shapserve: (port: number) => string[],
  { seconds, warmUp, pairs }: { seconds: number; warmUp: number; pairs: number },
): Promise<void> {
  console.log(
    `Node ${process.versions.node}, ${cpus().length} cores, which servers and client share\n`,
  )
  const { name: generator, makeLoad } = findGenerator()
  const start = (count: number) =>
    startServer((port) => [...shapserve(port), '--workers', `${count}`], false)
  const one = await start(1)
  const two = await start(PROCESSES)
  const head = [
    ...[`${CONNECTIONS} at once, load by ${generator}`, 'requests/s, 1 process', '2', 'ratio'],
    ...['CPU µs, 1 process', '2', '2 free cores would give'],
  ]
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
  try {
    for (const scenario of scenarios) {
      for (const server of [one, two]) await makeLoad(server, scenario, CONNECTIONS, warmUp)
      const found: [Measured, Measured][] = []
      for (let pair = 0; pair < pairs; pair++) {
        found.push([
          await makeLoad(one, scenario, CONNECTIONS, seconds),
          await makeLoad(two, scenario, CONNECTIONS, seconds),
        ])
      }
      console.log(`| ${[scenario.name, ...describe(found)].join(' | ')} |`)
    }
  } finally {
    await one.stop()
    await two.stop()
  }
  console.log('')
}

function describe(pairs: readonly (readonly [Measured, Measured])[]): string[] {
  const middle = (of: (one: Measured, two: Measured) => number) =>
    quantile(Float64Array.from(pairs, ([one, two]) => of(one, two)).sort(), 0.5)
  const micros = ({ serverMicros = Number.NaN }: Measured) => serverMicros
  return [
    middle((one) => one.perSecond).toFixed(0),
    middle((_, two) => two.perSecond).toFixed(0),
    middle((one, two) => two.perSecond / one.perSecond).toFixed(2),
    middle(micros).toFixed(0),
    middle((_, two) => micros(two)).toFixed(0),
    middle((one, two) => (PROCESSES * micros(one)) / micros(two)).toFixed(2),
  ]
}

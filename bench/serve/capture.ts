/** One row, captured to a disk, to memory and not at all, beside each other: rounds of short runs. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PairOptions } from './against-fastify.ts'
import { quantile } from './client.ts'
import { findGenerator, type Measured } from './generator.ts'
import { asJson, csvRows, post, row } from './scenarios.ts'
import { type Server, startServer } from './servers.ts'

const JSON_TYPE = 'application/json'

const scenarios = [
  { name: '/invocations, JSON object', ...post('/invocations', JSON_TYPE, asJson(row)) },
  { name: '/invocations, CSV', ...post('/invocations', 'text/csv', csvRows(1)) },
  { name: '/explain, JSON object', ...post('/explain', JSON_TYPE, asJson(row)) },
  { name: '/explain, CSV, 20 rows', ...post('/explain', 'text/csv', csvRows(20)) },
]
const CONNECTIONS = 16

/** Files in memory: what capturing costs without the disk that the machine has. */
const MEMORY = '/dev/shm'

/** Prints a line per request form and place; the ratios are the medians of those of the rounds. */
export async function measureCapture(
  shapserve: (port: number) => string[],
  { pinned, seconds, warmUp, pairs }: PairOptions,
): Promise<void> {
  const { name: generator, makeLoad } = findGenerator()
  const places = [
    { name: 'disk', parent: tmpdir() },
    ...(existsSync(MEMORY) ? [{ name: 'memory', parent: MEMORY }] : []),
  ]
  const directories = await Promise.all(
    places.map(({ parent }) => mkdtemp(join(parent, 'shapserve-capture-'))),
  )
  const plain = await startServer(shapserve, pinned)
  const capturing: Server[] = []
  const head = [
    ...[`load by ${generator}, ${CONNECTIONS} at once`, 'kept in', 'requests/s', 'captured'],
    ...['ratio', 'CPU µs', 'captured', 'ratio'],
  ]
  try {
    for (const directory of directories)
      capturing.push(
        await startServer((port) => [...shapserve(port), '--capture', directory], pinned),
      )
    console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
    for (const scenario of scenarios) {
      const run = (server: Server, time = seconds) => makeLoad(server, scenario, CONNECTIONS, time)
      const servers = [plain, ...capturing]
      for (const server of servers) await run(server, warmUp)
      const rounds: Measured[][] = []
      for (let round = 0; round < pairs; round++) {
        const found: Measured[] = []
        // Each is first as often as the others.
        for (let k = 0; k < servers.length; k++) {
          const at = (round + k) % servers.length
          found[at] = await run(servers[at]!)
        }
        rounds.push(found)
      }
      for (const [place, { name }] of places.entries())
        printLine(scenario.name, name, rounds, place + 1)
    }
    for (const directory of directories) await printSize(directory)
  } finally {
    for (const server of [plain, ...capturing]) await server.stop()
    for (const directory of directories) await rm(directory, { recursive: true, force: true })
  }
}

function printLine(scenario: string, place: string, rounds: Measured[][], server: number): void {
  const middle = (of: (plain: Measured, captured: Measured) => number) =>
    quantile(Float64Array.from(rounds, (found) => of(found[0]!, found[server]!)).sort(), 0.5)
  const micros = ({ serverMicros = Number.NaN }: Measured) => serverMicros
  const cells = [
    ...[scenario, place],
    middle((a) => a.perSecond).toFixed(0),
    middle((_, b) => b.perSecond).toFixed(0),
    middle((a, b) => b.perSecond / a.perSecond).toFixed(3),
    middle(micros).toFixed(1),
    middle((_, b) => micros(b)).toFixed(1),
    middle((a, b) => micros(b) / micros(a)).toFixed(3),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

async function printSize(directory: string): Promise<void> {
  const names = await readdir(directory)
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(directory, name))).size),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  console.log(`\n${sizes.length} files, ${(total / 2 ** 20).toFixed(0)} MiB\n`)
}

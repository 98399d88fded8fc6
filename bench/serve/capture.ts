/** One row, captured and not, beside each other: pairs of short runs. */
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

/** Prints a line per request form; the ratio is the median of those of the pairs. */
export async function measureCapture(
  shapserve: (port: number) => string[],
  { pinned, seconds, warmUp, pairs }: PairOptions,
): Promise<void> {
  const { name: generator, makeLoad } = findGenerator()
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-capture-'))
  const plain = await startServer(shapserve, pinned)
  const capturing = await startServer(
    (port) => [...shapserve(port), '--capture', directory],
    pinned,
  )
  const head = [
    ...[`load by ${generator}, ${CONNECTIONS} at once`, 'requests/s', 'captured', 'ratio'],
    ...['CPU µs', 'captured', 'ratio'],
  ]
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
  try {
    for (const scenario of scenarios) {
      const run = (server: Server, time = seconds) => makeLoad(server, scenario, CONNECTIONS, time)
      await run(plain, warmUp)
      await run(capturing, warmUp)
      const found: [Measured, Measured][] = []
      // Each side is first as often as the other.
      for (let pair = 0; pair < pairs; pair++) {
        const isFirst = pair % 2 === 0
        const first = await run(isFirst ? plain : capturing)
        const second = await run(isFirst ? capturing : plain)
        found.push(isFirst ? [first, second] : [second, first])
      }
      const middle = (of: (plain: Measured, captured: Measured) => number) =>
        quantile(Float64Array.from(found, ([a, b]) => of(a, b)).sort(), 0.5)
      const micros = ({ serverMicros = Number.NaN }: Measured) => serverMicros
      const cells = [
        scenario.name,
        middle((a) => a.perSecond).toFixed(0),
        middle((_, b) => b.perSecond).toFixed(0),
        middle((a, b) => b.perSecond / a.perSecond).toFixed(3),
        middle(micros).toFixed(1),
        middle((_, b) => micros(b)).toFixed(1),
        middle((a, b) => micros(b) / micros(a)).toFixed(3),
      ]
      console.log(`| ${cells.join(' | ')} |`)
    }
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    console.log(`\n${sizes.length} files, ${(total / 2 ** 20).toFixed(0)} MiB\n`)
  } finally {
    await plain.stop()
    await capturing.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

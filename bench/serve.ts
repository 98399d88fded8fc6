/**
 * Requests per second, latency and start of the built server, beside a bare Fastify route and a bare node:http server in
 * the same run, and rows per second of batches.
 * `npm run bench -- serve [--cli FILE] [--seconds N] [--warm-up N] [--starts N] [--pairs N] [--only PART]`, where a part
 * is `fastify`, `python`, `capture`, `processes`, `batches`, `starts` or `node`
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureAgainstFastify } from './serve/against-fastify.ts'
import { measureAgainstPython } from './serve/against-python.ts'
import { measureBatches } from './serve/batches.ts'
import { measureCapture } from './serve/capture.ts'
import { answerSize, load, quantile } from './serve/client.ts'
import { measureProcesses } from './serve/processes.ts'
import { HOST, scenarios } from './serve/scenarios.ts'
import { canPin, startServer } from './serve/servers.ts'

const MODEL = 'model_checkpoint'
const CONCURRENCIES = [1, 8, 32]

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'dist/cli.js' },
      seconds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '2' },
      starts: { type: 'string', default: '9' },
      pairs: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  })
  return {
    cli: values.cli,
    seconds: Number(values.seconds),
    warmUp: Number(values['warm-up']),
    starts: Number(values.starts),
    pairs: Number(values.pairs),
    only: values.only,
  }
}

async function main(): Promise<number> {
  const { cli, seconds, warmUp, starts, pairs, only } = readOptions()
  if (!existsSync(cli)) {
    console.error(`there is no ${cli}; npm run build makes it`)
    return 2
  }
  const shapserve = (port: number) => [
    ...[cli, 'serve', '--host', HOST, '--port', String(port), '--model-dir', MODEL],
  ]
  const bare = (port: number) => ['bench/bare-server.mjs', String(port)]
  const does = (part: string) => only === undefined || only === part
  // First: what is started once this process has a core of its own has that one, too.
  if (does('processes')) await measureProcesses(shapserve, { seconds, warmUp, pairs })
  const pinned = canPin()
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)])
  const place = pinned ? 'server on core 1, client on core 0' : 'not pinned'
  console.log(`Node ${process.versions.node}, ${cpus().length} cores, ${place}\n`)
  if (does('fastify')) await measureAgainstFastify(shapserve, { pinned, seconds, warmUp, pairs })
  if (does('python')) await measureAgainstPython(shapserve, { pinned, seconds, warmUp, pairs })
  if (does('capture')) await measureCapture(shapserve, { pinned, seconds, warmUp, pairs })
  if (does('batches')) await measureBatches(cli, { pinned, seconds, pairs })
  if (does('starts')) await measureStarts(shapserve, bare, { pinned, starts })
  if (does('node')) await measureLoads(shapserve, bare, { pinned, seconds, warmUp })
  return 0
}

async function measureStarts(
  shapserve: (port: number) => string[],
  bare: (port: number) => string[],
  { pinned, starts }: { pinned: boolean; starts: number },
): Promise<void> {
  const times: { own: number[]; bare: number[] } = { own: [], bare: [] }
  for (let i = 0; i < starts; i++) {
    for (const [list, args] of [
      [times.own, shapserve],
      [times.bare, bare],
    ] as const) {
      const server = await startServer(args, pinned)
      list.push(server.startMs)
      await server.stop()
    }
  }
  const [own, reference] = [median(times.own), median(times.bare)]
  console.log(`| start to the first 200, median of ${starts} | ms | bare ms | ratio |`)
  console.log('|---|---|---|---|')
  console.log(
    `| shapserve serve | ${own.toFixed(0)} | ${reference.toFixed(0)} | ${(own / reference).toFixed(2)} |\n`,
  )
}

async function measureLoads(
  shapserve: (port: number) => string[],
  bare: (port: number) => string[],
  { pinned, ...times }: { pinned: boolean; seconds: number; warmUp: number },
): Promise<void> {
  const own = await startServer(shapserve, pinned)
  const reference = await startServer(bare, pinned)
  try {
    const head = [
      ...['request', 'at once', 'requests/s', 'p50 ms', 'p99 ms', 'bare requests/s', 'ratio'],
      ...['CPU µs', 'bare CPU µs', 'CPU ratio'],
    ]
    console.log(`| ${head.join(' | ')} |`)
    console.log(`|${'---|'.repeat(head.length)}`)
    const clientMicros: number[] = []
    for (const scenario of scenarios) {
      const size = await answerSize(own.port, scenario)
      const reading = { ...scenario, path: `/${size}` }
      for (const concurrency of CONCURRENCIES) {
        const found = await load(own, scenario, concurrency, times)
        const other = await load(reference, reading, concurrency, times)
        clientMicros.push(found.clientMicros, other.clientMicros)
        const cells = [
          scenario.name,
          concurrency,
          found.perSecond.toFixed(0),
          found.p50.toFixed(2),
          found.p99.toFixed(2),
          other.perSecond.toFixed(0),
          (found.perSecond / other.perSecond).toFixed(2),
          found.serverMicros?.toFixed(0) ?? '-',
          other.serverMicros?.toFixed(0) ?? '-',
          ((found.serverMicros ?? Number.NaN) / (other.serverMicros ?? Number.NaN)).toFixed(1),
        ]
        console.log(`| ${cells.join(' | ')} |`)
      }
    }
    console.log(`\nThe client takes ${median(clientMicros).toFixed(0)} µs of CPU per request.`)
  } finally {
    await own.stop()
    await reference.stop()
  }
}

process.exitCode = await main()

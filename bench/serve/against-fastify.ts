/** One row, beside a bare Fastify route that parses the same body and answers as many bytes: pairs of short runs. */
import { answerSize, quantile } from './client.ts'
import { findGenerator, type Measured } from './generator.ts'
import { asJson, csvRows, post, row, type Scenario } from './scenarios.ts'
import { type Server, startServer } from './servers.ts'

const JSON_TYPE = 'application/json'

const scenarios: readonly Scenario[] = [
  { name: '/invocations, JSON object', ...post('/invocations', JSON_TYPE, asJson(row)) },
  { name: '/explain, JSON object', ...post('/explain', JSON_TYPE, asJson(row)) },
  {
    name: '/invocations, instances',
    ...post('/invocations', JSON_TYPE, asJson({ instances: [row] })),
  },
  {
    name: '/invocations, dataframe_split',
    ...post(
      '/invocations',
      JSON_TYPE,
      asJson({ dataframe_split: { columns: Object.keys(row), data: [Object.values(row)] } }),
    ),
  },
  { name: '/invocations, CSV', ...post('/invocations', 'text/csv', csvRows(1)) },
]

export interface PairOptions {
  readonly pinned: boolean
  readonly seconds: number
  readonly warmUp: number
  /** Runs of each side, one after the other. */
  readonly pairs: number
}

/** Prints a line per request form and number of connections; every ratio is the median of those of the pairs. */
export async function measureAgainstFastify(
  shapserve: (port: number) => string[],
  { pinned, seconds, warmUp, pairs }: PairOptions,
): Promise<void> {
  const { name: generator, makeLoad } = findGenerator()
  const own = await startServer(shapserve, pinned)
  const bare = await startServer((port) => ['bench/fastify-server.mjs', `${port}`], pinned)
  const head = [
    ...[`one row, load by ${generator}`, 'at once', 'requests/s', 'bare Fastify', 'ratio'],
    ...['p50 ms', 'bare p50', 'ratio', 'CPU µs', 'bare CPU µs', 'ratio'],
  ]
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
  try {
    for (const scenario of scenarios) {
      const echo = { ...scenario, path: `/${await answerSize(own.port, scenario)}` }
      for (const connections of [16, 1]) {
        const run = (server: Server, asked: Scenario, time = seconds) =>
          makeLoad(server, asked, connections, time)
        await run(own, scenario, warmUp)
        await run(bare, echo, warmUp)
        const found: [Measured, Measured][] = []
        for (let pair = 0; pair < pairs; pair++)
          found.push([await run(own, scenario), await run(bare, echo)])
        const cells = [scenario.name, connections, ...describe(found)]
        console.log(`| ${cells.join(' | ')} |`)
      }
    }
  } finally {
    await own.stop()
    await bare.stop()
  }
  console.log('')
}

function describe(pairs: readonly (readonly [Measured, Measured])[]): string[] {
  const middle = (of: (own: Measured, bare: Measured) => number) =>
    quantile(Float64Array.from(pairs, ([own, bare]) => of(own, bare)).sort(), 0.5)
  const micros = ({ serverMicros = Number.NaN }: Measured) => serverMicros
  return [
    middle((own) => own.perSecond).toFixed(0),
    middle((_, bare) => bare.perSecond).toFixed(0),
    middle((own, bare) => own.perSecond / bare.perSecond).toFixed(2),
    middle((own) => own.p50).toFixed(3),
    middle((_, bare) => bare.p50).toFixed(3),
    middle((own, bare) => own.p50 / bare.p50).toFixed(2),
    middle(micros).toFixed(0),
    middle((_, bare) => micros(bare)).toFixed(0),
    // Of processor time, more is worse: the other way round, as requests are.
    middle((own, bare) => micros(bare) / micros(own)).toFixed(2),
  ]
}

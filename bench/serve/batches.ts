/** Rows per second of batches in CSV, for a logistic regression and a forest that are trained for it. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quantile } from './client.ts'
import { findGenerator } from './generator.ts'
import { csvRows, HOST, post, type Scenario } from './scenarios.ts'
import { startServer } from './servers.ts'

const ROWS = 10_000

const models: readonly { readonly name: string; readonly flags: readonly string[] }[] = [
  { name: 'logistic regression', flags: ['--estimator', 'logistic_regression'] },
  { name: 'forest 100 × 8', flags: ['--set', 'n_estimators=100', '--set', 'max_depth=8'] },
]

/** Prints rows per second by the clock, and per second of the server's processor time. */
export async function measureBatches(
  cli: string,
  { pinned, seconds, pairs }: { pinned: boolean; seconds: number; pairs: number },
): Promise<void> {
  const { makeLoad } = findGenerator()
  const batch: Scenario = {
    ...{ name: 'batch', accept: 'text/csv' },
    ...post('/invocations', 'text/csv', csvRows(ROWS)),
  }
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-batches-'))
  console.log(`| CSV, ${ROWS} rows at a time | rows/s | rows/s of processor time |\n|---|---|---|`)
  try {
    for (const { name, flags } of models) {
      const model = join(directory, name)
      const train = ['train', 'data/titanic.csv', '--plan', 'data/titanic.plan.json']
      const made = spawnSync(process.execPath, [cli, ...train, '--model-dir', model, ...flags])
      if (made.status !== 0) throw new Error(made.stderr.toString())
      const server = await startServer(
        (port) => [cli, 'serve', '--host', HOST, '--port', `${port}`, '--model-dir', model],
        pinned,
      )
      try {
        await makeLoad(server, batch, 2, seconds)
        const rates: number[] = []
        const costs: number[] = []
        for (let run = 0; run < pairs; run++) {
          const { perSecond, serverMicros = Number.NaN } = await makeLoad(server, batch, 2, seconds)
          rates.push(perSecond * ROWS)
          costs.push((ROWS / serverMicros) * 1e6)
        }
        const cells = [rates, costs].map((values) => {
          return quantile(Float64Array.from(values).sort(), 0.5).toFixed(0)
        })
        console.log(`| ${name} | ${cells.join(' | ')} |`)
      } finally {
        await server.stop()
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  console.log('')
}

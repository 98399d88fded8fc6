/**
 * Reading training files: `npm run bench -- tables [--kind higgs|adult] [--megabytes 100] [--gzip] [--prepare]
 * [--baseline]`. Writes a file to a temporary directory, reads it, and with --prepare goes on to the matrix that a
 * model is fitted to. --baseline reads it with csv-parse's stream, which makes texts and nothing more.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { runSteps } from '../src/data/steps.ts'
import { fitPreprocessor } from '../src/preprocess/fit-preprocessor.ts'
import { buildPreprocessor } from '../src/preprocess/preprocessor.ts'
import { planWritten } from '../src/preprocess/written/plan-written.ts'
import { nothingSaid } from '../src/preprocess/written/recognise.ts'
import { readTables } from '../src/tables/read-tables.ts'
import { labelTable } from '../src/training/labelled-table.ts'
import { type Kind, writeCsv } from './csv-data.ts'

const { values: options } = parseArgs({
  options: {
    kind: { type: 'string', default: 'higgs' },
    megabytes: { type: 'string', default: '100' },
    gzip: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    prepare: { type: 'boolean', default: false },
  },
})

interface Measured {
  readonly seconds: number
  readonly cpu: number
}

async function measure(act: () => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await act()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 }
}

/** Most memory that the process has had so far, in MB. */
function peak(): string {
  return `peak ${Math.round(process.resourceUsage().maxRSS / 1000)} MB`
}

function say(what: string, rows: number, bytes: number, { seconds, cpu }: Measured): void {
  const speed = `${Math.round(rows / cpu / 1000)}k rows/s CPU, ${Math.round(bytes / cpu / 1e6)} MB/s CPU`
  console.log(
    `${what.padEnd(10)}${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s CPU, ${speed}, ${peak()}`,
  )
}

function read(path: string) {
  return readTables({ files: [path] }, 'present')
}

/** Everything that a training does before it fits a model; returns what the model would be fitted to. */
async function prepare(path: string): Promise<unknown> {
  const { table } = await read(path)
  console.log(`  read    ${peak()}`)
  const { plan } = runSteps(
    planWritten(table, options.kind === 'higgs' ? 'label' : 'income', new Map(), nothingSaid),
  )
  const data = labelTable(table, plan, {
    testSize: 0.2,
    seed: 0,
    dropMissingLabel: false,
    warn: console.warn,
  })
  const needs = { scale: false, acceptsMissing: true }
  const { spec } = runSteps(fitPreprocessor(data.frame, data.split.train, plan, needs))
  const X = buildPreprocessor(spec).transform(data.frame, data.split.train)
  return { data, X }
}

const directory = await mkdtemp(join(tmpdir(), 'shapserve-tables-'))
try {
  const bytes = Number(options.megabytes) * 1e6
  const plain = join(directory, 'data.csv')
  const rows = await writeCsv(plain, options.kind as Kind, bytes, 1)
  const path = options.gzip ? `${plain}.gz` : plain
  if (options.gzip) {
    await pipeline(createReadStream(plain), createGzip({ level: 1 }), createWriteStream(path))
    await rm(plain)
  }
  console.log(`${options.kind}-like, ${rows} rows, ${(await stat(path)).size} bytes, ${peak()}`)
  if (options.prepare) {
    const prepared: unknown[] = []
    say('to the fit', rows, bytes, await measure(async () => prepared.push(await prepare(path))))
  } else {
    say('read', rows, bytes, await measure(async () => void (await read(path))))
  }
  if (options.baseline) {
    let count = 0
    say(
      'csv-parse',
      rows,
      bytes,
      await measure(async () => {
        for await (const _ of createReadStream(path).pipe(parse())) count++
      }),
    )
    if (count !== rows + 1) throw new Error(`csv-parse has read ${count} rows`)
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}

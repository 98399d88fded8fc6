/**
 * Random requests, bytes and files until the time is over; what fails is printed as a seed that makes it again.
 * `npm run fuzz -- [--minutes 10] [--seed N] [--only TARGET] [--path PATH] [--cli FILE]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { directoryTarget, importTarget } from './fuzz/files.ts'
import { testPatience } from './fuzz/patience.ts'
import { rawTarget } from './fuzz/raw.ts'
import { requestTarget } from './fuzz/requests.ts'
import type { Target } from './fuzz/target.ts'
import { exchange } from './fuzz/wire.ts'
import { trainModel } from './soak/models.ts'
import { type Server, startServer } from './soak/server.ts'

/** Cases of a target between two looks at /ping. */
const BATCH = 1000
const PING_MS = 1000
const MOST_FAILURES = 10
/** Checks of time and memory: no random cases, and a minute and a half more. */
const PATIENCE = 'patience'

const ping = Buffer.from('GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')

/** Returns what is wrong with a server, if anything. */
async function findIllness(name: string, server: Server): Promise<string | undefined> {
  if (!server.isAlive()) return `the server of ${name} has ended`
  let last = ''
  // A busy machine may be late once.
  for (let i = 0; i < 2; i++) {
    const { answers, ms } = await exchange(server.port, [ping])
    if (answers[0]?.status === 200 && ms <= PING_MS) return undefined
    last = `${answers[0]?.status ?? 'no answer'} in ${ms.toFixed(0)} ms`
  }
  return `/ping of ${name}: ${last}`
}

interface BatchOptions {
  readonly seed: number
  readonly path?: string
  readonly leftMs: number
}

/** A target, whatever its cases are. */
interface Runner {
  readonly first?: () => Promise<readonly string[]>
  readonly run: (options: BatchOptions, run: Run) => Promise<void>
}

function runnerOf<T>(name: string, target: Target<T>): Runner {
  const { first } = target
  return { first, run: (options, run) => runBatch(name, target, options, run) }
}

interface Run {
  cases: number
  failures: number
}

/** Runs one batch of a target; prints a failure with what makes it again. */
async function runBatch<T>(
  name: string,
  target: Target<T>,
  options: BatchOptions,
  run: Run,
): Promise<void> {
  const { seed, path, leftMs } = options
  const property = fc.asyncProperty(target.arbitrary, async (value) => {
    run.cases++
    await target.check(value)
  })
  const result = await fc.check(property, {
    seed,
    path,
    numRuns: BATCH,
    interruptAfterTimeLimit: leftMs,
    markInterruptAsFailure: false,
  })
  if (!result.failed || !result.counterexample) return
  run.failures++
  const [value] = result.counterexample
  console.log(`\n${name}: ${String(result.errorInstance)}\n${target.show(value)}`)
  console.log(
    `again: npm run fuzz -- --only ${name} --seed ${result.seed} --path ${result.counterexamplePath}`,
  )
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'dist/cli.js' },
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      only: { type: 'string' },
      path: { type: 'string' },
    },
  })
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-fuzz-'))
  const servers: Record<string, Server> = {}
  try {
    const start = (modelDir: string) =>
      startServer({ cli: values.cli, modelDir, flags: ['--log-level', 'fatal'] })
    servers.passengers = await start('model_checkpoint')
    servers.numbers = await start(trainModel(values.cli, directory, 'forest'))
    const ports = { passengers: servers.passengers.port, numbers: servers.numbers.port }
    const statuses = new Map<number, number>()
    const all: Record<string, Runner> = {
      requests: runnerOf('requests', requestTarget(ports, statuses)),
      raw: runnerOf('raw', rawTarget(ports, statuses)),
      import: runnerOf('import', importTarget),
      directory: runnerOf('directory', directoryTarget),
    }
    const names = Object.keys(all).filter((name) => name === (values.only ?? name))
    if (names.length === 0 && values.only !== PATIENCE) {
      console.error(
        `there is no "${values.only}"; there are ${[...Object.keys(all), PATIENCE].join(', ')}`,
      )
      return 2
    }
    console.log(`seed ${seed}`)
    const runs = new Map<string, Run>()
    let failures = 0
    // Before the others, whose load would be measured with it.
    if (values.only === PATIENCE || values.only === undefined) {
      for (const wrong of await testPatience(values.cli, `${directory}/forest`)) {
        failures++
        console.log(wrong)
      }
    }
    const end = performance.now() + Number(values.minutes) * 60_000
    for (const name of names) {
      runs.set(name, { cases: 0, failures: 0 })
      for (const wrong of values.path === undefined ? ((await all[name]!.first?.()) ?? []) : []) {
        failures++
        console.log(wrong)
      }
    }
    const failed = () => [...runs.values()].reduce((sum, run) => sum + run.failures, failures)
    for (
      let batch = 0;
      names.length > 0 && performance.now() < end && failed() < MOST_FAILURES;
      batch++
    ) {
      for (const name of names) {
        const leftMs = Math.max(1, end - performance.now())
        const options = { seed: seed + batch, path: values.path, leftMs }
        await all[name]!.run(options, runs.get(name)!)
      }
      for (const [name, server] of Object.entries(servers)) {
        const illness = await findIllness(name, server)
        if (illness === undefined) continue
        failures++
        console.log(`${illness}, after batch ${batch} of seed ${seed}`)
      }
      if (values.path !== undefined || !Object.values(servers).every((one) => one.isAlive())) break
    }
    console.log('\n| target | cases | failures |\n|---|---|---|')
    for (const [name, { cases, failures }] of runs)
      console.log(`| ${name} | ${cases} | ${failures} |`)
    const counted = [...statuses].sort(([a], [b]) => a - b)
    console.log(`\nanswers by status: ${counted.map((pair) => pair.join(': ')).join(', ')}`)
    return failed() === 0 ? 0 : 1
  } finally {
    for (const server of Object.values(servers)) await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

process.exitCode = await main()

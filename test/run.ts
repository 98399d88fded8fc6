/**
 * `npm test [-- [--times] FILE…]`: every test file, one line for each; `--times` lists at the end what each cost. Files that
 * are named have a process each, and so have those that wait or compute long; the others share processes by folder. tap's
 * own runner puts a loader into every process and thread, which costs a quarter of the time of all tests; it stays for
 * coverage.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { atEnd } from './at-end.ts'
import {
  countsOf,
  failuresOf,
  outputsOf,
  secondsOf,
  skippedOf,
  summaryOf,
  type TestCounts,
} from './tap-output.ts'

const root = join(import.meta.dirname, '..')

/** Those that wait most begin first: what computes fills the time that they leave. */
const longest = [
  'test/readme.test.ts',
  'test/conformance/conformance.test.ts',
  'test/http/life-cycle.test.ts',
  'test/processes/processes.test.ts',
  'test/http/drain.test.ts',
  'test/page/page.test.ts',
  'test/model-directory/write-killed.test.ts',
  'test/processes/heartbeat.test.ts',
  'test/e2e.test.ts',
  'test/commands/training/interruption.test.ts',
  'test/commands/terminal.test.ts',
]

/** They change the environment of their process, or take what others print. */
const alone = [
  'test/commands/labels/every-output.test.ts',
  'test/commands/sagemaker/launcher/endpoints.test.ts',
  'test/commands/sagemaker/launcher/errors.test.ts',
]

/** Files that share a process: so many that few are started, so few that none is the last one for long. */
const TOGETHER = 12

/** Seconds that tap gives the tests of a process, of one file and of several, and what it is given to end after that. */
const [LIMIT, LIMIT_TOGETHER] = [240, 600]
const GRACE = 10

const env = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.tap/compiled'),
}

const {
  values: { times },
  positionals: named,
} = parseArgs({ options: { times: { type: 'boolean' } }, allowPositionals: true })

/** A shell that says behind the output what the process and all that it waited for took of the processor. */
const TIMED = ['-c', '"$@"; status=$?; times; exit $status', 'sh']

interface Finished {
  readonly output: string
  /** Its exit status, or the signal that ended it. */
  readonly status: string
  /** Seconds from start to end. */
  readonly wall: number
}

/** Runs a file, or several in one process. */
async function runProcess(files: readonly string[]): Promise<Finished> {
  const began = performance.now()
  const node = [
    ...[process.execPath, '--import', './test/without-domains.ts'],
    ...(files.length > 1 ? ['test/several.ts'] : []),
    ...files,
  ]
  const seconds = files.length > 1 ? LIMIT_TOGETHER : LIMIT
  const [command = '', ...args] = times ? ['sh', ...TIMED, ...node] : node
  const child = spawn(command, args, {
    cwd: root,
    env: { ...env, TAP_TIMEOUT: `${seconds}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const group = -(child.pid as number)
  const forget = atEnd(`kill -s KILL -- ${group} 2>/dev/null`)
  // tap listens to signals, so that a process that computes without end hears no other.
  const limit = setTimeout(() => process.kill(group, 'SIGKILL'), (seconds + GRACE) * 1000)
  const pieces: Buffer[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => pieces.push(piece))
  const status = await new Promise<string>((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? `${code}`))
  })
  clearTimeout(limit)
  forget()
  const wall = (performance.now() - began) / 1000
  return { output: Buffer.concat(pieces).toString(), status, wall }
}

const totals: TestCounts = { pass: 0, fail: 0, skip: 0 }
const failed: string[] = []
const costs: { name: string; cpu: number; wall: number }[] = []

function report(file: string, { output, status, wall }: Finished): void {
  const counts = countsOf(output, status)
  for (const key of ['pass', 'fail', 'skip'] as const) totals[key] += counts[key]
  if (counts.fail > 0) failed.push(file)
  const word = counts.fail > 0 ? 'FAILED' : 'ok    '
  console.log(`${word} ${file}  ${summaryOf(counts)}  ${wall.toFixed(1)} s`)
  for (const why of skippedOf(output)) console.log(`  skipped: ${why}`)
  if (counts.fail > 0) console.log(failuresOf(output) || output, `\nended with ${status}`)
}

/** Runs files in a process and prints how each went. */
async function runAndReport(files: readonly string[]): Promise<void> {
  const all = await runProcess(files)
  const [file = ''] = files
  const cpu = secondsOf(all.output)
  if (files.length === 1) {
    report(file, all)
    costs.push({ name: file, cpu, wall: all.wall })
    return
  }
  const parts = outputsOf(all.output, all.status, files)
  for (const part of parts) {
    report(part.file, part)
    costs.push({ name: part.file, cpu: part.cpu, wall: part.wall })
  }
  const [own, waited] = [
    parts.reduce((sum, part) => sum + part.cpu, 0),
    parts.reduce((sum, part) => sum + part.wall, 0),
  ]
  const name = `the process of ${file} and ${files.length - 1} more`
  costs.push({ name, cpu: cpu - own, wall: all.wall - waited })
}

/** Returns the files by process, in the order in which they begin; those of a folder load much the same. */
function inProcesses(files: readonly string[]): string[][] {
  const others = files.filter((file) => !longest.includes(file) && !alone.includes(file))
  const shared = others.flatMap((_, i) =>
    i % TOGETHER === 0 ? [others.slice(i, i + TOGETHER)] : [],
  )
  return [...longest.map((file) => [file]), ...shared, ...alone.map((file) => [file])]
}

const found = globSync('test/**/*.test.ts', { cwd: root }).sort()
const processes = named.length > 0 ? named.map((file) => [file]) : inProcesses(found)
let next = 0

async function runProcesses(): Promise<void> {
  while (next < processes.length) await runAndReport(processes[next++] as string[])
}

/** Prints what each file cost, the dearest first. */
function printCosts(): void {
  const cell = (seconds: number) => `${seconds.toFixed(2).padStart(8)} s`
  for (const { name, cpu, wall } of costs.sort((a, b) => b.cpu - a.cpu))
    console.log(`${cell(cpu)} CPU ${cell(wall)}  ${name}`)
  const all = costs.reduce((sum, { cpu }) => sum + cpu, 0)
  console.log(`${cell(all)} CPU ${cell(performance.now() / 1000)}  all`)
}

// Many wait for processes and clocks: two more than there are cores keep these busy.
await Promise.all(Array.from({ length: availableParallelism() + 2 }, runProcesses))
if (times) printCosts()
for (const file of failed) console.log(`failed: ${file}`)
const count = processes.flat().length
console.log(`${summaryOf(totals)} in ${count} files`)
process.exitCode = failed.length > 0 ? 1 : 0

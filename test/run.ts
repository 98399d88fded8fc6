/**
 * `npm test [-- FILE…]`: every test file as a process of its own, one line for each. tap's own runner puts a loader into
 * every process and thread, which costs a quarter of the time of all tests; it stays for coverage.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'
import { countsOf, failuresOf, skippedOf, summaryOf, type TestCounts } from './tap-output.ts'

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

/** Seconds that tap gives the tests of a file, and what is given to the process to end after that. */
const LIMIT = 600
const GRACE = 10

const env = {
  ...process.env,
  TAP_TIMEOUT: `${LIMIT}`,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.tap/compiled'),
}

/** Runs one file and prints how it went. */
async function runFile(file: string): Promise<TestCounts> {
  const began = performance.now()
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const forget = atEnd(`kill -s KILL ${child.pid} 2>/dev/null`)
  const limit = setTimeout(() => child.kill('SIGKILL'), (LIMIT + GRACE) * 1000)
  const pieces: Buffer[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => pieces.push(piece))
  const status = await new Promise<string>((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? `${code}`))
  })
  clearTimeout(limit)
  forget()
  const output = Buffer.concat(pieces).toString()
  const counts = countsOf(output, status)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(
    `${counts.fail > 0 ? 'FAILED' : 'ok    '} ${file}  ${summaryOf(counts)}  ${seconds} s`,
  )
  for (const why of skippedOf(output)) console.log(`  skipped: ${why}`)
  if (counts.fail > 0) console.log(failuresOf(output) || output, `\nended with ${status}`)
  return counts
}

const named = process.argv.slice(2)
const found = globSync('test/**/*.test.ts', { cwd: root }).sort()
const files =
  named.length > 0 ? named : [...longest, ...found.filter((file) => !longest.includes(file))]

const totals: TestCounts = { pass: 0, fail: 0, skip: 0 }
const failed: string[] = []
let next = 0

async function runFiles(): Promise<void> {
  while (next < files.length) {
    const file = files[next++] as string
    const counts = await runFile(file)
    for (const key of ['pass', 'fail', 'skip'] as const) totals[key] += counts[key]
    if (counts.fail > 0) failed.push(file)
  }
}

// Many wait for processes and clocks: two more than there are cores keep these busy.
await Promise.all(Array.from({ length: availableParallelism() + 2 }, runFiles))
for (const file of failed) console.log(`failed: ${file}`)
console.log(`${summaryOf(totals)} in ${files.length} files`)
process.exitCode = failed.length > 0 ? 1 : 0

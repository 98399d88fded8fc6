/**
 * The whole command `train` beside its fit: what reading, checking, the fit, measuring and writing take. What comes
 * after the fit may take half of it or a second, whichever is more.
 * `npm run bench -- train-command [--cli FILE] [--limit 60] [--only TEXT]`; another `--cli` is a build to compare with.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, type Random } from '../src/data/random.ts'

interface Case {
  readonly name: string
  readonly table: keyof typeof tables
  readonly args: readonly string[]
}

const forest = (trees: number) => ['--set', `n_estimators=${trees}`]
const cases: readonly Case[] = [
  { name: 'forest of 50, 40,000 × 28', table: 'numbers', args: forest(50) },
  { name: 'forest of 10, 40,000 × 28', table: 'numbers', args: forest(10) },
  { name: 'tree, 40,000 × 28', table: 'numbers', args: ['--estimator', 'decision_tree'] },
  { name: 'logistic, 40,000 × 28', table: 'numbers', args: ['--estimator', 'logistic_regression'] },
  { name: 'forest of 100, 5 classes, 20,000 × 20', table: 'classes', args: forest(100) },
  {
    name: 'forest of 100, depth 8, 5 classes',
    table: 'classes',
    args: [...forest(100), '--set', 'max_depth=8'],
  },
  {
    name: 'logistic, 5 classes, 20,000 × 20',
    table: 'classes',
    args: ['--estimator', 'logistic_regression'],
  },
  { name: 'forest of 100, 1,000 × 2,000', table: 'wide', args: forest(100) },
  { name: 'forest of 100, 5 × 90,000', table: 'widest', args: forest(100) },
  {
    name: 'forest of 100, 17 classes, 10,000 × 1,430',
    table: 'categories',
    args: [...forest(100), ...['City', 'Customer', 'Product'].flatMap((c) => ['--nominal', c])],
  },
]

const normal = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())

/** Returns rows of normal numbers with a class that depends on the first of them and on chance. */
function numbers(rows: number, columns: number, classOf: (x: number[], noise: number) => number) {
  const random = createRandom(7)
  const lines = Array.from({ length: rows }, () => {
    const x = Array.from({ length: columns }, () => normal(random))
    return [classOf(x, normal(random)), ...x.map((value) => value.toFixed(5))].join(',')
  })
  return `y,${x_(columns)}\n${lines.join('\n')}\n`
}

function x_(columns: number): string {
  return Array.from({ length: columns }, (_, j) => `x${j}`).join(',')
}

/** Orders of 17 kinds of goods, with thousands of categories. */
function categories(): string {
  const random = createRandom(8)
  const lines = Array.from({ length: 10_000 }, () => {
    const kind = Math.min(16, Math.floor(-5 * Math.log(1 - random.uniform())))
    const city = Math.floor(530 * random.uniform() ** 2)
    const sales = -(20 + 30 * kind) * Math.log(1 - random.uniform())
    return [
      `kind ${kind}`,
      ...[`city ${city}`, `customer ${random.below(790)}`, `product ${kind}-${random.below(110)}`],
      ...[`state ${random.below(49)}`, `ship ${random.below(4)}`, 1 + random.below(13)],
      ...[sales.toFixed(2), (random.below(5) / 5).toFixed(1), (50 * normal(random)).toFixed(2)],
    ].join(',')
  })
  return `y,City,Customer,Product,State,Ship,Quantity,Sales,Discount,Profit\n${lines.join('\n')}\n`
}

const isPositive = ([a = 0, b = 0, c = 0, d = 0, e = 0]: number[], noise: number) =>
  Number(a * b + c + d * e + noise > 0)

const tables = {
  numbers: () => numbers(40_000, 28, isPositive),
  classes: () =>
    numbers(20_000, 20, ([a = 0, b = 0, c = 0], noise) =>
      Math.min(4, Math.floor(Math.abs(2 * a + b * c + noise / 2))),
    ),
  wide: () => numbers(1000, 2000, isPositive),
  widest: () => {
    let row = 0
    return numbers(5, 90_000, () => row++ % 2)
  },
  categories,
} as const

const { values: options } = parseArgs({
  options: {
    cli: { type: 'string', default: 'dist/cli.js' },
    limit: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
  },
})

/** What a training does, and the phase of src/training/phases.ts that each part ends with. */
const parts = [
  { name: 'read', to: 'planned' },
  { name: 'check', to: 'checked' },
  { name: 'fit', to: 'fitted' },
  { name: 'test', to: 'tested' },
  { name: 'explain', to: 'explained' },
  { name: 'permute', to: 'shuffled' },
  { name: 'write', to: 'ended' },
] as const
type PartName = (typeof parts)[number]['name']
/** What comes after the fit. */
const rest: readonly PartName[] = ['test', 'explain', 'permute', 'write']

interface Times {
  /** Processor seconds of every part. */
  readonly of: Readonly<Record<PartName, number>>
  readonly waited: number
  /** Rows explained, columns and rows shuffled, resamples. */
  readonly counts: string
}

/** Returns what a training takes; undefined where it did not end within the limit. */
async function time(file: string, modelDir: string, { args }: Case): Promise<Times | undefined> {
  const report = join(folder, 'phases.json')
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [
      ...['--import', './bench/train-phases.mjs'],
      ...[options.cli, 'train', file, '--target', 'y', '--model-dir', modelDir, '--force', ...args],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, BENCH_PHASES: report } },
  )
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), Number(options.limit) * 1000)
  const [status, signal] = await once(child, 'close')
  clearTimeout(timer)
  if (signal === 'SIGKILL') return undefined
  if (status !== 0) throw new Error(text)
  const waited = (performance.now() - started) / 1000
  const ends = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>
  let last = 0
  const of = Object.fromEntries(
    parts.map(({ name, to }) => {
      // A command of before the marks has only its end.
      const end = ends[to] ?? last
      const seconds = end - last
      last = end
      return [name, seconds]
    }),
  ) as Record<PartName, number>
  const { importance, test } = JSON.parse(readFileSync(join(modelDir, 'metrics.json'), 'utf8'))
  const { rows, repeats, columns = '' } = importance.permutation
  return {
    of,
    waited,
    counts: `${importance.rows}, ${columns} × ${rows} × ${repeats}, ${test.intervals.resamples}`,
  }
}

function rowOfTable(name: string, times: Times | undefined): string {
  if (!times) return `| ${name} | over ${options.limit} s |`
  const { of, waited, counts } = times
  const beside = rest.reduce((sum, part) => sum + of[part], 0)
  const allowed = Math.max(1, of.fit / 2)
  const cells = [...parts.map(({ name }) => of[name]), beside, allowed]
  const shown = [...cells.map((seconds) => seconds.toFixed(2)), waited.toFixed(1), counts]
  return `| ${[name, ...shown].join(' | ')} |`
}

const folder = mkdtempSync(join(tmpdir(), 'shapserve-train-'))
try {
  const written = new Map<string, string>()
  const names = [...parts.map(({ name }) => name), 'rest', 'allowed'].join(' | ')
  console.log(
    `| what, seconds of CPU | ${names} | waited s | rows, columns × rows × repeats, resamples |`,
  )
  console.log(`|${'---|'.repeat(12)}`)
  for (const entry of cases.filter(({ name }) => name.includes(options.only))) {
    const file = join(folder, `${entry.table}.csv`)
    if (!written.has(entry.table)) writeFileSync(file, tables[entry.table]())
    written.set(entry.table, file)
    console.log(rowOfTable(entry.name, await time(file, join(folder, 'model'), entry)))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

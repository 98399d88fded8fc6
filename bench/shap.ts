/**
 * SHAP values and predictions of forests, in CPU time, beside shap, scikit-learn and onnxruntime where `python3` (or
 * $PYTHON) has them. `npm run bench -- shap [MODEL…]`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type Matrix, rowOf } from '../src/data/matrix.ts'
import { createRandom } from '../src/data/random.ts'
import type { TreesSpec } from '../src/models/model.ts'
import { compileInterventional } from '../src/shap/interventional.ts'
import { linearShap } from '../src/shap/linear-shap.ts'
import { compileTreeShap } from '../src/shap/tree-shap.ts'
import { compileTreeShapWasm } from '../src/shap/tree-shap-wasm.ts'
import { compileOutput } from '../src/trees/ensemble.ts'
import { instantiateKernels } from '../src/trees/kernels.ts'
import { compileTreePredictor } from '../src/trees/predict.ts'
import { type ForestOptions, growForest, makeRows } from './models/grow-forest.ts'

const ROWS = 10_000
const BACKGROUND = 100

interface Bench {
  readonly name: string
  readonly forest: ForestOptions
  readonly interactions?: true
  readonly interventional?: true
  /** Least and wanted ratio to shap: one row, batch. */
  readonly goals?: { readonly must: [number, number]; readonly aim: [number, number] }
}

const seed = { noise: 0.4, classes: 2 }
const benches: readonly Bench[] = [
  {
    name: '100 × 8',
    forest: { ...seed, trees: 100, depth: 8, features: 30, rows: 4200, seed: 1 },
    interactions: true,
    interventional: true,
    goals: { must: [24, 36], aim: [35, 50] },
  },
  {
    name: '24 × 11',
    forest: {
      ...seed,
      trees: 24,
      depth: 11,
      features: 16,
      binary: 9,
      rows: 700,
      noise: 0.3,
      seed: 2,
    },
    interactions: true,
    interventional: true,
    goals: { must: [20, 30], aim: [27, 40] },
  },
  {
    name: '100 unlimited',
    forest: { ...seed, trees: 100, depth: 64, features: 14, rows: 4000, seed: 3 },
    interventional: true,
    goals: { must: [14, 34], aim: [19, 46] },
  },
  {
    name: '3 classes',
    forest: { trees: 100, depth: 8, features: 20, classes: 3, rows: 3900, noise: 0.3, seed: 4 },
  },
  {
    name: '5 classes',
    forest: { trees: 100, depth: 8, features: 20, classes: 5, rows: 3900, noise: 0.3, seed: 4 },
  },
  {
    name: '10 classes',
    forest: { trees: 100, depth: 8, features: 20, classes: 10, rows: 3900, noise: 0.3, seed: 4 },
  },
]

/** Least CPU microseconds of several calls, divided by `per`. */
function cpu(call: () => void, per = 1, seconds = 1): number {
  let least = Number.POSITIVE_INFINITY
  let total = 0
  for (let i = 0; i < 3 || (i < 20 && total < seconds * 1e6); i++) {
    const start = process.cpuUsage()
    call()
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, user + system)
    total += user + system
  }
  return least / per
}

interface Reference {
  readonly missing?: string
  readonly [figure: string]: unknown
}

/** Asks the Python side; answers `missing` when there is none. */
function startPython() {
  const script = fileURLToPath(
    new URL('bench/python/shap_reference.py', `file://${process.cwd()}/`),
  )
  const child = spawn(process.env.PYTHON ?? 'python3', [script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(task: object): Promise<Reference> {
      child.stdin.write(`${JSON.stringify(task)}\n`)
      const line = await lines.next()
      return line.done
        ? { missing: 'python3 did not answer' }
        : (JSON.parse(line.value) as Reference)
    },
    close: () => child.stdin.end(),
  }
}

type Python = ReturnType<typeof startPython>

interface Line {
  readonly what: string
  readonly us: number
  /** What it is compared with, in the same unit. */
  readonly other?: number | undefined
  readonly must?: number
  readonly aim?: number
}

const lines: Line[] = []

function report(model: string, line: Line): void {
  const { what, us, other, must, aim } = line
  lines.push(line)
  const ratio = other === undefined ? '' : `${(other / us).toFixed(1)}`
  const goal = must === undefined ? '' : `${must} / ${aim}`
  const verdict =
    other === undefined || must === undefined
      ? ''
      : other / us >= (aim as number)
        ? 'aim reached'
        : other / us >= must
          ? 'must reached'
          : 'MISSED'
  const them = other === undefined ? '' : other.toFixed(other < 10 ? 2 : 0)
  console.log(
    `| ${model} | ${what} | ${us.toFixed(us < 10 ? 2 : 0)} | ${them} | ${ratio} | ${goal} | ${verdict} |`,
  )
}

async function runBench(bench: Bench, python: Python): Promise<void> {
  const { name, forest } = bench
  const trees = growForest(forest)
  const leaves = trees.feature.reduce((sum, feature) => sum + (feature < 0 ? 1 : 0), 0)
  const F = forest.features
  const X = makeRows(forest, ROWS, 10)
  const some: Matrix = { rows: 200, columns: F, data: X.data.subarray(0, 200 * F) }
  const background = makeRows(forest, BACKGROUND, 11)
  const outputs = forest.classes > 2 ? [...Array(forest.classes).keys()] : [1]

  const kernels = instantiateKernels()
  if (!kernels) throw new Error('WebAssembly with SIMD is needed')
  compileTreeShap(trees, F)
  const compile = cpu(() => compileTreeShapWasm(trees, F, instantiateKernels() ?? kernels), 1, 0.2)
  const shap = compileTreeShapWasm(trees, F, kernels)
  const bytes = kernels.memory.buffer.byteLength
  console.log(
    `\n**${name}**: ${leaves} leaves; compiled in ${(compile / 1000).toFixed(0)} ms of CPU, ${(bytes / leaves).toFixed(0)} bytes per leaf\n`,
  )
  console.log(
    '| model | what | µs | other µs | ratio | must / aim | |\n|---|---|---|---|---|---|---|',
  )

  const phi = new Float64Array(outputs.length * F)
  const all = new Float64Array(ROWS * phi.length)
  const theirs = await python.ask({
    task: 'explain',
    trees: treesForShap(trees, outputs),
    rows: nested(some),
    background: nested(background),
    interactions: bench.interactions ?? false,
    interventional: bench.interventional ?? false,
  })
  if (theirs.missing) console.log(`(no shap: ${theirs.missing})`)
  const other = (figure: string) =>
    typeof theirs[figure] === 'number' ? (theirs[figure] as number) * 1e6 : undefined
  const [must, aim] = [bench.goals?.must, bench.goals?.aim]
  const goal = (i: 0 | 1) => (must && aim ? { must: must[i], aim: aim[i] } : {})

  const each = (explain: (x: Float64Array) => void, rows = 200) =>
    cpu(() => {
      for (let row = 0; row < rows; row++) explain(rowOf(X, row))
    }, rows)
  const one = each((x) => shap.explain(x, outputs, phi))
  report(name, { what: 'SHAP, one row, against shap', us: one, other: other('one'), ...goal(0) })
  const batch = cpu(() => shap.explainRows(X, outputs, all), ROWS, 2)
  report(name, {
    what: 'SHAP, 10,000 rows, against shap',
    us: batch,
    other: other('batch'),
    ...goal(1),
  })
  const slow = compileTreeShap(trees, F, { engine: 'reference' })
  const reference = each((x) => slow.explain(x, outputs, phi), 20)
  const goals = name === '100 × 8' ? { must: 3, aim: 4.7 } : {}
  report(name, {
    what: 'SHAP, one row, against the TypeScript reference',
    us: one,
    other: reference,
    ...goals,
  })
  if (forest.classes > 2) {
    const single = each((x) => shap.explain(x, [0], phi))
    const most = each((x) => shap.explain(x, outputs.slice(1), phi))
    report(name, { what: 'SHAP, one row, one output', us: single })
    report(name, {
      what: `SHAP, one row, ${outputs.length - 1} of ${outputs.length} outputs`,
      us: most,
    })
  }
  if (theirs.values) checkEquality(theirs.values as Nested, shap, X, outputs, F)
  checkAdditivity(trees, shap, X, outputs, F)

  if (bench.interactions) {
    const out = new Float64Array(outputs.length * F * F)
    shap.interactions(rowOf(X, 0), outputs, out)
    const us = each((x) => shap.interactions(x, outputs, out), 50)
    const wanted = name === '100 × 8' ? { must: 280, aim: 460 } : {}
    report(name, {
      what: 'interactions, one row, against shap',
      us,
      other: other('pairs'),
      ...wanted,
    })
  }
  if (bench.interventional) {
    const start = process.cpuUsage()
    const against = compileInterventional(trees, F, background)
    const made = process.cpuUsage(start).user / 1000
    const what = `interventional (${against.plan}, made in ${made.toFixed(0)} ms of CPU)`
    const is8 = name === '100 × 8'
    const us = each((x) => against.explain(x, outputs, phi), 50)
    const wanted = is8 ? { must: 22, aim: 32 } : {}
    report(name, {
      what: `${what}, one row, against shap`,
      us,
      other: other('interventional'),
      ...wanted,
    })
    const few: Matrix = { ...some, rows: against.plan === 'tables' ? ROWS : 200, data: X.data }
    const many = cpu(() => against.explainRows(few, outputs, all), few.rows)
    const wantedBatch = is8 ? { must: 80, aim: 115 } : {}
    report(name, {
      what: `${what}, batch, against shap`,
      us: many,
      other: other('interventional'),
      ...wantedBatch,
    })
  }
  if (name === '100 × 8') {
    await benchPredictions(name, trees, X, forest, python)
    await benchWorkers(name, trees, forest)
  }
}

async function benchPredictions(
  name: string,
  trees: TreesSpec,
  X: Matrix,
  forest: ForestOptions,
  python: Python,
): Promise<void> {
  const rows = makeRows(forest, 4200, 2)
  const random = createRandom(1, 12)
  const theirs = await python.ask({
    task: 'predict',
    rows: nested(rows),
    labels: Array.from({ length: rows.rows }, (_, row) =>
      random.uniform() < 0.4
        ? random.below(2)
        : Number((rows.data[row * rows.columns] as number) > 0),
    ),
  })
  if (theirs.missing) console.log(`(predictions: ${theirs.missing})`)
  if (theirs.leaves) console.log(`(scikit-learn's forest has ${theirs.leaves} leaves)`)
  const other = (figure: string) =>
    typeof theirs[figure] === 'number' ? (theirs[figure] as number) * 1e6 : undefined
  const predictor = compileTreePredictor(trees)
  const scores = new Float64Array(ROWS * trees.outputs)
  const single = new Float64Array(trees.outputs)
  const one = cpu(() => {
    for (let row = 0; row < 2000; row++) predictor.predict(rowOf(X, row), single)
  }, 2000)
  report(name, {
    what: 'prediction, one row, against onnxruntime',
    us: one,
    other: other('onnx_one'),
    must: 2,
    aim: 3,
  })
  report(name, {
    what: 'prediction, one row, against scikit-learn',
    us: one,
    other: other('sklearn_one'),
    must: 1000,
    aim: 1000,
  })
  const batch = cpu(() => predictor.predictRows(X, scores), ROWS)
  report(name, {
    what: 'prediction, 10,000 rows, against onnxruntime',
    us: batch,
    other: other('onnx_batch'),
    must: 1,
    aim: 2,
  })
}

/** 10,000 rows in one worker thread, and in two, by the clock: needs two cores that nobody else uses. */
async function benchWorkers(name: string, trees: TreesSpec, forest: ForestOptions): Promise<void> {
  const workers = [0, 1].map(
    () => new Worker(new URL(import.meta.url), { workerData: { trees, forest } }),
  )
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const run = async (used: readonly Worker[]) => {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      const done = used.map((worker) => once(worker, 'message'))
      for (const worker of used) worker.postMessage(ROWS / used.length)
      await Promise.all(done)
      least = Math.min(least, ((performance.now() - start) * 1000) / ROWS)
    }
    return least
  }
  const alone = await run(workers.slice(0, 1))
  const both = await run(workers)
  report(name, {
    what: 'SHAP, 10,000 rows, two workers against one, by the clock',
    us: both,
    other: alone,
    must: 1.8,
    aim: 1.95,
  })
  await Promise.all(workers.map((worker) => worker.terminate()))
}

function runWorker(): void {
  const { trees, forest } = workerData as { trees: TreesSpec; forest: ForestOptions }
  const X = makeRows(forest, ROWS, 10)
  const shap = compileTreeShap(trees, forest.features)
  const all = new Float64Array(ROWS * forest.features)
  shap.explainRows(X, [1], all)
  parentPort?.on('message', (rows: number) => {
    shap.explainRows({ ...X, rows }, [1], all)
    parentPort?.postMessage('done')
  })
  parentPort?.postMessage('ready')
}

function benchLinear(): void {
  const random = createRandom(1, 13)
  const numbers = () => Float64Array.from({ length: 30 }, () => random.uniform())
  const score = { coefficients: numbers(), intercept: 0.5, means: numbers() }
  const x = numbers()
  const phi = new Float64Array(30)
  const us = cpu(() => {
    for (let i = 0; i < 100_000; i++) linearShap(score, x, phi)
  }, 100_000)
  report('logistic, 30 columns', {
    what: 'SHAP in log-odds, one row, against 5 µs',
    us,
    other: 5,
    must: 1,
    aim: 5,
  })
}

type Nested = number | readonly Nested[]
type Shap = ReturnType<typeof compileTreeShap>

/** Compares the first rows with shap's; shap gives [row][feature] or [row][feature][output]. */
function checkEquality(
  values: Nested,
  shap: Shap,
  X: Matrix,
  outputs: readonly number[],
  F: number,
): void {
  const phi = new Float64Array(outputs.length * F)
  let worst = 0
  for (const [row, features] of (values as readonly (readonly Nested[])[]).entries()) {
    shap.explain(rowOf(X, row), outputs, phi)
    for (const [j, own] of features.entries()) {
      for (const [k, value] of (typeof own === 'number'
        ? [own]
        : (own as readonly number[])
      ).entries())
        worst = Math.max(worst, Math.abs(value - (phi[k * F + j] as number)))
    }
  }
  console.log(`(largest difference from shap: ${worst.toExponential(1)})`)
  if (!(worst < 1e-9)) throw new Error('the values differ from those of shap')
}

function checkAdditivity(
  trees: TreesSpec,
  shap: Shap,
  X: Matrix,
  outputs: readonly number[],
  F: number,
): void {
  const phi = new Float64Array(outputs.length * F)
  const scores = new Float64Array(trees.outputs)
  const outputOf = compileOutput(trees)
  let worst = 0
  for (let row = 0; row < 100; row++) {
    shap.explain(rowOf(X, row), outputs, phi)
    outputOf(rowOf(X, row), scores)
    outputs.forEach((output, k) => {
      const own = phi.subarray(k * F, (k + 1) * F)
      const total = own.reduce((sum, part) => sum + part, shap.baseValues[output] as number)
      worst = Math.max(worst, Math.abs(total - (scores[output] as number)))
    })
  }
  console.log(`(largest additivity error: ${worst.toExponential(1)})`)
  if (!(worst < 1e-12)) throw new Error('the values do not add up')
}

function nested({ rows, columns, data }: Matrix): number[][] {
  return Array.from({ length: rows }, (_, row) => [
    ...data.subarray(row * columns, (row + 1) * columns),
  ])
}

/** The arrays of every tree, its values divided by the number of trees. */
function treesForShap(trees: TreesSpec, outputs: readonly number[]) {
  return Array.from(trees.roots, (root, i) => {
    const end = trees.roots[i + 1] ?? trees.feature.length
    const cut = (array: { subarray(start: number, end: number): Iterable<number> }) => [
      ...array.subarray(root, end),
    ]
    const child = (node: number) => (node < 0 ? -1 : node - root)
    return {
      left: cut(trees.left).map(child),
      right: cut(trees.right).map(child),
      feature: cut(trees.feature),
      threshold: cut(trees.threshold),
      cover: cut(trees.cover ?? new Float64Array(0)),
      value: Array.from({ length: end - root }, (_, node) =>
        outputs.map(
          (k) => (trees.value[(root + node) * trees.outputs + k] as number) / trees.roots.length,
        ),
      ),
    }
  })
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2)
  const python = startPython()
  try {
    for (const bench of benches)
      if (asked.length === 0 || asked.includes(bench.name)) await runBench(bench, python)
    if (asked.length === 0) {
      console.log('')
      benchLinear()
    }
  } finally {
    python.close()
  }
  const missed = lines.filter(
    ({ us, other, must }) => other !== undefined && must !== undefined && other / us < must,
  )
  console.log(
    missed.length === 0
      ? '\nNothing that must be reached was missed.'
      : `\nMissed: ${missed.map(({ what }) => what).join('; ')}`,
  )
}

if (isMainThread) await main()
else runWorker()

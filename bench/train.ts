/**
 * Training time, quality and memory of the native trees and forests, beside scikit-learn's in the same run.
 * `npm run bench -- train [--seeds 5] [--sets adult-like,higgs-like] [--models …]`; pin it to a core with taskset for
 * all but the rows of threads. scikit-learn runs in `python3`, or in what PYTHON names, on one thread.
 */
import { spawnSync } from 'node:child_process'
import module from 'node:module'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Piscina as Pool } from 'piscina'
import type { Matrix } from '../src/data/matrix.ts'
import type { Estimator, FitContext } from '../src/estimators/estimator.ts'
import { decisionTree } from '../src/estimators/native/decision-tree.ts'
import { randomForest } from '../src/estimators/native/random-forest.ts'
import { parseParams } from '../src/estimators/params.ts'
import { areasUnder, rank } from '../src/evaluation/ranking.ts'
import type { TreesSpec } from '../src/models/model.ts'
import { trees } from '../src/models/trees.ts'
import { compareTrees, type SklearnTree } from '../test/training/compare-trees.ts'
import { ADULT_ROWS, adultLike, HIGGS_ROWS, higgsLike, type LabelledMatrix } from './data.ts'
import { hasPythonModule, runPython, withDataFolder } from './python-side.ts'

interface Model {
  readonly name: string
  readonly kind: 'decision_tree' | 'random_forest'
  readonly params: Readonly<Record<string, number>>
}

const models: readonly Model[] = [
  { name: 'one tree', kind: 'decision_tree', params: {} },
  { name: '100 trees, depth 8', kind: 'random_forest', params: { max_depth: 8 } },
  { name: '100 trees', kind: 'random_forest', params: {} },
]
const estimators: Readonly<Record<Model['kind'], Estimator>> = {
  decision_tree: decisionTree,
  random_forest: randomForest,
}

interface TrainingSet extends LabelledMatrix {
  /** The first rows are trained on, the others measured. */
  readonly trainRows: number
}

const sets: Readonly<Record<string, () => TrainingSet>> = {
  'adult-like': () => ({ ...adultLike(ADULT_ROWS + 10_000), trainRows: ADULT_ROWS }),
  'higgs-like': () => ({ ...higgsLike(HIGGS_ROWS + 20_000), trainRows: HIGGS_ROWS }),
}

interface Side {
  readonly seconds: number
  readonly auc: number
  readonly megabytes: number
}

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    sets: { type: 'string', default: Object.keys(sets).join(',') },
    models: { type: 'string', default: models.map(({ name }) => name).join(';') },
    /** Trains one model once and prints the process's peak memory. */
    memory: { type: 'string' },
    threads: { type: 'boolean', default: false },
  },
})

// A bundle of the pool library lacks the file that its threads begin with.
const { Piscina } = module.createRequire(resolve('package.json'))('piscina') as {
  Piscina: typeof Pool
}

if (options.memory !== undefined) await printMemory(options.memory)
else if (options.threads) await compareThreads()
else await main()

async function main(): Promise<void> {
  const hasSklearn = hasPythonModule('sklearn')
  console.log(
    '| set | model | s | scikit-learn s | ratio | AUC | scikit-learn AUC | MB | scikit-learn MB |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const set of options.sets.split(',')) {
    const data = (sets[set] as () => TrainingSet)()
    for (const model of models.filter(({ name }) => options.models.split(';').includes(name))) {
      const ours = await fitNative(data, model, Number(options.seeds))
      const theirs = hasSklearn ? await fitSklearn(data, model, Number(options.seeds)) : undefined
      const cells = [
        ...[set, model.name, ours.seconds.toFixed(2), theirs?.seconds.toFixed(2) ?? ''],
        theirs ? (theirs.seconds / ours.seconds).toFixed(1) : '',
        ...[ours.auc.toFixed(4), theirs?.auc.toFixed(4) ?? ''],
        ...[peakMemory(set, model).toFixed(0), theirs?.megabytes.toFixed(0) ?? ''],
      ]
      console.log(`| ${cells.join(' | ')} |`)
    }
  }
  if (hasSklearn) await compareSplits()
}

/** Shortest CPU time of the fits, mean AUC of their models. */
async function fitNative(data: TrainingSet, model: Model, seeds: number): Promise<Side> {
  let seconds = Number.POSITIVE_INFINITY
  let sum = 0
  for (let seed = 0; seed < seeds; seed++) {
    const before = process.cpuUsage()
    const spec = await fit(data, model, { seed })
    const { user, system } = process.cpuUsage(before)
    seconds = Math.min(seconds, (user + system) / 1e6)
    sum += aucOf(spec, data)
  }
  return { seconds, auc: sum / seeds, megabytes: 0 }
}

async function fit(
  { X, y, trainRows }: TrainingSet,
  { kind, params }: Model,
  context: Partial<FitContext>,
): Promise<TreesSpec> {
  const estimator = estimators[kind]
  const part: Matrix = { ...X, rows: trainRows, data: X.data.subarray(0, trainRows * X.columns) }
  const parsed = parseParams(estimator.params, new Map(Object.entries(params)))
  return (await estimator.fit(part, y.slice(0, trainRows), 2, parsed, {
    seed: 0,
    classNames: ['0', '1'],
    checkpoint: async () => {},
    warn: console.warn,
    ...context,
  })) as TreesSpec
}

function aucOf(spec: TreesSpec, { X, y, trainRows }: TrainingSet): number {
  const rows = X.rows - trainRows
  const rest: Matrix = { ...X, rows, data: X.data.subarray(trainRows * X.columns) }
  const probabilities = new Float64Array(2 * rows)
  trees.buildPredict(spec, { features: X.columns, classes: 2 })(rest, probabilities)
  const scores = Float64Array.from(
    { length: rows },
    (_, row) => probabilities[2 * row + 1] as number,
  )
  return areasUnder(rank(scores, Uint8Array.from(y.subarray(trainRows)))).rocAuc as number
}

function fitSklearn(data: TrainingSet, model: Model, seeds: number): Promise<Side> {
  const { X, trainRows } = data
  return withDataFolder(data, (folder) =>
    runPython<Side>('train.py', [
      ...['fit', folder, X.rows, X.columns, trainRows, model.kind],
      ...[JSON.stringify(model.params), seeds],
    ]),
  )
}

/** Peak memory of a process that makes the data and trains once. */
function peakMemory(set: string, { name }: Model): number {
  const script = process.argv[1] as string
  const run = spawnSync(process.execPath, [script, '--memory', `${set};${name}`], {
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(run.stderr)
  return Number(run.stdout)
}

async function printMemory(what: string): Promise<void> {
  const [set, name] = what.split(';') as [string, string]
  const model = models.find((entry) => entry.name === name) as Model
  await fit((sets[set] as () => TrainingSet)(), model, {})
  console.log(process.resourceUsage().maxRSS / 1024)
}

/** One and two threads, by the clock. */
async function compareThreads(): Promise<void> {
  console.log('| set | model | one thread s | two threads s | ratio |')
  console.log('|---|---|---|---|---|')
  for (const set of options.sets.split(',')) {
    const data = (sets[set] as () => TrainingSet)()
    for (const model of models.filter(({ kind }) => kind === 'random_forest')) {
      const times = [1, 2].map(() => Number.POSITIVE_INFINITY) as [number, number]
      for (let seed = 0; seed < Number(options.seeds); seed++) {
        for (const count of [1, 2]) {
          const started = performance.now()
          await fit(
            data,
            { ...model, params: { ...model.params, n_jobs: count } },
            {
              seed,
              threads: { count, start: startThreads },
            },
          )
          const seconds = (performance.now() - started) / 1000
          times[count - 1] = Math.min(times[count - 1] as number, seconds)
        }
      }
      const [one, two] = times
      const cells = [set, model.name, one.toFixed(2), two.toFixed(2), (one / two).toFixed(2)]
      console.log(`| ${cells.join(' | ')} |`)
    }
  }
  console.log(`\n${availableParallelism()} cores`)
}

function startThreads(count: number, setup: unknown) {
  const pool = new Piscina({
    filename: resolve('dist/training-thread.js'),
    minThreads: count,
    maxThreads: count,
    workerData: setup,
  })
  return {
    run: async (job: number) => ((await pool.run(job)) as { answer: unknown }).answer,
    close: () => pool.destroy(),
  }
}

async function compareSplits(): Promise<void> {
  interface Shipped extends SklearnTree {
    readonly data: string
    readonly X: readonly (readonly number[])[]
    readonly y: readonly number[]
  }
  console.log("\n| data | nodes | the same as scikit-learn's | ties | differences |")
  console.log('|---|---|---|---|---|')
  for (const expected of runPython<Shipped[]>('train.py', ['trees'])) {
    const columns = expected.X[0]?.length ?? 0
    const X = { rows: expected.X.length, columns, data: Float64Array.from(expected.X.flat()) }
    const y = Int32Array.from(expected.y)
    const classes = Math.max(...expected.y) + 1
    const spec = (await decisionTree.fit(
      X,
      y,
      classes,
      parseParams(decisionTree.params, new Map()),
      {
        seed: 0,
        classNames: Array.from({ length: classes }, (_, k) => `${k}`),
        checkpoint: async () => {},
        warn: console.warn,
      },
    )) as TreesSpec
    const { same, ties, differences } = compareTrees(spec, expected, { X, y, classes })
    const cells = [expected.data, expected.feature.length, same, ties, differences.length]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

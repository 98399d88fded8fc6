/**
 * Time of the native logistic regression, beside scikit-learn's in the same run.
 * `npm run bench -- train-logistic [--repeats N] [--slow]`; `--slow` also times scikit-learn's solver saga on the
 * penalties with l1, which takes minutes. scikit-learn runs in `python3`, or in what PYTHON names, on one thread.
 */
import { parseArgs } from 'node:util'
import { logisticRegression } from '../src/estimators/native/logistic-regression.ts'
import { parseParams } from '../src/estimators/params.ts'
import type { LinearSpec } from '../src/models/model.ts'
import { adultLike, higgsLike, type LabelledMatrix } from './data.ts'
import { hasPythonModule, runPython, withDataFolder } from './python-side.ts'

const TIGHT = { tol: 1e-12, max_iter: 10_000 }

interface Params {
  readonly penalty: string
  readonly C?: number
  readonly l1_ratio?: number
  readonly tol?: number
  readonly max_iter?: number
}

/** A fit's time, of several the shortest, and what it found. */
interface Fit {
  readonly milliseconds: number
  readonly iterations: number
  readonly coefficients: ArrayLike<number>
}

const { values: options } = parseArgs({
  options: {
    repeats: { type: 'string', default: '10' },
    slow: { type: 'boolean', default: false },
  },
})
const repeats = Number(options.repeats)
if (!Number.isInteger(repeats) || repeats < 1)
  throw new Error(`--repeats is ${options.repeats}, expected a whole number from 1`)

const penalties: readonly Params[] = [
  // scikit-learn's own 100 iterations are not always enough for it.
  { penalty: 'l2', max_iter: 1000 },
  { penalty: 'none', max_iter: 1000 },
  { penalty: 'l1', max_iter: 1000 },
  { penalty: 'elasticnet', l1_ratio: 0.5, max_iter: 1000 },
]

const hasPython = hasPythonModule('sklearn')
console.log(
  '| set | penalty | ms | iterations | error | scikit-learn ms | iterations | error | ratio |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const [name, data] of [
  ['adult-like', scaled(adultLike(), 6)],
  ['higgs-like', scaled(higgsLike(), 28)],
] as const) {
  for (const params of penalties) await compare(name, data, params)
}

/** Prints one row: both sides at the default tolerance, and how far their coefficients are from the minimum's. */
async function compare(name: string, data: LabelledMatrix, params: Params): Promise<void> {
  const exact = (await fitNative(data, { ...params, ...TIGHT }, 1)).coefficients
  const ours = await fitNative(data, params, repeats)
  const isSlow = params.penalty === 'l1' || params.penalty === 'elasticnet'
  const theirs =
    hasPython && (options.slow || !isSlow) ? await fitSklearn(data, params, isSlow) : undefined
  const cells = [
    name,
    params.penalty,
    ours.milliseconds.toFixed(1),
    ours.iterations,
    largestDifference(ours.coefficients, exact).toExponential(1),
    theirs?.milliseconds.toFixed(1) ?? '',
    theirs?.iterations ?? '',
    theirs ? largestDifference(theirs.coefficients, exact).toExponential(1) : '',
    theirs ? (ours.milliseconds / theirs.milliseconds).toFixed(2) : '',
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

async function fitNative({ X, y }: LabelledMatrix, params: Params, times: number): Promise<Fit> {
  const parsed = parseParams(logisticRegression.params, new Map(Object.entries(params)))
  let milliseconds = Number.POSITIVE_INFINITY
  let iterations = 0
  let spec: LinearSpec | undefined
  for (let i = 0; i < times; i++) {
    const before = process.cpuUsage()
    spec = (await logisticRegression.fit(X, y, 2, parsed, {
      seed: 0,
      classNames: ['0', '1'],
      checkpoint: async (done, total) => {
        if (done < total) iterations = done
      },
      warn: () => {},
    })) as LinearSpec
    const { user, system } = process.cpuUsage(before)
    milliseconds = Math.min(milliseconds, (user + system) / 1000)
  }
  return { milliseconds, iterations, coefficients: spec?.coefficients ?? [] }
}

function fitSklearn(data: LabelledMatrix, params: Params, isSlow: boolean): Promise<Fit> {
  const { rows, columns } = data.X
  const times = isSlow ? 1 : repeats
  return withDataFolder(data, (folder) =>
    runPython<Fit>('train_logistic.py', [folder, rows, columns, times, JSON.stringify(params)]),
  )
}

/** Scales the first columns to mean 0 and deviation 1, as the preprocessor does; one-hot columns stay as they are. */
function scaled({ X, y }: LabelledMatrix, count: number): LabelledMatrix {
  const data = X.data.slice()
  for (let j = 0; j < count; j++) {
    let mean = 0
    for (let i = j; i < data.length; i += X.columns) mean += (data[i] as number) / X.rows
    let variance = 0
    for (let i = j; i < data.length; i += X.columns)
      variance += ((data[i] as number) - mean) ** 2 / X.rows
    for (let i = j; i < data.length; i += X.columns)
      data[i] = ((data[i] as number) - mean) / Math.sqrt(variance)
  }
  return { X: { ...X, data }, y }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < a.length; i++)
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)))
  return most
}

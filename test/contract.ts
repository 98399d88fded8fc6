/** The battery that every estimator of every engine must pass; see src/estimators/estimator.ts for the promises. */
import t, { type Test } from 'tap'
import { decodeTensors, encodeTensors } from '../src/artifact/safetensors.ts'
import { type Matrix, rowOf } from '../src/data/matrix.ts'
import { createRandom } from '../src/data/random.ts'
import type { Estimator, FitContext } from '../src/estimators/estimator.ts'
import { parseParams } from '../src/estimators/params.ts'
import { kindOf } from '../src/models/index.ts'
import type { ModelSpec } from '../src/models/model.ts'
import { defaultExplainer, writeProbabilities } from './models/ask-model.ts'

const TOLERANCE = 1e-12

/** Rows with their classes. */
export interface Labelled {
  readonly X: Matrix
  readonly y: Int32Array
  readonly classes: number
}

/** Runs the battery; parameters are the estimator's own defaults. */
export function runContract(name: string, estimator: Estimator): void {
  t.test(`${name} keeps the contract`, async (t) => {
    for (const [title, data] of Object.entries({
      'two classes': blobs(2, 24),
      'three classes': blobs(3, 24),
      'classes that overlap': blobs(3, 60, { spread: 3 }),
      'one row of a class': withLonelyClass(blobs(2, 24)),
      'a constant column': withConstantColumn(blobs(2, 24)),
      'one column': takeColumn(blobs(2, 24)),
      'two rows': blobs(2, 1),
    })) {
      await t.test(title, async (t) => checkFit(t, estimator, data))
    }

    await t.test('small separable data are learnt without a mistake', async (t) => {
      for (const classes of [2, 3, 4]) {
        const data = blobs(classes, 20)
        t.equal(accuracy(await fit(estimator, data), data), 1, `${classes} classes`)
      }
    })

    await t.test('the same seed gives the same bytes', async (t) => {
      const data = blobs(3, 40, { spread: 2 })
      const first = bytesOf(await fit(estimator, data, { seed: 11 }))
      t.strictSame(bytesOf(await fit(estimator, data, { seed: 11 })), first, 'one after the other')
      // Two at once take turns at their checkpoints.
      const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
      const both = await Promise.all([
        fit(estimator, data, { seed: 11, checkpoint: pause }),
        fit(estimator, data, { seed: 12, checkpoint: pause }),
      ])
      t.strictSame(bytesOf(both[0]), first, 'beside another one')
    })

    await t.test('the rows and classes given are not changed', async (t) => {
      const data = blobs(2, 24)
      const before = [[...data.X.data], [...data.y]]
      await fit(estimator, data)
      t.strictSame([[...data.X.data], [...data.y]], before)
    })

    await t.test('progress goes from nothing to all, and can end the training', async (t) => {
      const seen: [number, number][] = []
      await fit(estimator, blobs(2, 24), {
        checkpoint: async (done, total) => {
          seen.push([done, total])
        },
      })
      const total = seen[0]?.[1]
      t.ok(
        seen.every(([done, of], i) => of === total && done >= (seen[i - 1]?.[0] ?? 0)),
        'it never goes back',
        { seen },
      )
      t.strictSame([seen[0]?.[0], seen.at(-1)?.[0]], [0, total])
      const cancelled = new Error('cancelled')
      const checkpoint = async (done: number, total: number) => {
        if (done < total) throw cancelled
      }
      await t.rejects(fit(estimator, blobs(2, 24), { checkpoint }), cancelled)
    })
  })
}

/** Checks everything that holds for every fitted model. */
async function checkFit(t: Test, estimator: Estimator, data: Labelled): Promise<void> {
  const spec = await fit(estimator, data)
  const kind = kindOf(spec)
  const shape = { features: data.X.columns, classes: data.classes }
  t.doesNotThrow(() => kind.check(spec, shape), 'the model passes its own check')

  let worst = 0
  for (const x of rowsAround(data)) {
    const probabilities = predict(spec, x, data.classes)
    const sum = probabilities.reduce((total, p) => total + p, 0)
    if (!probabilities.every((p) => p >= 0 && p <= 1)) worst = Number.NaN
    worst = Math.max(worst, Math.abs(sum - 1))
  }
  t.ok(worst <= TOLERANCE, 'probabilities lie in [0, 1] and sum to 1', { worst })

  const explainer = defaultExplainer(spec, shape)
  const labels = Array.from({ length: data.classes }, (_, label) => label)
  const phi = new Float64Array(labels.length * shape.features)
  worst = 0
  for (const x of rowsAround(data)) {
    explainer.explain(x, labels, phi)
    for (const label of labels) {
      const own = phi.subarray(label * shape.features, (label + 1) * shape.features)
      const total = own.reduce((sum, value) => sum + value, explainer.baseValue(label))
      worst = Math.max(worst, Math.abs(total - explainer.output(x, label)))
    }
  }
  t.ok(worst <= TOLERANCE, 'SHAP values add up to the output', { worst })
  t.ok(explainer.cost >= 0 && Number.isFinite(explainer.cost), 'the cost is a number')

  const bytes = bytesOf(spec)
  const restored = kind.restore(decodeTensors(bytes, 'model'))
  t.doesNotThrow(() => kind.check(restored, shape), 'a stored model passes the check')
  t.strictSame(toPlain(restored), toPlain(spec), 'it is the same model')
  t.strictSame(bytesOf(restored), bytes, 'and is stored as the same bytes')
}

/** Returns the model that an estimator fits with its default parameters. */
export function fit(
  estimator: Estimator,
  { X, y, classes }: Labelled,
  context: Partial<FitContext> = {},
  params: Readonly<Record<string, unknown>> = {},
): Promise<ModelSpec> {
  return estimator.fit(
    X,
    y,
    classes,
    parseParams(estimator.params, new Map(Object.entries(params))),
    {
      seed: 7,
      classNames: Array.from({ length: classes }, (_, label) => `${label}`),
      checkpoint: async () => {},
      warn: () => {},
      ...context,
    },
  )
}

/** Returns the probability of every class for one row. */
export function predict(spec: ModelSpec, x: Float64Array, classes: number): Float64Array {
  const out = new Float64Array(classes).fill(Number.NaN)
  writeProbabilities(spec, x, out)
  return out
}

/** Returns the number of the largest value, the first of equals. */
export function indexOfLargest(values: Float64Array): number {
  return values.indexOf(values.reduce((most, value) => Math.max(most, value)))
}

/** Returns the share of rows whose most probable class is their own. */
export function accuracy(spec: ModelSpec, { X, y, classes }: Labelled): number {
  const hits = y.filter(
    (label, row) => label === indexOfLargest(predict(spec, rowOf(X, row), classes)),
  )
  return hits.length / y.length
}

/** Everything in a fitted model as bytes, by the door of the model directory. */
export function bytesOf(spec: ModelSpec): Buffer {
  return Buffer.from(encodeTensors(kindOf(spec).store(spec)))
}

/** A model with its arrays as lists, to be compared part by part. */
function toPlain(spec: ModelSpec): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(spec).map(([name, part]) => [
      name,
      typeof part === 'object' ? [part.constructor.name, ...part] : part,
    ]),
  )
}

/**
 * Returns rows around one point per class; with the usual spread the classes lie far apart in both informative columns,
 * a third column is noise.
 */
export function blobs(
  classes: number,
  rowsPerClass: number,
  { spread = 0.5, seed = 1 }: { spread?: number; seed?: number } = {},
): Labelled {
  const random = createRandom(seed, 200)
  const y = Int32Array.from({ length: classes * rowsPerClass }, (_, row) => row % classes)
  const noise = () => (random.uniform() + random.uniform() + random.uniform() - 1.5) * spread
  const rows = Array.from(y, (label) => {
    const angle = (2 * Math.PI * label) / classes
    return [3 * Math.cos(angle) + noise(), 3 * Math.sin(angle) + label + noise(), noise()]
  })
  return { X: { rows: y.length, columns: 3, data: Float64Array.from(rows.flat()) }, y, classes }
}

function withLonelyClass({ X, y, classes }: Labelled): Labelled {
  const data = Float64Array.from([...X.data, 20, -20, 20])
  return {
    X: { rows: X.rows + 1, columns: X.columns, data },
    y: Int32Array.from([...y, classes]),
    classes: classes + 1,
  }
}

function withConstantColumn({ X, ...rest }: Labelled): Labelled {
  const rows = Array.from({ length: X.rows }, (_, row) => [0.1, ...rowOf(X, row)])
  return { ...rest, X: { ...X, columns: X.columns + 1, data: Float64Array.from(rows.flat()) } }
}

function takeColumn({ X, ...rest }: Labelled): Labelled {
  const data = Float64Array.from({ length: X.rows }, (_, row) => X.data[row * X.columns] as number)
  return { ...rest, X: { ...X, columns: 1, data } }
}

/** The rows that a model was fitted on, and others far outside. */
function* rowsAround({ X }: Labelled): Generator<Float64Array> {
  for (let row = 0; row < X.rows; row++) yield rowOf(X, row)
  for (const number of [0, 50, -50]) yield new Float64Array(X.columns).fill(number)
}

import LogisticRegression from 'ml-logistic-regression'
import { Matrix as MlMatrix } from 'ml-matrix'
import t, { type Test } from 'tap'
import type { Matrix } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import { logisticRegression } from '../../../src/estimators/mljs/logistic-regression.ts'
import type { LinearSpec } from '../../../src/models/model.ts'
import { accuracy, fit, type Labelled, predict } from '../../contract.ts'
import { matrix, noisy, rowsOf, toMlMatrix } from './rows.ts'

t.test('defect: ml-logistic-regression has no intercept', async (t) => {
  // One positive feature, classes divided at 10: no line through zero tells them apart.
  const data = {
    X: matrix(...[6, 7, 8, 9, 11, 12, 13, 14].map((x) => [x])),
    y: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    classes: 2,
  }
  const library = trainLogistic(data, 5000, 0.01)
  t.strictNotSame(library.predict(toMlMatrix(data.X)), [...data.y], 'the library cannot learn it')
  const spec = await fitLinear(data, { max_iter: 5000 })
  t.equal(accuracy(spec, data), 1, 'ours can')
  const boundary = -(spec.intercepts[0] as number) / (spec.coefficients[0] as number)
  t.ok(Math.abs(boundary - 10) < 0.5, 'with its boundary near 10', { boundary })
})

t.test('defect: ml-logistic-regression codes the class itself as 0', async (t) => {
  const data = { X: matrix([-2], [-1], [1], [2]), y: Int32Array.of(0, 0, 1, 1), classes: 2 }
  const library = trainLogistic(data, 100, 0.1)
  const weight = library.classifiers[1]?.weights.get(0, 0) ?? Number.NaN
  t.ok(weight < 0, "the library's weight of class 1 falls where class 1 rises", { weight })
  const spec = await fitLinear(data)
  t.ok((spec.coefficients[0] as number) > 0, 'ours rises')
  t.ok((predict(spec, Float64Array.of(2), 2)[1] as number) > 0.9)
  t.ok((predict(spec, Float64Array.of(-2), 2)[1] as number) < 0.1)
})

t.test('defect: ml-logistic-regression does not divide the gradient by the rows', async (t) => {
  const data = noisy(2, 40)
  const twice = { ...data, X: matrix(...rowsOf(data.X), ...rowsOf(data.X)), y: repeat(data.y) }
  const [once, again] = [data, twice].map((part) => trainLogistic(part, 30, 0.001))
  const weight = (library: LogisticRegression | undefined) =>
    library?.classifiers[0]?.weights.get(0, 0) ?? Number.NaN
  t.ok(Math.abs(weight(again) / weight(once) - 1) > 0.05, 'twice the rows, another step')
  const params = { max_iter: 30, learning_rate: 0.3 }
  isClose(
    t,
    await fitLinear(twice, params),
    await fitLinear(data, params),
    1e-12,
    'ours is the same',
  )
})

t.test('logistic regression descends the mean log loss, with an intercept', async (t) => {
  for (const classes of [2, 3]) {
    const data = noisy(classes, 60)
    const params = { max_iter: 40, learning_rate: 0.2 }
    const labels = classes === 2 ? [1] : [0, 1, 2]
    const expected = labels.map((label) => descend(data, label, 40, 0.2))
    isClose(
      t,
      await fitLinear(data, params),
      {
        coefficients: expected.flatMap((weights) => weights.slice(0, -1)),
        intercepts: expected.map((weights) => weights.at(-1) as number),
      },
      1e-12,
      `${classes} classes, 40 steps`,
    )
  }
})

t.test('enough steps of logistic regression reach the maximum of the likelihood', async (t) => {
  const data = noisy(2, 120)
  const spec = await fitLinear(data, { max_iter: 20_000 })
  const weights = [...spec.coefficients, spec.intercepts[0] as number]
  const steepest = Math.max(...gradient(data, 1, weights).map(Math.abs))
  t.ok(steepest < 1e-8, 'the gradient of the mean log loss is zero there', { steepest })
  t.strictSame([...spec.means], means(data.X), 'the background of SHAP values is the mean row')
})

t.test('the default step of logistic regression never increases the loss', async (t) => {
  const random = createRandom(5, 210)
  const flip = (rate: number) => Number(random.uniform() < rate)
  const signs = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 1 : -1))
  const cases: Record<string, Labelled> = {
    'independent columns': noisy(2, 100),
    // The columns cancel each other: their sum says nothing of how far a step goes.
    'columns that are each other negated': {
      X: matrix(...signs.map((s) => [s, -s, s, -s, s, -s, s, -s])),
      y: Int32Array.from(signs, (s) => flip(s > 0 ? 0.6 : 0.4)),
      classes: 2,
    },
    'columns of very different size': {
      X: matrix(...signs.map((s) => [s * 1000 * random.uniform(), random.uniform()])),
      y: Int32Array.from(signs, (s) => flip(s > 0 ? 0.6 : 0.4)),
      classes: 2,
    },
  }
  for (const [name, data] of Object.entries(cases)) {
    const losses: number[] = []
    for (const max_iter of [1, 2, 3, 5, 10, 20, 50]) {
      const spec = await fitLinear(data, { max_iter })
      losses.push(logLoss(data, [...spec.coefficients, spec.intercepts[0] as number]))
    }
    t.ok(
      losses.every((loss, i) => loss <= (losses[i - 1] ?? Math.LN2) + 1e-12),
      name,
      { losses },
    )
  }
})

async function fitLinear(
  data: Labelled,
  params: Readonly<Record<string, unknown>> = {},
): Promise<LinearSpec> {
  const spec = await fit(logisticRegression, data, {}, params)
  if (spec.kind !== 'linear') throw new Error(`it made a ${spec.kind} model`)
  return spec
}

function trainLogistic({ X, y }: Labelled, steps: number, rate: number): LogisticRegression {
  const library = new LogisticRegression({ numSteps: steps, learningRate: rate })
  library.train(toMlMatrix(X), MlMatrix.columnVector([...y]))
  return library
}

/** Weights, the intercept last, after steps of gradient descent from zero. */
function descend(data: Labelled, label: number, steps: number, rate: number): number[] {
  let weights = new Array<number>(data.X.columns + 1).fill(0)
  for (let step = 0; step < steps; step++) {
    const slope = gradient(data, label, weights)
    weights = weights.map((weight, j) => weight - rate * (slope[j] as number))
  }
  return weights
}

/** Gradient of the mean log loss of one class against the others. */
function gradient({ X, y }: Labelled, label: number, weights: readonly number[]): number[] {
  const slope = weights.map(() => 0)
  rowsOf(X).forEach((x, row) => {
    const error = 1 / (1 + Math.exp(-scoreOf(x, weights))) - Number(y[row] === label)
    for (const [j, number] of [...x, 1].entries())
      slope[j] = (slope[j] as number) + (error * number) / X.rows
  })
  return slope
}

function logLoss({ X, y }: Labelled, weights: readonly number[]): number {
  const losses = rowsOf(X).map((x, row) =>
    Math.log1p(Math.exp((y[row] === 1 ? -1 : 1) * scoreOf(x, weights))),
  )
  return losses.reduce((sum, loss) => sum + loss, 0) / X.rows
}

function scoreOf(x: Float64Array, weights: readonly number[]): number {
  return [...x, 1].reduce((sum, number, j) => sum + number * (weights[j] as number), 0)
}

function means(X: Matrix): number[] {
  return Array.from({ length: X.columns }, (_, j) =>
    rowsOf(X).reduce((sum, x) => sum + (x[j] as number) / X.rows, 0),
  )
}

function repeat(values: Int32Array): Int32Array {
  return Int32Array.from([...values, ...values])
}

function isClose(
  t: Test,
  found: { coefficients: ArrayLike<number>; intercepts: ArrayLike<number> },
  wanted: { coefficients: ArrayLike<number>; intercepts: ArrayLike<number> },
  tolerance: number,
  name: string,
): void {
  const [a, b] = [found, wanted].map(({ coefficients, intercepts }) => [
    ...Array.from(coefficients),
    ...Array.from(intercepts),
  ])
  const difference = Math.max(...(a ?? []).map((x, i) => Math.abs(x - (b?.[i] ?? Number.NaN))))
  t.ok(a?.length === b?.length && difference <= tolerance, name, { difference })
}

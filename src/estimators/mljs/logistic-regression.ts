/** The adapter of ml-logistic-regression. */
import LogisticRegression from 'ml-logistic-regression'
import { Matrix as MlMatrix } from 'ml-matrix'
import { type Matrix, rowOf, zeros } from '../../data/matrix.ts'
import { createRandom } from '../../data/random.ts'
import type { LinearSpec } from '../../models/model.ts'
import type { Estimator } from '../estimator.ts'
import { toMlMatrix } from './cart-tree.ts'

/**
 * ml-logistic-regression: gradient descent, one class against the rest.
 * The library has no intercept (a column of ones is added), codes the class itself as 0 (signs are turned), and
 * adds gradients up instead of averaging them (the learning rate is divided by the rows).
 */
export const logisticRegression: Estimator = {
  title: 'logistic regression',
  shortName: 'logistic',
  unit: 'steps',
  scale: true,
  params: {
    max_iter: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 1000,
      description: 'steps of gradient descent',
    },
    learning_rate: {
      type: 'number',
      minimum: 1e-9,
      maximum: 1e9,
      default: null,
      optional: true,
      description: 'step length on the mean gradient; none: the longest that cannot overshoot',
    },
  },
  searchSpace: {
    max_iter: { kind: 'log_integer', low: 50, high: 5000 },
    learning_rate: { kind: 'log_uniform', low: 1e-3, high: 1 },
  },
  async fit(X, y, classes, params, context) {
    const design = withOnes(X)
    const meanRate = (params.learning_rate as number | null) ?? safeRate(design)
    const steps = params.max_iter as number
    await context.checkpoint(0, steps)
    const library = new LogisticRegression({ numSteps: steps, learningRate: meanRate / X.rows })
    library.train(toMlMatrix(design), MlMatrix.columnVector(Array.from(y)))
    await context.checkpoint(steps, steps)
    // Two classes give the same weights twice with opposite signs: one score is enough.
    const labels = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k)
    const weights = labels.map((label) =>
      (library.classifiers[label] as { weights: MlMatrix }).weights.getRow(0),
    )
    const spec: LinearSpec = {
      kind: 'linear',
      features: X.columns,
      coefficients: Float64Array.from(
        weights.flatMap((row) => row.slice(0, X.columns).map((weight) => 0 - weight)),
      ),
      intercepts: Float64Array.from(weights, (row) => 0 - row[X.columns]!),
      means: columnMeans(X),
      link: classes === 2 ? 'logit' : 'one_vs_rest',
    }
    return spec
  },
}

function withOnes(X: Matrix): Matrix {
  const design = zeros(X.rows, X.columns + 1)
  for (let row = 0; row < X.rows; row++) {
    design.data.set(rowOf(X, row), row * design.columns)
    design.data[(row + 1) * design.columns - 1] = 1
  }
  return design
}

/**
 * Returns 1 / L, where L = λmax(XᵀX) / (4 n) bounds the curvature of the mean log loss: gradient descent with
 * this step never increases the loss. λmax by power iteration, with a margin for stopping early.
 */
function safeRate(X: Matrix): number {
  // A random start has a part in every direction; a vector of ones has none in that of x and −x.
  const random = createRandom(0)
  let direction = Float64Array.from({ length: X.columns }, () => random.uniform() - 0.5)
  let eigenvalue = 0
  for (let step = 0; step < 50; step++) {
    const product = new Float64Array(X.columns)
    for (let row = 0; row < X.rows; row++) {
      const x = rowOf(X, row)
      let along = 0
      for (let j = 0; j < x.length; j++) along += x[j]! * direction[j]!
      for (let j = 0; j < x.length; j++) product[j] = product[j]! + along * x[j]!
    }
    eigenvalue = Math.sqrt(product.reduce((sum, value) => sum + value * value, 0))
    if (eigenvalue === 0) return 1
    direction = product.map((value) => value / eigenvalue)
  }
  return (4 * X.rows) / (eigenvalue * 1.1)
}

function columnMeans(X: Matrix): Float64Array {
  const means = new Float64Array(X.columns)
  for (let row = 0; row < X.rows; row++) {
    const x = rowOf(X, row)
    for (let j = 0; j < x.length; j++) means[j] = means[j]! + x[j]! / X.rows
  }
  return means
}
